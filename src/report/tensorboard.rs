//! Event files of TensorBoard: records that are each an `Event` message of protocol buffers
//! (tensorflow/core/util/event.proto) with the figures of one epoch.
//!
//! The wall time of an event is its epoch in seconds, so that equal curves have equal bytes, and the
//! curves of more epochs begin with the bytes of fewer.

use std::collections::BTreeMap;

use super::tfrecord::{bytes, double, fixed32, record, varint};
use crate::experiment::{Sampled, sampled_epochs};
use crate::train::ReplicaHistory;

/// The name of an event file. TensorBoard reads files with `tfevents` in their names.
pub const EVENTS: &str = "events.out.tfevents.0000000000.candle-noise";

/// The figures of a run with their tags, as `loss/test`, by epoch, from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scalars(BTreeMap<usize, Vec<(String, f32)>>);

impl Scalars {
    /// Returns the curves of a run. `metric` is the name of its scores.
    pub fn of_history(metric: &str, history: &ReplicaHistory) -> Self {
        const SETS: [&str; 4] = ["train_noisy", "train", "validation", "test"];
        let mut scalars = Self::default();
        for (set, curves) in SETS.into_iter().zip(history.curves()) {
            let scores = curves.score.iter().map(|score| *score as f32);
            scalars.add(&format!("loss/{set}"), (1..).zip(curves.loss.iter().copied()));
            scalars.add(&format!("{metric}/{set}"), (1..).zip(scores));
        }
        scalars
    }

    /// Returns the curves that a grid keeps of a run with a number of epochs.
    pub fn of_sampled(metric: &str, curves: &Sampled, epochs: usize) -> Self {
        let epochs = sampled_epochs(epochs);
        let at = |values: &[f32]| -> Vec<_> {
            epochs.iter().copied().zip(values.iter().copied()).collect()
        };
        let scores = |scores: &[Option<f32>]| -> Vec<f32> {
            scores.iter().map(|score| score.unwrap_or(f32::NAN)).collect()
        };
        let mut scalars = Self::default();
        scalars.add("loss/train", at(&curves.train_loss));
        scalars.add(&format!("{metric}/train"), at(&scores(&curves.train_score)));
        scalars.add("loss/test", at(&curves.test_loss));
        scalars.add(&format!("{metric}/test"), at(&scores(&curves.test_score)));
        scalars
    }

    /// Adds a curve, without the epochs at which it is undefined.
    fn add(&mut self, tag: &str, points: impl IntoIterator<Item = (usize, f32)>) {
        for (epoch, value) in points.into_iter().filter(|(_, value)| value.is_finite()) {
            self.0.entry(epoch).or_default().push((tag.to_string(), value));
        }
    }

    /// Returns whether there is no figure.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the content of the event file.
    pub fn event_file(&self) -> Vec<u8> {
        let mut file = Vec::new();
        // Event.file_version
        record(&mut file, &bytes(3, b"brain.Event:2"));
        for (epoch, values) in &self.0 {
            let summary = values.iter().flat_map(|(tag, value)| {
                // Summary.value: its tag and simple_value
                bytes(1, &[bytes(1, tag.as_bytes()), fixed32(2, *value)].concat())
            });
            // Event.wall_time, step and summary
            let summary = bytes(5, &summary.collect::<Vec<u8>>());
            let event = [double(1, *epoch as f64), varint(2, *epoch as u64), summary];
            record(&mut file, &event.concat());
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Curves;

    /// Written by the Python package tensorboard 2.21: its `RecordWriter` and its messages.
    #[test]
    fn the_bytes_are_those_of_tensorboards_own_writer() {
        const EXPECTED: &str = "\
            0f000000000000006d532b091a0d627261696e2e4576656e743a32fc9851295f000000000000\
            00503f288609000000000000f03f10012a520a110a0a6c6f73732f747261696e150000003f0a\
            150a0e61636375726163792f747261696e150000803e0a100a096c6f73732f74657374150000\
            403f0a140a0d61636375726163792f74657374150000803ffc6b4eed33000000000000000ca7\
            2056090000000000c0724010ac022a250a110a0a6c6f73732f747261696e150000003e0a100a\
            096c6f73732f74657374150000404062bf5713";
        let mut scalars = Scalars::default();
        scalars.add("loss/train", [(1, 0.5), (2, f32::NAN), (300, 0.125)]);
        scalars.add("accuracy/train", [(1, 0.25)]);
        scalars.add("loss/test", [(1, 0.75), (300, 3.)]);
        scalars.add("accuracy/test", [(1, 1.)]);
        assert_eq!(crate::files::hexadecimal(&scalars.event_file()), EXPECTED);
    }

    #[test]
    fn a_curve_of_more_epochs_begins_with_the_bytes_of_fewer() {
        let history = |epochs: usize| {
            let loss: Vec<f32> = (1..=epochs).map(|epoch| 1. / epoch as f32).collect();
            let score = loss.iter().map(|loss| f64::from(1. - loss)).collect();
            let curves = Curves { loss, score };
            ReplicaHistory { noisy: curves.clone(), test: curves, ..ReplicaHistory::default() }
        };
        let file = |epochs| Scalars::of_history("accuracy", &history(epochs)).event_file();
        let (short, long) = (file(3), file(200));
        assert!(short.len() < long.len() && long.starts_with(&short));
        assert!(Scalars::of_history("accuracy", &history(0)).is_empty());
    }

    #[test]
    fn the_curves_of_a_grid_have_the_epochs_that_it_keeps() {
        let curves = Sampled {
            train_score: vec![Some(0.5), None],
            test_score: vec![Some(0.25), Some(0.75)],
            train_loss: vec![2., 1.],
            test_loss: vec![4., 3.],
        };
        // The run stopped after the second of them: of 4000 epochs every fortieth is kept.
        let Scalars(found) = Scalars::of_sampled("f1", &curves, 4000);
        let tagged = |own: &[(&str, f32)]| -> Vec<(String, f32)> {
            own.iter().map(|(tag, value)| (tag.to_string(), *value)).collect()
        };
        let first = [("loss/train", 2.), ("f1/train", 0.5), ("loss/test", 4.), ("f1/test", 0.25)];
        let second = [("loss/train", 1.), ("loss/test", 3.), ("f1/test", 0.75)];
        assert_eq!(found, BTreeMap::from([(1, tagged(&first)), (41, tagged(&second))]));
    }
}

//! Utterances of nine speakers and a recurrent network.

use std::sync::Arc;

use candle_core::{Device, Error, Result};
use candle_nn::VarBuilder;
use serde_json::{Value, json};

use super::{Draw, Fingerprint, Hyper, Parts, Rows, Task, View};
use crate::data::{Sequences, japanese_vowels, read_sequences};
use crate::model::Lstm;
use crate::nn::Model;
use crate::noise::Slots;
use crate::objective::{CrossEntropy, Objective};

/// Labelled training and test sequences, and an LSTM.
#[derive(Clone, Debug)]
pub struct Vowels {
    train: Sequences,
    test: Sequences,
}

impl Vowels {
    /// Reads the utterances shipped with this crate.
    ///
    /// # Errors
    /// If a shipped file is damaged.
    pub fn new() -> Result<Self> {
        let (train, test) = japanese_vowels()?;
        Ok(Self { train, test })
    }

    /// Reads the sequences of two files; messages use the given names.
    ///
    /// # Errors
    /// If a file does not contain sequences, or the two differ in channels. The error names the
    /// file and the line.
    pub fn read([train, test]: [(&[u8], &str); 2]) -> Result<Self> {
        let (name, train) = (test.1, read_sequences(train.0, train.1)?);
        let test = read_sequences(test.0, test.1)?;
        if train.channels() != test.channels() {
            return Err(Error::Msg(format!(
                "{name}: expected sequences of {} channels, as those to train on, received {}",
                train.channels(),
                test.channels()
            )));
        }
        Ok(Self { train, test })
    }

    /// The number of steps of the longest sequence.
    fn longest(&self) -> Option<usize> {
        self.train.lengths().chain(self.test.lengths()).max()
    }

    fn classes(&self) -> usize {
        let labels = self.train.rows().chain(self.test.rows()).map(|(_, label)| label);
        labels.max().map_or(2, |label| label.max(1) as usize + 1)
    }
}

impl Task for Vowels {
    fn name(&self) -> &str {
        "vowels"
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::rows([&self.train, &self.test].map(|set| (set.channels(), set.rows())))
    }

    fn rows(&self) -> Rows {
        Rows { all: self.train.len() + self.test.len(), test: Some(self.test.len()) }
    }

    fn objective(&self) -> Arc<dyn Objective> {
        Arc::new(CrossEntropy { classes: self.classes() })
    }

    fn defaults(&self) -> Hyper {
        Hyper { hidden: 64, epochs: 60, ..Hyper::default() }
    }

    fn draw(&self) -> Draw {
        Draw { train_size: 270, ..Draw::default() }
    }

    /// Pads the sequences of all parts to the same length.
    fn parts(&self, _: &Hyper, draw: &Draw, device: &Device) -> Result<Parts> {
        let longest = self.longest();
        let first = self.train.len();
        Parts::new(&draw.shuffled(self.rows())?, |rows| match rows[0] < first {
            true => self.train.select(rows)?.to_samples(longest, device),
            false => self.test.to_samples(longest, device),
        })
    }

    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> Result<Model> {
        let (channels, outputs) = (self.train.channels(), self.classes());
        let network = Lstm { channels, hidden: hyper.hidden, outputs };
        Ok(Model::new(network.build(&vb, slots)?))
    }

    /// The four gates at each step of the longest sequence.
    fn activations(&self, hyper: &Hyper) -> usize {
        hyper.hidden.saturating_mul(4).saturating_mul(self.longest().unwrap_or(0))
    }

    fn details(&self) -> Vec<(&'static str, Value)> {
        vec![("data_noise", json!(0.))]
    }

    fn view(&self, _: &Draw) -> Result<View> {
        let names = (1..=self.classes()).map(|class| class.to_string()).collect();
        Ok(View::Sequences(self.train.clone(), names))
    }
}

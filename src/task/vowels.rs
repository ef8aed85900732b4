//! Sequences and a recurrent network.

use std::sync::Arc;

use candle_core::{Device, Error, Result};
use candle_nn::VarBuilder;
use serde_json::{Value, json};

use super::held_out::HeldOut;
use super::{Deployment, Draw, Fingerprint, Hyper, Parts, Rows, Task, View};
use crate::bundle::Inputs;
use crate::data::split::Size;
use crate::data::{
    NamedSequences, SequenceFormat, Sequences, named_vowels, read_sequences, read_test_sequences,
};
use crate::metric::{Metric, Predicted, for_probabilities};
use crate::model::{Lstm, Network};
use crate::nn::Model;
use crate::noise::Slots;
use crate::objective::{CrossEntropy, Objective};

/// Utterances of nine speakers, or the sequences of files, and an LSTM.
///
/// Data seed 0 tests on the last sequences, which are those of the test file; others draw training,
/// validation and test sequences from all files, with the classes in proportion.
#[derive(Clone, Debug)]
pub struct Vowels {
    /// The training sequences followed by the test sequences.
    sequences: Sequences,
    classes: Vec<String>,
    rows: HeldOut,
}

impl Vowels {
    /// Reads the utterances shipped with this crate.
    ///
    /// # Errors
    /// If a shipped file is damaged.
    pub fn new() -> Result<Self> {
        let (train, test) = named_vowels()?;
        Self::published(train, &test)
    }

    /// Reads the sequences of a training file and a test file in the `.ts` format, as
    /// [`read_sequences`] does; messages use the given names. By default all training sequences train.
    ///
    /// # Errors
    /// If a file does not contain sequences, or those of the test file have other channels or a class
    /// that the training file does not have. The error names the file and the line.
    pub fn read([train, test]: [(&[u8], &str); 2]) -> Result<Self> {
        let (name, train) = (train.1, read_sequences(train.0, train.1)?);
        let of_test = read_test_sequences(test.0, test.1, &train)?;
        if let [class] = &train.classes[..] {
            let what = format!("{name}: expected at least 2 classes, received {class:?} alone");
            return Err(Error::Msg(what));
        }
        Self::published(train, &of_test)
    }

    /// Reads the sequences of one file. A third of them is the test set, and all others are training
    /// rows, drawn by data seed 1 by default.
    ///
    /// # Errors
    /// If the file does not contain sequences, or they do not have two classes or more with several
    /// sequences. The error names the line.
    pub fn read_one(bytes: &[u8], name: &str) -> Result<Self> {
        let NamedSequences { sequences, classes, .. } = read_sequences(bytes, name)?;
        let rows = HeldOut::one_file(labels(&sequences), &classes, "sequence", name)?;
        Ok(Self { sequences, classes, rows })
    }

    /// Changes the number of test sequences.
    ///
    /// # Errors
    /// If it leaves no training sequences.
    pub fn test_size(self, size: Size) -> Result<Self> {
        Ok(Self { rows: self.rows.with_test(size)?, ..self })
    }

    fn published(
        NamedSequences { sequences, classes, .. }: NamedSequences,
        test: &Sequences,
    ) -> Result<Self> {
        let sequences = sequences.followed_by(test)?;
        let rows = HeldOut::published(labels(&sequences), test.len(), None);
        Ok(Self { sequences, classes, rows })
    }

    /// The number of steps of the longest sequence.
    fn longest(&self) -> Option<usize> {
        self.sequences.lengths().max()
    }

    fn network(&self, hyper: &Hyper) -> Network {
        let (channels, outputs) = (self.sequences.channels(), self.classes.len());
        Network::Lstm(Lstm { channels, hidden: hyper.hidden, outputs })
    }
}

fn labels(sequences: &Sequences) -> Vec<u32> {
    sequences.rows().map(|(_, label)| label).collect()
}

impl Task for Vowels {
    fn name(&self) -> &str {
        "vowels"
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::rows([(self.sequences.channels(), self.sequences.rows())])
    }

    fn rows(&self) -> Rows {
        self.rows.rows()
    }

    fn objective(&self) -> Arc<dyn Objective> {
        Arc::new(CrossEntropy { classes: self.classes.len() })
    }

    fn defaults(&self) -> Hyper {
        Hyper { hidden: 64, epochs: 60, ..Hyper::default() }
    }

    fn draw(&self) -> Draw {
        self.rows.draw()
    }

    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        for_probabilities()
    }

    /// Pads the sequences of all parts to the same length.
    fn parts(&self, _: &Hyper, draw: &Draw, device: &Device) -> Result<Parts> {
        let longest = self.longest();
        Parts::new(&self.rows.split(draw)?, |rows| {
            self.sequences.select(rows)?.to_samples(longest, device)
        })
    }

    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> Result<Model> {
        self.network(hyper).build(&vb, slots)
    }

    /// Data seeds above 0 draw test rows, too.
    fn revision(&self) -> u32 {
        1
    }

    /// The four gates at each step of the longest sequence.
    fn activations(&self, hyper: &Hyper) -> usize {
        hyper.hidden.saturating_mul(4).saturating_mul(self.longest().unwrap_or(0))
    }

    fn details(&self) -> Vec<(&'static str, Value)> {
        vec![("data_noise", json!(0.)), ("classes", json!(self.classes))]
    }

    fn class_names(&self) -> Option<Vec<String>> {
        Some(self.classes.clone())
    }

    fn references(&self, draw: &Draw) -> Result<Vec<(&'static str, Predicted)>> {
        self.rows.references(draw, self.classes.len())
    }

    fn deployment(&self, hyper: &Hyper, _: &Device) -> Result<Option<Deployment>> {
        let (channels, classes) = (self.sequences.channels(), self.classes.clone());
        let inputs = Inputs::Sequences(SequenceFormat { channels, classes });
        Ok(Some(Deployment { inputs, network: self.network(hyper), once_more: None }))
    }

    fn view(&self, _: &Draw) -> Result<View> {
        Ok(View::Sequences(self.sequences.clone(), self.classes.clone()))
    }
}

//! Images of handwritten digits and a convolutional network.

use std::sync::Arc;

use candle_core::{Device, Error, Result};
use candle_nn::VarBuilder;
use serde_json::{Value, json};

use super::{Draw, Fingerprint, Hyper, Parts, Rows, Task, View};
use crate::data::{DIGIT_CLASSES, DIGIT_SHAPE, Dataset, digits, read_digits};
use crate::model::Cnn;
use crate::nn::Model;
use crate::noise::Slots;
use crate::objective::{CrossEntropy, Objective};

/// Images of handwritten digits with a test set at the end, and a convolutional network.
#[derive(Clone, Debug)]
pub struct Digits {
    images: Dataset,
}

impl Digits {
    /// Number of digits for training, at the start. The others are the test set.
    const TO_TRAIN: usize = 797;

    /// Reads the digits shipped with this crate.
    ///
    /// # Errors
    /// If the shipped file is damaged.
    pub fn new() -> Result<Self> {
        Ok(Self { images: digits()? })
    }

    /// Reads the digits of a file; messages call it `name`.
    ///
    /// # Errors
    /// If it is not a file of digits or has too few. The error names the line.
    pub fn read(bytes: &[u8], name: &str) -> Result<Self> {
        let images = read_digits(bytes, name)?;
        if images.len() <= Self::TO_TRAIN {
            return Err(Error::Msg(format!(
                "{name}: expected more than {} images, the others being the test set, received {}",
                Self::TO_TRAIN,
                images.len()
            )));
        }
        Ok(Self { images })
    }
}

impl Task for Digits {
    fn name(&self) -> &str {
        "digits"
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::rows([(self.images.width(), self.images.rows())])
    }

    fn rows(&self) -> Rows {
        let all = self.images.len();
        Rows { all, test: Some(all - Self::TO_TRAIN) }
    }

    fn objective(&self) -> Arc<dyn Objective> {
        Arc::new(CrossEntropy { classes: DIGIT_CLASSES })
    }

    fn defaults(&self) -> Hyper {
        Hyper { hidden: 32, epochs: 100, ..Hyper::default() }
    }

    fn draw(&self) -> Draw {
        Draw { train_size: 100, ..Draw::default() }
    }

    fn parts(&self, _: &Hyper, draw: &Draw, device: &Device) -> Result<Parts> {
        Parts::new(&draw.shuffled(self.rows())?, |rows| {
            self.images.select(rows)?.to_samples(&DIGIT_SHAPE, device)
        })
    }

    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> Result<Model> {
        let network = Cnn { filters: hyper.hidden, ..Cnn::default() };
        Ok(Model::new(network.build(&vb, slots)?))
    }

    /// The first convolution turns 8×8 pixels into 6×6.
    fn activations(&self, hyper: &Hyper) -> usize {
        hyper.hidden.saturating_mul(6 * 6)
    }

    fn details(&self) -> Vec<(&'static str, Value)> {
        vec![("data_noise", json!(0.))]
    }

    fn view(&self, _: &Draw) -> Result<View> {
        let [_, height, width] = DIGIT_SHAPE;
        let names = (0..DIGIT_CLASSES).map(|class| class.to_string()).collect();
        Ok(View::Images(self.images.clone(), [height, width], names))
    }
}

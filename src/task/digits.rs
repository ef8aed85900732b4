//! Images and a convolutional network.

use std::sync::Arc;

use candle_core::{Device, Error, Result};
use candle_nn::VarBuilder;
use serde_json::{Value, json};

use super::held_out::HeldOut;
use super::{Deployment, Draw, Fingerprint, Hyper, Parts, Rows, Task, View};
use crate::bundle::Inputs;
use crate::data::split::Size;
use crate::data::{ImageFormat, Images, digit_images, read_images};
use crate::metric::{Metric, Predicted, for_probabilities};
use crate::model::{Cnn, Network};
use crate::nn::Model;
use crate::noise::Slots;
use crate::objective::{CrossEntropy, Objective};

/// Images of handwritten digits, or of a file, and a convolutional network.
///
/// Data seed 0 tests on the last images; others draw training, validation and test images, with the
/// classes in proportion.
#[derive(Clone, Debug)]
pub struct Digits {
    images: Images,
    rows: HeldOut,
}

impl Digits {
    /// Number of shipped digits outside the test set, at the start, and of those to train on.
    const TO_TRAIN: usize = 797;
    const TRAINED: usize = 100;
    /// The smallest height and width that two convolutions and the pooling leave a square of.
    const SMALLEST: usize = 6;

    /// Reads the digits shipped with this crate: the last 1,000 are the test set.
    ///
    /// # Errors
    /// If the shipped file is damaged.
    pub fn new() -> Result<Self> {
        Ok(Self::shipped(digit_images()?))
    }

    /// Reads the images of a file, as [`read_images`] does. A third of them is the test set, and all
    /// others are training rows, drawn by data seed 1 by default; a file with the content of the
    /// shipped one is treated as that.
    ///
    /// # Errors
    /// If it is no file of images, they are smaller than 6×6 pixels, or they do not have two classes or
    /// more with several images. The error names the line and the column.
    pub fn read(bytes: &[u8], name: &str, shape: Option<[usize; 2]>) -> Result<Self> {
        let images = read_images(bytes, name, shape)?;
        if images == digit_images()? {
            return Ok(Self::shipped(images));
        }
        let [height, width] = images.shape;
        if height.min(width) < Self::SMALLEST {
            return Err(Error::Msg(format!(
                "{name}: expected images of at least {0}×{0} pixels for the network, received \
                 {height}×{width}",
                Self::SMALLEST
            )));
        }
        let rows = HeldOut::one_file(labels(&images), &images.classes, "image", name)?;
        Ok(Self { images, rows })
    }

    /// Changes the number of test images.
    ///
    /// # Errors
    /// If it leaves no training images.
    pub fn test_size(self, size: Size) -> Result<Self> {
        Ok(Self { rows: self.rows.with_test(size)?, ..self })
    }

    fn shipped(images: Images) -> Self {
        let labels = labels(&images);
        let test = labels.len().saturating_sub(Self::TO_TRAIN);
        let rows = HeldOut::published(labels, test, Some(Self::TRAINED));
        Self { images, rows }
    }

    fn network(&self, hyper: &Hyper) -> Network {
        let [height, width] = self.images.shape;
        let (image, outputs) = ([1, height, width], self.images.classes.len());
        Network::Cnn(Cnn { image, filters: hyper.hidden, outputs, ..Cnn::default() })
    }
}

fn labels(images: &Images) -> Vec<u32> {
    images.pixels.rows().map(|(_, label)| label).collect()
}

impl Task for Digits {
    fn name(&self) -> &str {
        "digits"
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.images.pixels)
    }

    fn rows(&self) -> Rows {
        self.rows.rows()
    }

    fn objective(&self) -> Arc<dyn Objective> {
        Arc::new(CrossEntropy { classes: self.images.classes.len() })
    }

    fn defaults(&self) -> Hyper {
        Hyper { hidden: 32, epochs: 100, ..Hyper::default() }
    }

    fn draw(&self) -> Draw {
        self.rows.draw()
    }

    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        for_probabilities()
    }

    fn parts(&self, _: &Hyper, draw: &Draw, device: &Device) -> Result<Parts> {
        let [height, width] = self.images.shape;
        Parts::new(&self.rows.split(draw)?, |rows| {
            self.images.pixels.select(rows)?.to_samples(&[1, height, width], device)
        })
    }

    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> Result<Model> {
        self.network(hyper).build(&vb, slots)
    }

    /// Data seeds above 0 draw test rows, too.
    fn revision(&self) -> u32 {
        1
    }

    /// The first convolution turns 8×8 pixels into 6×6.
    fn activations(&self, hyper: &Hyper) -> usize {
        let [height, width] = self.images.shape.map(|extent| extent.saturating_sub(2));
        hyper.hidden.saturating_mul(height).saturating_mul(width)
    }

    fn details(&self) -> Vec<(&'static str, Value)> {
        let Images { shape, white, classes, .. } = &self.images;
        vec![
            ("data_noise", json!(0.)),
            ("image_shape", json!(shape)),
            ("white", json!(white)),
            ("classes", json!(classes)),
        ]
    }

    fn class_names(&self) -> Option<Vec<String>> {
        Some(self.images.classes.clone())
    }

    fn references(&self, draw: &Draw) -> Result<Vec<(&'static str, Predicted)>> {
        self.rows.references(draw, self.images.classes.len())
    }

    fn deployment(&self, hyper: &Hyper, _: &Device) -> Result<Option<Deployment>> {
        let inputs = Inputs::Images(ImageFormat::of(&self.images));
        Ok(Some(Deployment { inputs, network: self.network(hyper), once_more: None }))
    }

    fn view(&self, _: &Draw) -> Result<View> {
        let Images { pixels, shape, classes, .. } = self.images.clone();
        Ok(View::Images(pixels, shape, classes))
    }
}

//! The tutorial's data: two noisy circles.

use std::sync::Arc;

use candle_core::{Device, Result};
use candle_nn::VarBuilder;
use serde_json::{Value, json};

use super::{Axis, Draw, Fingerprint, Hyper, Parts, Rows, Task, View, points};
use crate::data::{Dataset, circles};
use crate::nn::Model;
use crate::noise::Slots;
use crate::objective::{BinaryCrossEntropy, Objective};

/// Two noisy circles, drawn anew for each data seed, and the tutorial's network 2-500-1.
#[derive(Clone, Debug)]
pub struct Circles {
    samples: usize,
    noise: f64,
}

impl Default for Circles {
    /// 100 points with noise 0.1.
    fn default() -> Self {
        Self { samples: 100, noise: 0.1 }
    }
}

impl Circles {
    /// Ratio of the inner to the outer circle: scikit-learn's default, which the tutorial keeps.
    const FACTOR: f64 = 0.8;

    /// So many points, with Gaussian noise of a standard deviation in the data themselves.
    ///
    /// # Errors
    /// If there are less than two points or the noise is out of range.
    pub fn new(samples: usize, noise: f64) -> Result<Self> {
        points::check(samples, noise)?;
        Ok(Self { samples, noise: noise + 0. }) // -0 is 0
    }

    /// The points of a data seed.
    ///
    /// # Errors
    /// None for a task that could be made.
    pub fn data(&self, seed: u32) -> Result<Dataset> {
        circles(self.samples, Some(self.noise), Self::FACTOR, seed)
    }
}

impl Task for Circles {
    fn name(&self) -> &str {
        "circles"
    }

    /// The data follow from the settings.
    fn fingerprint(&self) -> Fingerprint {
        let Self { samples, noise } = self;
        let factor = Self::FACTOR;
        Fingerprint::text(&format!("circles of factor {factor}, {samples} points, noise {noise}"))
    }

    fn rows(&self) -> Rows {
        Rows::new(self.samples)
    }

    fn objective(&self) -> Arc<dyn Objective> {
        Arc::new(BinaryCrossEntropy)
    }

    /// Data seed 1 and 30 points to train on.
    fn draw(&self) -> Draw {
        let train_size = self.rows().trainable().min(30);
        Draw { data_seed: 1, train_size, validation_size: 0 }
    }

    fn parts(&self, _: &Hyper, draw: &Draw, device: &Device) -> Result<Parts> {
        points::parts(&self.data(draw.data_seed)?, draw, device)
    }

    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> Result<Model> {
        points::build(hyper, &vb, slots)
    }

    fn axis(&self) -> Axis {
        Axis::Replicas
    }

    fn details(&self) -> Vec<(&'static str, Value)> {
        vec![("data_noise", json!(self.noise))]
    }

    fn view(&self, draw: &Draw) -> Result<View> {
        points::view(self.data(draw.data_seed)?)
    }
}

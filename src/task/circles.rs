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

/// Two noisy circles, drawn for each data seed, and the tutorial's 2-500-1 network.
#[derive(Clone, Debug)]
pub struct Circles {
    samples: usize,
    noise: f64,
}

impl Default for Circles {
    /// Returns 100 points with noise 0.1.
    fn default() -> Self {
        Self { samples: 100, noise: 0.1 }
    }
}

impl Circles {
    /// Ratio of the inner to the outer circle: scikit-learn's default, as in the tutorial.
    const FACTOR: f64 = 0.8;

    /// Creates the task with `samples` points and Gaussian noise of standard deviation `noise` in
    /// the data.
    ///
    /// # Errors
    /// If there are fewer than two points or the noise is out of range.
    pub fn new(samples: usize, noise: f64) -> Result<Self> {
        points::check(samples, noise)?;
        Ok(Self { samples, noise: noise + 0. }) // -0 is 0
    }

    /// Returns the points of a data seed.
    ///
    /// # Errors
    /// If the points cannot be drawn, which [`Circles::new`] rules out.
    pub fn data(&self, seed: u32) -> Result<Dataset> {
        circles(self.samples, Some(self.noise), Self::FACTOR, seed)
    }
}

impl Task for Circles {
    fn name(&self) -> &str {
        "circles"
    }

    /// Returns a fingerprint of the settings, which determine the data.
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

    /// Returns data seed 1 with 30 training points.
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

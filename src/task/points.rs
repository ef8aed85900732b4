//! Tasks on points of the plane that are drawn for each data seed.

use std::fmt::Debug;
use std::sync::Arc;

use candle_core::{Device, Result, bail};
use candle_nn::VarBuilder;
use serde_json::{Value, json};

use super::majority::majority_class;
use super::{Axis, Deployment, Draw, Fingerprint, Hyper, Parts, Rows, Task, View};
use crate::bundle::Inputs;
use crate::data::{Dataset, Samples};
use crate::metric::{Metric, Predicted, for_probabilities};
use crate::model::{Activation, Mlp, Network};
use crate::nn::Model;
use crate::noise::Slots;
use crate::objective::{BinaryCrossEntropy, Objective};

/// A distribution of labelled points in the plane.
pub trait Shape: Clone + Debug + Default + Send + Sync {
    /// Name of the task.
    const NAME: &str;

    /// Describes the shape with its settings, for the fingerprint.
    fn describe(&self) -> String;

    /// Draws `samples` points with Gaussian noise of standard deviation `noise`.
    ///
    /// # Errors
    /// If the settings are out of range.
    fn points(&self, samples: usize, noise: f64, seed: u32) -> Result<Dataset>;
}

/// Points of a shape, drawn for each data seed, and the tutorial's 2-500-1 network.
#[derive(Clone, Debug)]
pub struct Points<S> {
    shape: S,
    samples: usize,
    noise: f64,
}

impl<S: Shape> Default for Points<S> {
    /// Returns 100 points with noise 0.1.
    fn default() -> Self {
        Self { shape: S::default(), samples: 100, noise: 0.1 }
    }
}

impl<S: Shape> Points<S> {
    /// Creates the task with `samples` points and Gaussian noise of standard deviation `noise` in
    /// the data.
    ///
    /// # Errors
    /// If there are fewer than two points or the noise is out of range.
    pub fn new(samples: usize, noise: f64) -> Result<Self> {
        /// Far below the largest f32.
        const MOST: f64 = 1e30;
        if samples < 2 {
            bail!("samples must be at least 2, received {samples}")
        }
        if !(0.0..=MOST).contains(&noise) {
            bail!("data noise must lie in 0 to {MOST:e}, received {noise:e}")
        }
        Ok(Self { shape: S::default(), samples, noise: noise + 0. }) // -0 is 0
    }

    /// Returns the points of a data seed.
    ///
    /// # Errors
    /// If the points cannot be drawn, which [`Points::new`] rules out.
    pub fn data(&self, seed: u32) -> Result<Dataset> {
        self.shape.points(self.samples, self.noise, seed)
    }
}

/// Returns the tutorial's network.
fn network(hyper: &Hyper) -> Network {
    let (hidden, activation) = (vec![hyper.hidden], Activation::Relu);
    Network::Mlp(Mlp { inputs: 2, hidden, outputs: 1, activation })
}

impl<S: Shape> Task for Points<S> {
    fn name(&self) -> &str {
        S::NAME
    }

    /// Returns a fingerprint of the settings, which determine the data.
    fn fingerprint(&self) -> Fingerprint {
        let Self { shape, samples, noise } = self;
        Fingerprint::text(&format!("{}, {samples} points, noise {noise}", shape.describe()))
    }

    fn rows(&self) -> Rows {
        Rows::new(self.samples)
    }

    fn objective(&self) -> Arc<dyn Objective> {
        Arc::new(BinaryCrossEntropy)
    }

    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        for_probabilities()
    }

    /// Returns data seed 1 with 30 training points.
    fn draw(&self) -> Draw {
        let train_size = self.rows().trainable().min(30);
        Draw { data_seed: 1, train_size, ..Draw::default() }
    }

    /// The points come in a random order.
    fn parts(&self, _: &Hyper, draw: &Draw, device: &Device) -> Result<Parts> {
        let data = self.data(draw.data_seed)?;
        Parts::new(&draw.in_order(self.rows())?, |rows| {
            let (xs, ys) = data.select(rows)?.to_tensors(device)?;
            Samples::replicated(&xs.unsqueeze(0)?, &ys.unsqueeze(0)?)
        })
    }

    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> Result<Model> {
        network(hyper).build(&vb, slots)
    }

    fn axis(&self) -> Axis {
        Axis::Replicas
    }

    fn details(&self) -> Vec<(&'static str, Value)> {
        vec![("data_noise", json!(self.noise))]
    }

    fn references(&self, draw: &Draw) -> Result<Vec<(&'static str, Predicted)>> {
        let data = self.data(draw.data_seed)?;
        let [train, _, test] = draw.in_order(self.rows())?;
        let labels = |rows: &[usize]| -> Result<Vec<u32>> {
            Ok(data.select(rows)?.rows().map(|(_, label)| label).collect())
        };
        Ok(vec![majority_class(&labels(&train)?, &labels(&test)?, 2)?])
    }

    fn deployment(&self, hyper: &Hyper, _: &Device) -> Result<Option<Deployment>> {
        let inputs = Inputs::points(2);
        Ok(Some(Deployment { inputs, network: network(hyper), once_more: None }))
    }

    fn view(&self, draw: &Draw) -> Result<View> {
        Ok(View::Points(self.data(draw.data_seed)?))
    }
}

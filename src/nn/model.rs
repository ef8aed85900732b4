//! A shared model of any type.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use candle_core::{Result, Tensor};
use candle_nn::ModuleT;

/// A layer that can be recognized, so that neighbours run in one op.
pub(super) trait Layer: ModuleT + Any + Send + Sync {}

impl<M: ModuleT + Any + Send + Sync> Layer for M {}

/// A `Module` or `ModuleT` of any type; clones share it.
///
/// Outside of Candle `Arc<M>` and `Box<dyn ModuleT>` cannot be a `ModuleT`; this type can.
///
/// ```
/// use std::sync::Arc;
///
/// use candle_core::{Device, Result, Tensor};
/// use candle_nn::{Activation, ModuleT};
/// use candle_noise::nn::Model;
///
/// # fn main() -> Result<()> {
/// let shared = Arc::new(Activation::Relu);
/// for model in [Model::new(Activation::Relu), Model::from(shared)] {
///     let ys = model.forward_t(&Tensor::new(&[-1f32, 1.], &Device::Cpu)?, false)?;
///     assert_eq!(ys.to_vec1::<f32>()?, [0., 1.]);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Model(pub(super) Arc<dyn Layer>);

impl Model {
    /// Wraps a model.
    pub fn new<M: ModuleT + Send + Sync + 'static>(model: M) -> Self {
        match (&model as &dyn Any).downcast_ref::<Self>() {
            Some(own) => own.clone(),
            None => Self(Arc::new(model)),
        }
    }
}

impl<M: ModuleT + Send + Sync + 'static> From<Arc<M>> for Model {
    fn from(model: Arc<M>) -> Self {
        Self(model)
    }
}

impl From<Box<dyn ModuleT + Send + Sync>> for Model {
    fn from(model: Box<dyn ModuleT + Send + Sync>) -> Self {
        struct Boxed(Box<dyn ModuleT + Send + Sync>);
        impl ModuleT for Boxed {
            fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
                self.0.forward_t(xs, train)
            }
        }
        Self::new(Boxed(model))
    }
}

impl ModuleT for Model {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        self.0.forward_t(xs, train)
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Model")
    }
}

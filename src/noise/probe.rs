//! What a site adds, measured while it is tested.

use candle_core::{DType, Result, Tensor};

/// What a site was given and added in its last probed call, over all replicas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Probe {
    /// The population standard deviation of the input.
    pub input: f64,
    /// The root mean square of what was added.
    pub noise: f64,
}

impl Probe {
    pub fn of(xs: &Tensor, ys: &Tensor) -> Result<Self> {
        let mean = |values: Tensor| values.mean_all()?.to_scalar::<f64>();
        let (xs, ys) = (xs.detach().to_dtype(DType::F64)?, ys.detach().to_dtype(DType::F64)?);
        let centre = mean(xs.clone())?;
        let input = mean((&xs - centre)?.sqr()?)?.sqrt();
        Ok(Self { input, noise: mean((ys - xs)?.sqr()?)?.sqrt() })
    }
}

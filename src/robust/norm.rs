//! How large a change of a row is.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// How large a change of a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Norm {
    /// The largest change of an input.
    Linf,
    /// The square root of the sum of the squared changes.
    L2,
}

impl Norm {
    /// Returns its name: `linf` or `l2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linf => "linf",
            Self::L2 => "l2",
        }
    }

    /// Returns the size of each row's change.
    ///
    /// # Shapes
    /// `changes` (R, N, …); result (R, N).
    ///
    /// # Errors
    /// If a device fails.
    pub fn of(self, changes: &Tensor) -> Result<Tensor> {
        let rows = changes.flatten_from(2)?;
        match self {
            Self::Linf => rows.abs()?.max(2),
            Self::L2 => {
                // The squares of small numbers underflow.
                let largest = rows.abs()?.max_keepdim(2)?;
                let scale = largest.maximum(f32::MIN_POSITIVE)?;
                let sizes = rows.broadcast_div(&scale)?.sqr()?.sum(2)?.sqrt()?;
                sizes * scale.squeeze(2)?
            }
        }
    }

    /// Returns the direction of size 1 in which a loss with this gradient rises fastest; 0 where the gradient
    /// of a row is 0.
    ///
    /// # Shapes
    /// (R, N, …).
    ///
    /// # Errors
    /// If a device fails.
    pub fn direction(self, gradient: &Tensor) -> Result<Tensor> {
        match self {
            Self::Linf => gradient.sign(),
            Self::L2 => {
                let largest = Self::Linf.of(gradient)?.maximum(f32::MIN_POSITIVE)?;
                let scaled = gradient.broadcast_div(&beside(&largest, gradient)?)?;
                let sizes = Self::L2.of(&scaled)?.maximum(f32::MIN_POSITIVE)?;
                scaled.broadcast_div(&beside(&sizes, gradient)?)
            }
        }
    }

    /// Returns the rows nearest to `moved` whose change from `clean` is at most `radius`.
    ///
    /// # Shapes
    /// (R, N, …).
    ///
    /// # Errors
    /// If a device fails.
    pub fn project(self, moved: &Tensor, clean: &Tensor, radius: f64) -> Result<Tensor> {
        match self {
            Self::Linf => moved.maximum(&(clean - radius)?)?.minimum(&(clean + radius)?),
            Self::L2 => {
                let change = (moved - clean)?;
                let factor = (self.of(&change)?.maximum(f32::MIN_POSITIVE)?.recip()? * radius)?;
                clean + change.broadcast_mul(&beside(&factor.minimum(1f32)?, clean)?)?
            }
        }
    }
}

/// Returns a number for each row with axes of length 1 for the others of `rows`.
///
/// # Shapes
/// `numbers` (R, N); `rows` (R, N, …); result (R, N, 1, …).
pub(super) fn beside(numbers: &Tensor, rows: &Tensor) -> Result<Tensor> {
    let mut dims = numbers.dims().to_vec();
    dims.resize(rows.rank(), 1);
    numbers.reshape(dims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn rows(values: &[[f32; 2]; 3]) -> Result<Tensor> {
        Tensor::new(values, &Device::Cpu)?.unsqueeze(0)
    }

    #[test]
    fn sizes_directions_and_projections_by_hand() -> Result<()> {
        let changes = rows(&[[3., -4.], [0., 0.], [3e-30, 4e-30]])?;
        assert_eq!(Norm::Linf.of(&changes)?.to_vec2::<f32>()?, [[4., 0., 4e-30]]);
        assert_eq!(Norm::L2.of(&changes)?.to_vec2::<f32>()?, [[5., 0., 5e-30]]);
        let signs = Norm::Linf.direction(&changes)?.squeeze(0)?.to_vec2::<f32>()?;
        assert_eq!(signs, [[1., -1.], [0., 0.], [1., 1.]]);
        let unit = Norm::L2.direction(&changes)?.squeeze(0)?.to_vec2::<f32>()?;
        assert_eq!(unit, [[0.6, -0.8], [0., 0.], [0.6, 0.8]]);
        let clean = rows(&[[1., 1.], [1., 1.], [1., 1.]])?;
        let moved = (&clean + &changes)?;
        let boxed = Norm::Linf.project(&moved, &clean, 2.)?.squeeze(0)?.to_vec2::<f32>()?;
        assert_eq!(boxed, [[3., -1.], [1., 1.], [1., 1.]]);
        let round = Norm::L2.project(&moved, &clean, 2.5)?.squeeze(0)?.to_vec2::<f32>()?;
        assert_eq!(round, [[2.5, -1.], [1., 1.], [1., 1.]]);
        Ok(())
    }
}

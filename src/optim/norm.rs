//! Norms of numbers whose squares may be too large for their precision.

use candle_core::{DType, Result, Tensor};

/// Sums of squares along some axes, and those of the same numbers times [`shrink`](Self::shrink), which
/// count where the first are infinite.
pub(super) struct Squares {
    sums: Tensor,
    shrunk: Tensor,
    shrink: f64,
}

impl Squares {
    /// Squares f32 or f64 numbers, and adds the squares up by `sum`.
    pub fn of(xs: &Tensor, sum: impl Fn(Tensor) -> Result<Tensor>) -> Result<Self> {
        let shrink = Self::shrink(xs.dtype());
        let shrunk = sum((xs * shrink)?.sqr()?)?;
        Ok(Self { sums: sum(xs.sqr()?)?, shrunk, shrink })
    }

    /// Returns a power of two: what is too small for the sum after it does not count beside numbers whose
    /// squares overflow before.
    fn shrink(dtype: DType) -> f64 {
        let power = if dtype == DType::F64 { -600. } else { -80. };
        libm::exp2(power)
    }

    /// Adds sums of the same shape.
    pub fn plus(self, other: Self) -> Result<Self> {
        let (sums, shrunk) = ((self.sums + other.sums)?, (self.shrunk + other.shrunk)?);
        Ok(Self { sums, shrunk, ..self })
    }

    /// Returns min(1, most / (norm + eps)) for each sum; NaN for NaN.
    pub fn shares(&self, most: f64, eps: f64) -> Result<Tensor> {
        let share = |norms: Tensor| (norms.ones_like()? * most)?.div(&norms);
        let large = (share(self.shrunk.sqrt()?)? * self.shrink)?;
        let shares = share((self.sums.sqrt()? + eps)?)?;
        let shares = self.sums.eq(f64::INFINITY)?.where_cond(&large, &shares)?;
        shares.gt(1f64)?.where_cond(&shares.ones_like()?, &shares)
    }
}

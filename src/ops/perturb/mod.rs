//! Noise by a law in plain data, which a CUDA kernel reads.
//!
//! The CPU's side is [`Lawful`](crate::noise::Lawful).

#[cfg(feature = "cuda")]
mod cuda;

#[cfg(feature = "cuda")]
pub(crate) use cuda::Perturbation;

/// The kernel.
#[cfg(feature = "cuda")]
pub(super) const CUDA_SOURCE: &str = include_str!("perturb.cu");

/// The standard distributions that draws come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standard {
    /// Uniform in (0, 1].
    Uniform,
    /// Uniform in (−1, 1].
    Centred,
    /// Normal, of mean 0 and variance 1.
    Normal,
    /// Laplace, of density exp(−|d|) / 2.
    Laplace,
}

/// The effect of a draw d on its element x.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// y = x + scale · d
    Add(f64),
    /// y = x + scale / √n · d in a row with n real elements
    AddToRow(f64),
    /// y = x (1 + scale · d)
    Multiply(f64),
    /// y = factor · x + offset
    Affine {
        /// The factor of x.
        factor: f64,
        /// The number added afterwards.
        offset: f64,
    },
    /// y = value
    Set(f64),
}

/// A range of draws and their effect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    pub(crate) end: f64,
    pub(crate) effect: Effect,
}

impl Band {
    /// No draw.
    pub const NONE: Self = Self::up_to(f64::NEG_INFINITY, Effect::Set(0.));

    /// The draws up to `end` that are in no earlier band.
    #[inline]
    pub const fn up_to(end: f64, effect: Effect) -> Self {
        Self { end, effect }
    }

    /// All draws that are in no earlier band.
    #[inline]
    pub const fn rest(effect: Effect) -> Self {
        Self::up_to(f64::INFINITY, effect)
    }

    /// One band of all draws.
    #[inline]
    pub const fn all(effect: Effect) -> [Self; 2] {
        [Self::rest(effect), Self::NONE]
    }

    /// Returns whether a draw is up to the end. For a constant infinity the compiler compares nothing.
    #[inline(always)]
    pub(crate) fn contains(&self, draw: f64) -> bool {
        self.end == f64::INFINITY || draw <= self.end
    }
}

/// The law of a kind of noise at one strength. A draw in no band leaves its element as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    pub(crate) draw: Standard,
    pub(crate) bands: [Band; 2],
}

impl Law {
    /// Changes nothing.
    pub(crate) const IDENTITY: Self = Self { draw: Standard::Uniform, bands: [Band::NONE; 2] };
}

//! One point of a plan: a network, a training set and a noise, or a rival of noise.

use serde::{Serialize, Serializer};

use crate::experiment::trial::Rival;
use crate::noise::NoiseSpec;

/// One point of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The noises that act together; none in the baseline.
    pub noise: Vec<NoiseSpec>,
    /// The rival of noise, if it is compared here; dropout is the noise of the cell, too.
    pub rival: Option<Rival>,
    /// Network and training set.
    pub variant: Variant,
}

/// What cells that differ only in their noise or rival have in common; each variant has its own baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Variant {
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Number of training rows.
    pub train_size: usize,
}

impl Cell {
    /// Whether the cell has neither noise nor a rival.
    pub fn is_baseline(&self) -> bool {
        self.noise.is_empty() && self.rival.is_none()
    }

    /// Whether the cell has noise that is no rival.
    pub fn is_noise(&self) -> bool {
        !self.noise.is_empty() && self.rival.is_none()
    }

    /// The cell that this one is compared with.
    #[must_use]
    pub fn baseline(&self) -> Self {
        Self { noise: Vec::new(), rival: None, variant: self.variant }
    }

    /// Whether two cells differ in strengths of noise alone: they are one line of a picture.
    pub fn is_like(&self, other: &Self) -> bool {
        let alike = |(a, b): (&NoiseSpec, &NoiseSpec)| a.is_like(b);
        self.variant == other.variant
            && self.rival == other.rival
            && self.noise.len() == other.noise.len()
            && self.noise.iter().zip(&other.noise).all(alike)
    }
}

impl Serialize for Cell {
    /// The place and the strength of the first noise, for readers who know one Gaussian noise only; all
    /// noises as text; the name of a rival; and the variant.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            placement: Option<String>,
            stddev: f64,
            noise: &'a [NoiseSpec],
            #[serde(skip_serializing_if = "Option::is_none")]
            rival: Option<String>,
            #[serde(flatten)]
            variant: Variant,
        }
        let places: Vec<&str> = self.noise.iter().map(NoiseSpec::place).collect();
        let flat = Flat {
            placement: (!places.is_empty()).then(|| places.join(" & ")),
            stddev: self.noise.first().map_or(0., NoiseSpec::strength),
            noise: &self.noise,
            rival: self.rival.as_ref().map(Rival::to_string),
            variant: self.variant,
        };
        flat.serialize(serializer)
    }
}

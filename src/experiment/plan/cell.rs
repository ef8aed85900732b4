//! One point of a plan: a network, a training set and a noise.

use serde::{Serialize, Serializer};

use crate::noise::NoiseSpec;

/// One point of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The noises that act together; none in the baseline.
    pub noise: Vec<NoiseSpec>,
    /// Network and training set.
    pub variant: Variant,
}

/// What cells that differ only in their noise have in common; each variant has its own baseline.
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
    /// Whether the cell has no noise.
    pub fn is_baseline(&self) -> bool {
        self.noise.is_empty()
    }

    /// The cell that this one is compared with.
    pub fn baseline(&self) -> Self {
        Self { noise: Vec::new(), ..self.clone() }
    }

    /// Whether two cells differ in strengths alone: they are one line of a picture and one tensor program.
    pub fn is_like(&self, other: &Self) -> bool {
        let alike = |(a, b): (&NoiseSpec, &NoiseSpec)| a.is_like(b);
        self.variant == other.variant
            && self.noise.len() == other.noise.len()
            && self.noise.iter().zip(&other.noise).all(alike)
    }
}

impl Serialize for Cell {
    /// The place and the strength of the first noise, for readers who know one Gaussian noise only; all
    /// noises as text; and the variant.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            placement: Option<String>,
            stddev: f64,
            noise: &'a [NoiseSpec],
            #[serde(flatten)]
            variant: Variant,
        }
        let places: Vec<&str> = self.noise.iter().map(NoiseSpec::place).collect();
        let flat = Flat {
            placement: (!places.is_empty()).then(|| places.join(" & ")),
            stddev: self.noise.first().map_or(0., NoiseSpec::strength),
            noise: &self.noise,
            variant: self.variant,
        };
        flat.serialize(serializer)
    }
}

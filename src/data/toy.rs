//! scikit-learn's two-dimensional toy data sets, number for number.
//!
//! Same arguments, same data: the generator is NumPy's ([`RandomState`]), the rows are shuffled
//! first and the noise is added afterwards, as scikit-learn does.

use std::f64::consts::PI;

use candle_core::{Result, bail};

use super::{Dataset, RandomState};

/// What [`circles`] and [`moons`] share: scikit-learn's `n_samples`, `noise`, `shuffle` and
/// `random_state`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Toy {
    /// Number of rows, at least 2; the first class gets `samples / 2`.
    pub samples: usize,
    /// Standard deviation of the Gaussian noise added to each coordinate; `None` draws none.
    pub noise: Option<f64>,
    /// Whether the rows are shuffled.
    pub shuffle: bool,
    /// Seed of the generator.
    pub seed: u32,
}

/// `make_circles(samples, noise=noise, factor=factor, random_state=seed)`, rows shuffled.
///
/// Class 0 lies on the unit circle, class 1 on the circle of radius `factor`.
///
/// # Errors
/// When `samples < 2`, `factor` is outside [0, 1) or `noise` is negative or not finite.
pub fn circles(samples: usize, noise: Option<f64>, factor: f64, seed: u32) -> Result<Dataset> {
    Toy { samples, noise, shuffle: true, seed }.circles(factor)
}

/// `make_moons(samples, noise=noise, random_state=seed)`, rows shuffled.
///
/// Class 0 is the upper half circle around the origin, class 1 the lower one around (1, ½).
///
/// # Errors
/// When `samples < 2` or `noise` is negative or not finite.
pub fn moons(samples: usize, noise: Option<f64>, seed: u32) -> Result<Dataset> {
    Toy { samples, noise, shuffle: true, seed }.moons()
}

impl Toy {
    /// `make_circles` with these settings.
    ///
    /// # Errors
    /// As [`circles`].
    pub fn circles(&self, factor: f64) -> Result<Dataset> {
        if !(0.0..1.0).contains(&factor) {
            bail!("factor must lie in [0, 1), received {factor}")
        }
        let circle = |count: usize, radius: f64| {
            let step = 2.0 * PI / count as f64;
            (0..count).map(move |i| {
                let angle = i as f64 * step;
                [libm::cos(angle) * radius, libm::sin(angle) * radius]
            })
        };
        let (first, second) = self.class_sizes()?;
        self.finish(circle(first, 1.0).chain(circle(second, factor)).collect())
    }

    /// `make_moons` with these settings.
    ///
    /// # Errors
    /// As [`moons`].
    pub fn moons(&self) -> Result<Dataset> {
        let angles = |count: usize| {
            let step = PI / (count.max(2) - 1) as f64;
            // numpy.linspace sets its last value exactly.
            (0..count).map(move |i| if i > 0 && i + 1 == count { PI } else { i as f64 * step })
        };
        let (first, second) = self.class_sizes()?;
        let upper = angles(first).map(|a| [libm::cos(a), libm::sin(a)]);
        let lower = angles(second).map(|a| [1.0 - libm::cos(a), 1.0 - libm::sin(a) - 0.5]);
        self.finish(upper.chain(lower).collect())
    }

    fn class_sizes(&self) -> Result<(usize, usize)> {
        if self.samples < 2 {
            bail!("samples must be at least 2, received {}", self.samples)
        }
        Ok((self.samples / 2, self.samples - self.samples / 2))
    }

    /// Shuffles the rows (the first `samples / 2` of class 0), then adds the noise.
    fn finish(&self, points: Vec<[f64; 2]>) -> Result<Dataset> {
        let mut random = RandomState::new(self.seed);
        let mut order: Vec<usize> = (0..points.len()).collect();
        if self.shuffle {
            random.shuffle(&mut order);
        }
        let mut features: Vec<f64> = order.iter().flat_map(|&i| points[i]).collect();
        if let Some(stddev) = self.noise {
            if !(0.0..f64::INFINITY).contains(&stddev) {
                bail!("noise must be finite and at least 0, received {stddev}")
            }
            for x in &mut features {
                *x += random.normal(stddev);
            }
        }
        let labels = order.iter().map(|&i| u32::from(i >= self.samples / 2)).collect();
        Dataset::new(2, features, labels)
    }
}

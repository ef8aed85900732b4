//! Certificates by randomized smoothing.

use candle_core::{D, DType, Device, Result, Tensor, bail};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::{LARGEST, Rows, Victim};
use crate::stats::clopper_pearson_low;

/// Randomized smoothing (Cohen, Rosenfeld and Kolter 2019, "Certified Adversarial Robustness via Randomized
/// Smoothing", arXiv:1902.02918): the smoothed classifier answers the class that the model predicts most often
/// under Gaussian noise.
///
/// | option | default | purpose | range |
/// |---|---|---|---|
/// | `sigma` | – | standard deviation of the noise | above 0, at most 1e15 |
/// | `selection` | 100, that of the paper | draws that choose the class | from 1 |
/// | `draws` | 1000, a hundredth of the paper's | other draws that bound its probability | from 1 |
/// | `alpha` | 0.001, that of the paper | probability that the bound of a row is wrong | from 1e-12, below 1 |
///
/// With the defaults no radius is above 2.46 `sigma`; 100,000 draws reach 3.81 `sigma`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Smoothing {
    /// The standard deviation of the noise.
    pub sigma: f64,
    /// The number of draws that choose the class.
    pub selection: u32,
    /// The number of draws that bound the probability of the class.
    pub draws: u32,
    /// The probability with which a row's bound may be wrong.
    pub alpha: f64,
}

impl Smoothing {
    /// Creates the options for noise of a standard deviation.
    pub fn new(sigma: f64) -> Self {
        Self { sigma, selection: 100, draws: 1000, alpha: 0.001 }
    }

    /// Sets the number of draws that choose the class.
    #[must_use]
    pub fn selection(self, selection: u32) -> Self {
        Self { selection, ..self }
    }

    /// Sets the number of draws that bound the probability of the class.
    #[must_use]
    pub fn draws(self, draws: u32) -> Self {
        Self { draws, ..self }
    }

    /// Sets the probability with which a row's bound may be wrong.
    #[must_use]
    pub fn alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// Returns the largest radius of a certificate, `sigma Φ⁻¹(alpha^(1/draws))`: that of a row all of whose
    /// draws are of one class. It is 0 if even they would not do.
    pub fn largest_radius(&self) -> f64 {
        self.certificate(0, self.draws).radius
    }

    fn check(&self) -> Result<()> {
        let Self { sigma, selection, draws, alpha } = *self;
        if !(sigma > 0. && sigma <= LARGEST) {
            bail!("expected a sigma above 0, at most {LARGEST:e}, received {sigma:e}")
        }
        if !(1e-12..1.).contains(&alpha) {
            bail!("expected an alpha of at least 1e-12 and below 1, received {alpha:e}")
        }
        if selection == 0 || draws == 0 || selection.checked_add(draws).is_none() {
            bail!("expected from 1 to 2^32 - 1 draws, received {selection} and {draws}")
        }
        Ok(())
    }

    fn certificate(&self, class: u32, votes: u32) -> Certificate {
        let p_low = clopper_pearson_low(votes as usize, self.draws as usize, self.alpha);
        match p_low > 0.5 {
            true => {
                let radius = self.sigma * Normal::standard().inverse_cdf(p_low);
                Certificate { class: Some(class), radius, p_low, votes }
            }
            false => Certificate { class: None, radius: 0., p_low, votes },
        }
    }
}

/// What is certain of a row: no change of an L2 size below the radius gives it another smoothed class.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Certificate {
    /// The class of the smoothed classifier; `None` if it abstains, as `p_low` is ½ at most.
    pub class: Option<u32>,
    /// The radius; 0 for a row without a class.
    pub radius: f64,
    /// The lower bound of the probability of the class that was chosen.
    pub p_low: f64,
    /// The draws of that class among those that bound its probability.
    pub votes: u32,
}

/// Returns a certificate for each replica and row. Noise is added to inputs that may change, and nothing is
/// clipped, as the proof needs Gaussian noise; the model may clip.
///
/// ```text
/// class: that of most of the `selection` draws, the first of equal ones
/// p_low: lower bound of its probability from its votes in `draws` other draws (Clopper and Pearson)
/// radius: sigma Φ⁻¹(p_low) if p_low > ½
/// ```
///
/// Each bound holds with probability 1 - `alpha`, row by row. With `scales`, such as the standard deviations of
/// columns, the noise of each input is multiplied by its scale, and the radius is that of changes divided by
/// them.
///
/// # Shapes
/// `scales`: those of a row, or of a part of its last axes.
///
/// # Errors
/// If an option is out of its range, a scale is not finite and above 0, the model predicts no classes, or it
/// fails.
pub fn certify(
    on: &Victim,
    rows: &Rows,
    scales: Option<&Tensor>,
    options: Smoothing,
) -> Result<Vec<Vec<Certificate>>> {
    options.check()?;
    let Some(classes) = on.objective().classes() else {
        bail!("expected a model of classes, received one of {}", on.objective().name())
    };
    let spread = spread(on, rows, scales, options.sigma)?;
    let first = votes(on, rows, &spread, 0..options.selection, classes)?;
    let until = options.selection + options.draws;
    let then = votes(on, rows, &spread, options.selection..until, classes)?;
    let of_row = |(first, then): (&[u32], &[u32])| {
        let class = first_of_most(first);
        options.certificate(class as u32, then[class])
    };
    let all = first.chunks(classes).zip(then.chunks(classes)).map(of_row).collect::<Vec<_>>();
    let count = rows.xs.dim(1)?.max(1);
    Ok(all.chunks(count).map(<[Certificate]>::to_vec).collect())
}

/// Returns the standard deviation of the noise of each input, 0 for those that may not change.
fn spread(on: &Victim, rows: &Rows, scales: Option<&Tensor>, sigma: f64) -> Result<Tensor> {
    let free = match on.limits().free(&rows.xs)? {
        Some(free) => free,
        None => rows.xs.ones_like()?,
    };
    let free = (free * sigma)?;
    let Some(scales) = scales else { return Ok(free) };
    let own: Vec<f64> =
        scales.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?;
    if let Some(wrong) = own.iter().find(|own| !(**own > 0. && own.is_finite())) {
        bail!("expected scales that are finite and above 0, received {wrong}")
    }
    free.broadcast_mul(&scales.to_dtype(free.dtype())?)
}

/// Returns the index of the largest value, the first of equal ones.
fn first_of_most<T: PartialOrd>(all: &[T]) -> usize {
    let better = |a: usize, b: usize| if all[b] > all[a] { b } else { a };
    (0..all.len()).reduce(better).unwrap_or(0)
}

/// Returns the number of draws of each class, by replica and row.
fn votes(
    on: &Victim,
    rows: &Rows,
    spread: &Tensor,
    draws: std::ops::Range<u32>,
    classes: usize,
) -> Result<Vec<u32>> {
    let (replicas, count) = (rows.xs.dim(0)?, rows.xs.dim(1)?);
    let mut votes = vec![0; replicas * count * classes];
    for draw in draws {
        let noise = rows.normals(on.seeds(), "attack.certificate", draw)?;
        let outputs = on.outputs(&(&rows.xs + (noise * spread)?)?, rows)?;
        let width = outputs.dim(D::Minus1)?;
        let outputs = outputs.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        for (outputs, own) in outputs.chunks(width).zip(votes.chunks_mut(classes)) {
            // Outputs that are not finite are those of no class.
            if !outputs.iter().all(|own| own.is_finite()) {
                continue;
            }
            let class = match outputs {
                [logit] => usize::from(*logit > 0.),
                all => first_of_most(all),
            };
            match own.get_mut(class) {
                Some(own) => *own += 1,
                None => bail!("expected a class below {classes}, received {class}"),
            }
        }
    }
    Ok(votes)
}

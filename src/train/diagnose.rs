//! What each noise site does to a trained model.

use candle_core::{DType, Result, Tensor, bail};
use candle_nn::ModuleT;

use super::sample::sample_site;
use crate::noise::NoiseMap;
use crate::objective::{Objective, loss_of_each};

/// What the noise of a model does to its predictions, site by site.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The mean loss without noise.
    pub loss: f64,
    /// How far the outputs of models with other seeds lie from each other: the root mean square of the
    /// standard deviation over the replicas; `None` for a single one.
    pub spread: Option<f64>,
    /// The sites, sorted by path.
    pub sites: Vec<SiteDiagnosis>,
}

/// What a site does. Figures are means over draws, rows and replicas.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SiteDiagnosis {
    /// The path of the site.
    pub path: String,
    /// The strength, a mean over the replicas: that which training has made of it if it is learned.
    pub strength: f64,
    /// The largest number of steps of a replica: training calls with noise.
    pub steps: u32,
    /// The standard deviation of what the site is given; `None` if no evaluation reaches it, as of noise on
    /// labels and gradients, or if it is off.
    pub input: Option<f64>,
    /// The root mean square of what it adds.
    pub noise: Option<f64>,
    /// The root mean square change of the outputs.
    pub change: f64,
    /// The share of predicted classes that change; `None` for numbers.
    pub flips: Option<f64>,
    /// How much the mean loss rises.
    pub rise: f64,
    /// The penalty to second order, ½ E[uᵀ H u] with the linear response u of the outputs and the second
    /// derivative H of the loss (Bishop 1995, without the curvature of the network).
    pub penalty: f64,
}

impl SiteDiagnosis {
    /// Returns the noise as a share of what it is added to.
    pub fn ratio(&self) -> Option<f64> {
        let (input, noise) = (self.input?, self.noise?);
        (input > 0.).then_some(noise / input)
    }

    /// Returns whether the site changes its input.
    pub fn is_active(&self) -> bool {
        self.noise.is_some_and(|noise| noise > 0.)
    }
}

/// Returns what each noise site of a trained model does to rows with targets, in `draws` draws, one site at
/// a time. Nothing of the model or its training changes.
///
/// # Shapes
/// `xs` (R, N, …) and outputs (R, N, O) in a replicated map, else (N, …) and (N, O); `ys` (R or 1, N).
///
/// # Errors
/// If the model or the objective fails.
pub fn diagnose(
    model: &dyn ModuleT,
    noise: &NoiseMap,
    [xs, ys]: [&Tensor; 2],
    objective: &dyn Objective,
    draws: usize,
) -> Result<Diagnosis> {
    if draws == 0 {
        bail!("expected at least one draw, received none")
    }
    let judge = Judge { ys, objective };
    // No site has an empty path.
    let clean = sample_site(model, noise, xs, 1, "")?.outputs().get(0)?.to_dtype(DType::F64)?;
    let loss = judge.loss(&clean)?;
    let replicas = clean.dim(0)?;
    let spread = match replicas {
        1 => None,
        _ => {
            let centred = clean.broadcast_sub(&clean.mean_keepdim(0)?)?;
            let variance = (centred.sqr()?.sum(0)? / (replicas - 1) as f64)?;
            Some(variance.mean_all()?.to_scalar::<f64>()?.sqrt())
        }
    };
    let steps = noise.steps();
    let of = |(path, strengths): (String, Vec<f64>)| {
        let steps = steps.get(&path).and_then(|own| own.iter().max().copied()).unwrap_or(0);
        let mean = strengths.iter().sum::<f64>() / strengths.len() as f64;
        let are_equal = strengths.iter().all(|own| *own == strengths[0]);
        let strength = if are_equal { strengths[0] } else { mean };
        // What an evaluation that failed may have left.
        noise.probed(&path);
        let outputs = sample_site(model, noise, xs, draws, &path)?;
        let probe = noise.probed(&path);
        let noisy = outputs.outputs().to_dtype(DType::F64)?;
        let has_classes = objective.classes().is_some();
        let (mut flips, mut rise, mut penalty) = (has_classes.then_some(0.), 0., 0.);
        for draw in 0..draws {
            let noisy = noisy.get(draw)?;
            if let Some(flips) = &mut flips {
                *flips += flips_of(&clean, &noisy)? / draws as f64;
            }
            rise += (judge.loss(&noisy)? - loss) / draws as f64;
            penalty += judge.curvature(&clean, &(noisy - &clean)?, loss)? / draws as f64;
        }
        let change = noisy.broadcast_sub(&clean)?.sqr()?.mean_all()?.to_scalar::<f64>()?.sqrt();
        let (input, noise) = (probe.map(|own| own.input()), probe.map(|own| own.noise()));
        Ok(SiteDiagnosis { path, strength, steps, input, noise, change, flips, rise, penalty })
    };
    let sites = noise.acting_strengths()?.into_iter().map(of).collect::<Result<_>>()?;
    Ok(Diagnosis { loss, spread, sites })
}

/// What outputs are judged by.
struct Judge<'a> {
    ys: &'a Tensor,
    objective: &'a dyn Objective,
}

impl Judge<'_> {
    /// Returns the mean loss over rows and replicas, in double precision.
    fn loss(&self, outputs: &Tensor) -> Result<f64> {
        let ys = self.ys.to_dtype(outputs.dtype())?;
        let loss = self.objective.loss(&outputs.contiguous()?, &ys)?;
        let loss = loss_of_each(loss, outputs.dim(0)?, self.objective)?;
        loss.mean_all()?.to_dtype(DType::F64)?.to_scalar()
    }

    /// Returns half of the second derivative of the loss along a change of the outputs, which stands for their
    /// linear response.
    fn curvature(&self, outputs: &Tensor, change: &Tensor, loss: f64) -> Result<f64> {
        const STEP: f64 = 1e-3;
        let step = (change * STEP)?;
        let around = self.loss(&(outputs + &step)?)? + self.loss(&(outputs - &step)?)?;
        Ok((around / 2. - loss) / (STEP * STEP))
    }
}

/// Returns the share of predicted classes that differ.
fn flips_of(clean: &Tensor, noisy: &Tensor) -> Result<f64> {
    let classes = |outputs: &Tensor| match outputs.dim(2)? {
        1 => outputs.gt(0f64)?.to_dtype(DType::U32)?.squeeze(2),
        _ => outputs.argmax(2),
    };
    let differ = classes(clean)?.ne(&classes(noisy)?)?.to_dtype(DType::F64)?;
    differ.mean_all()?.to_scalar()
}

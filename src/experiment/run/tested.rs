//! Trained networks tested with noise on.

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};

use super::chunk::Trained;
use crate::bundle::column_stds::column_stds;
use crate::experiment::plan::{Plan, resolved};
use crate::experiment::record::Run;
use crate::experiment::trial::{Built, Subject, Trial, set_weights};
use crate::metric::Predicted;
use crate::nn::Model;
use crate::noise::{NoiseSpec, Per, WeightNoise};
use crate::train::sample;

/// Noise that is on while networks are tested, whatever they were trained with.
#[derive(Clone, Debug, PartialEq)]
pub struct TestNoise {
    /// The noises that act together.
    pub noise: Vec<NoiseSpec>,
    /// Number of draws over which scores are averaged.
    pub draws: usize,
    /// What has one draw.
    pub per: Per,
}

impl TestNoise {
    /// Returns the noise at the places that its names stand for in a plan's network.
    ///
    /// # Errors
    /// If the network has no such place, a site is taken twice, noise on labels or gradients is asked for, which
    /// no test has, or noise on weights with a draw for each row.
    pub fn checked(self, subject: &Subject, plan: &Plan) -> Result<Self> {
        let first = plan.variants().next().context("expected at least one variant")?;
        let places = subject.places(&plan.hyper_of(first))?;
        let mut noise: Vec<NoiseSpec> = Vec::new();
        for spec in self.noise {
            let spec = resolved(spec, &places)?;
            ensure!(
                spec.is_in_model(),
                "expected noise on what a test passes through, received {}",
                spec.place()
            );
            ensure!(
                !spec.is_of_training(),
                "{spec}: expected a strength, and of options relative alone, since a test has one draw after \
                 the other at one strength"
            );
            ensure!(
                spec.has_layer() || self.per != Per::Row,
                "--test-per: expected batch or device for noise on weights, received row"
            );
            ensure!(
                !noise.iter().any(|own| own.has_site_of(&spec)),
                "expected each noise once, received {} {} twice",
                spec.place(),
                spec.kind()
            );
            noise.push(spec);
        }
        subject.check_noise(&plan.hyper_of(first), noise.iter())?;
        Ok(Self { noise, ..self })
    }

    /// Returns the mean score of each run over the draws, by the primary metric; `None` for runs that failed, and
    /// where it is undefined.
    ///
    /// # Errors
    /// If a network cannot be built.
    pub fn scores(
        &self,
        subject: &Subject,
        plan: &Plan,
        trained: &Trained,
        device: &Device,
    ) -> Result<Vec<Option<f64>>> {
        let runs = plan.trials().zip(&trained.runs).enumerate();
        let score = |(place, ((_, trial), run)): (usize, ((usize, Trial), &Run))| {
            if run.has_failed() {
                return Ok(None);
            }
            self.score(subject, &trial, (&trained.weights, place as u32), device)
        };
        runs.map(score).collect()
    }

    fn score(
        &self,
        subject: &Subject,
        trial: &Trial,
        (weights, place): (&[(String, Tensor)], u32),
        device: &Device,
    ) -> Result<Option<f64>> {
        let parts = subject.parts(&trial.hyper, &trial.draw, device)?;
        let stds = column_stds(&self.noise, &parts.train)?;
        let placed = self.noise.iter().map(|spec| (spec.clone(), vec![spec.strength()])).collect();
        let Built { mut model, varmap, noise } =
            subject.build(&trial.hyper, &[trial.seed], placed, stds, device)?;
        set_weights(&varmap, weights, &[place], subject.task().axis())?;
        if let Some(spec) = self.noise.iter().find(|spec| spec.place() == NoiseSpec::WEIGHTS) {
            let nb = noise.builder().pp(NoiseSpec::WEIGHTS);
            model = Model::new(WeightNoise::new(&varmap, spec.strength(), nb)?.model(model));
        }
        let (xs, targets) = parts.test.range(0, parts.test.rows())?;
        let sampled = sample(&model, &noise, &xs, self.draws, self.per)?;
        let mut sum = 0.;
        for draw in 0..self.draws {
            let rows = Predicted::by_replica(&sampled.outputs().get(draw)?, &targets)?.remove(0);
            let rows = parts.units.iter().fold(rows, Predicted::in_units);
            match subject.primary().score(&rows) {
                Some(score) => sum += score,
                None => return Ok(None),
            }
        }
        Ok(Some(sum / self.draws as f64))
    }
}

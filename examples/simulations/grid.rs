//! Grids whose scores are drawn instead of trained, compared and concluded by the library.

use anyhow::{Context, Result};
use candle_noise::experiment::{
    Basis, CellOutcome, Conclusion, Plan, Record, Run, Scores, Subject, compare, conclude,
};
use candle_noise::task::Circles;
use rayon::prelude::*;

use super::draws::normals;

/// The figure that holds the true score: the library's mean difference of it is the true gain.
const TRUTH: &str = "test_nll";

/// How scores are drawn: those of a cell and a unit are its true score plus a normal effect of the unit, which
/// all cells share, plus a normal effect of its own.
pub struct Law {
    /// The true gain of each noise.
    pub gains: Vec<f64>,
    /// Standard deviation of a cell's own effect.
    pub spread: f64,
    /// Correlation between the effects of one cell on any two units: 0 if they are independent, 1/K for folds
    /// after Nadeau and Bengio.
    pub correlation: f64,
}

impl Law {
    /// Returns that of this number of useless noises.
    pub fn null(noises: usize) -> Self {
        Self { gains: vec![0.; noises], spread: 0.05, correlation: 0. }
    }

    /// Returns the scores of each cell, the baseline first, on some units.
    pub fn scores(&self, site: &str, experiment: u32, units: usize) -> Vec<Vec<f64>> {
        let cells = self.gains.len() + 1;
        let draws = normals(site, experiment, (units + 1) * (cells + 1));
        let mut rows = draws.chunks_exact(units + 1);
        let unit_effects = rows.next().unwrap_or_default();
        let gains = [0.].iter().chain(&self.gains);
        let [own, common] = [1. - self.correlation, self.correlation].map(f64::sqrt);
        let scores = gains.zip(rows).map(|(gain, draws)| {
            let effects = draws[1..].iter().map(|z| own * z + common * draws[0]);
            let effects = effects.zip(&unit_effects[1..]);
            effects.map(|(effect, unit)| 0.8 + gain + 0.03 * unit + self.spread * effect).collect()
        });
        scores.collect()
    }
}

/// A grid with the records of all its runs, whose scores are still to be drawn.
pub struct Grid {
    pub plan: Plan,
    basis: Basis,
    records: Vec<Vec<Record>>,
}

/// What the library found in an experiment.
pub struct Found {
    pub outcomes: Vec<CellOutcome>,
    pub conclusion: Conclusion,
}

impl Found {
    /// Returns the true gain of what was chosen, as the mean over the units that judge it.
    pub fn true_gain(&self) -> Option<f64> {
        let further = &self.conclusion.choice.further;
        further.iter().find(|own| own.figure == TRUTH).map(|own| own.effect.mean)
    }
}

impl Grid {
    /// Returns that of some noises beside the baseline, with a plan that is changed from one run of each.
    pub fn new(noises: usize, change: impl FnOnce(&mut Plan)) -> Result<Self> {
        let task = Circles::default();
        let strengths: Vec<String> = (1..=noises).map(|k| k.to_string()).collect();
        let row = format!("input:{}", strengths.join(",")).parse()?;
        let mut plan = Plan::of(&task).against_baseline(&[row]);
        change(&mut plan);
        let basis = Basis::new(&Subject::new(&task, "cpu", &[])?, &plan)?;
        let mut records = vec![Vec::new(); plan.cells().len()];
        for (cell, trial) in plan.trials() {
            let (seed, data_seed, fold) = (trial.seed, trial.draw.data_seed, trial.draw.fold);
            let run = Run { seed, data_seed, fold, scores: Scores::default(), ..Run::default() };
            records[cell].push(Record::of(&trial, run, ""));
        }
        Ok(Self { plan, basis, records })
    }

    /// Returns the number of runs of a cell.
    pub fn runs_of_a_cell(&self) -> usize {
        self.records[0].len()
    }

    /// Returns a grid over data seeds 1, 2, ….
    pub fn of_data_seeds(noises: usize, data_seeds: u32) -> Result<Self> {
        Self::new(noises, |plan| plan.data_seeds = (1..=data_seeds).collect())
    }

    /// Returns a grid over repeated folds.
    pub fn of_folds(noises: usize, folds: usize, repeats: usize) -> Result<Self> {
        Self::new(noises, |plan| (plan.folds, plan.repeats) = (Some(folds), repeats))
    }

    /// Returns the records with these scores of each cell, and what is true of them.
    pub fn records(&self, scores: &[Vec<f64>], gains: &[f64]) -> Vec<Vec<Record>> {
        let mut records = self.records.clone();
        fill(&mut records, scores, gains);
        records
    }

    /// Compares and concludes records of a plan that has the first ones of each cell.
    pub fn found(&self, plan: &Plan, records: &[Vec<Record>]) -> Result<Found> {
        let outcomes = compare(&self.basis, plan, records);
        let conclusion = conclude(&self.basis, plan, &outcomes, records);
        Ok(Found { outcomes, conclusion: conclusion.context("expected a conclusion")? })
    }

    /// Concludes the first ten repeats or data seeds, and then more as the plan adds them, until the answer is
    /// found or there are no more.
    pub fn until_decided(&self, records: &[Vec<Record>]) -> Result<Found> {
        const FIRST: usize = 10;
        let (repeats, seeds) = (self.plan.repeats, &self.plan.data_seeds);
        let mut plan = Plan {
            repeats: repeats.min(FIRST),
            data_seeds: seeds.iter().copied().take(FIRST).collect(),
            until_decided: true,
            ..self.plan.clone()
        };
        let mut seen = vec![Vec::new(); records.len()];
        loop {
            let units = plan.repeats * plan.data_seeds.len();
            for (seen, all) in seen.iter_mut().zip(records) {
                seen.extend_from_slice(&all[seen.len()..units]);
            }
            let found = self.found(&plan, &seen)?;
            match plan.extended(Some(&found.conclusion), repeats.max(seeds.len())) {
                Some(more) => plan = more,
                None => return Ok(found),
            }
        }
    }

    /// Returns what is seen in each of some experiments whose scores follow a law.
    pub fn simulate<T: Send>(
        &self,
        site: &str,
        law: &Law,
        experiments: u32,
        see: impl Fn(Found) -> T + Sync,
    ) -> Result<Vec<T>> {
        let units = self.runs_of_a_cell();
        let experiment = |records: &mut Vec<Vec<Record>>, number| {
            fill(records, &law.scores(site, number, units), &law.gains);
            Ok(see(self.found(&self.plan, records)?))
        };
        let numbers = (0..experiments).into_par_iter();
        numbers.map_init(|| self.records.clone(), experiment).collect()
    }
}

/// Writes the scores of each cell, and what is true of them, into its records.
fn fill(records: &mut [Vec<Record>], scores: &[Vec<f64>], gains: &[f64]) {
    let gains = [0.].iter().chain(gains);
    for ((records, scores), gain) in records.iter_mut().zip(scores).zip(gains) {
        for (record, score) in records.iter_mut().zip(scores) {
            record.run.scores.set("test_accuracy", Some(*score));
            record.run.scores.set(TRUTH, Some(*gain));
        }
    }
}

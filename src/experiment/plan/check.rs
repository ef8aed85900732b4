//! Which plans can be trained.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;

use anyhow::{Context, Result, bail, ensure};

use super::Plan;
use crate::experiment::trial::Subject;
use crate::metric::Margin;
use crate::noise::NoiseSpec;
use crate::task::{Rows, Task};
use crate::train::EarlyStopping;

impl Plan {
    /// Most runs of a plan: their results are in memory together.
    pub(crate) const MOST_RUNS: usize = 1_000_000;

    /// Curves of 4.8 GB.
    const MOST_EPOCHS: usize = 100_000_000;

    /// An activation of 1 GiB: a step holds a few.
    const MOST_ACTIVATIONS: usize = 1 << 28;

    /// The plan with the places that its names of noise stand for, every value checked.
    ///
    /// # Errors
    /// If a list is empty or names a value twice, a value is out of range, a noise has no place in the
    /// model, no test rows are left, the seeds overflow, or a run would need more memory than is sensible.
    pub fn checked(mut self, subject: &Subject) -> Result<Self> {
        ensure!(
            self.task == subject.task().name(),
            "expected a plan of the task {}, received one of {}",
            subject.task().name(),
            self.task
        );
        self.check_values(subject.task().rows())?;
        self.margin.map_or(Ok(()), |own| Margin::check(subject.primary().name(), own))?;
        let least = subject.task().least_hidden();
        if let Some(hidden) = self.hidden.iter().find(|hidden| **hidden < least) {
            bail!("hidden must be at least {least}, received {hidden}")
        }
        self.check_recipe(subject)?;
        self.check_activations(subject.task())?;
        let first = self.variants().next().context("expected at least one variant")?;
        let hyper = self.hyper_of(first);
        let places = subject.places(&hyper)?;
        for spec in self.noise.iter_mut().flatten() {
            *spec = resolved(spec.clone(), &places)?;
            if spec.place() == NoiseSpec::LABELS && subject.objective().classes().is_none() {
                bail!(
                    "labels:{}: expected targets that are classes, received numbers (those of {})",
                    spec.kind(),
                    self.task
                )
            }
        }
        // Noises at one place act in the order given; places have the order of the model.
        for noise in &mut self.noise {
            noise.sort_by_key(|spec| places.iter().position(|place| place == spec.place()));
        }
        let texts = |noise: &Vec<NoiseSpec>| noise.iter().map(NoiseSpec::to_string).collect();
        check_list::<_, Vec<String>>("noise", &self.noise, texts)?;
        for noise in &self.noise {
            let twice =
                (1..noise.len()).find(|&i| noise[..i].iter().any(|n| n.has_site_of(&noise[i])));
            if let Some(spec) = twice.map(|i| &noise[i]) {
                bail!("{}: expected each kind once, received {} twice", spec.place(), spec.kind())
            }
        }
        self.resolve_rivals(subject, &places)?;
        subject.check_noise(&hyper, self.noise.iter().flatten())?;
        if hyper.recipe.mixup > 0. {
            subject.check_mixup(&hyper)?;
        }
        Ok(self)
    }

    /// Checks everything that needs the number of rows alone, which is enough to report on a plan that
    /// was read from a file. Time and memory grow with the lengths of the lists only.
    ///
    /// # Errors
    /// If a list is empty or too long, or names a value twice, a value is out of range, no test rows are
    /// left or the seeds overflow.
    pub(crate) fn check_values(&self, rows: Rows) -> Result<()> {
        self.check_lists()?;
        self.check_sizes()?;
        self.recipe.check()?;
        self.check_rivals()?;
        for variant in self.variants() {
            self.draw_of(variant, self.data_seeds[0]).check(rows)?;
        }
        Ok(())
    }

    fn check_recipe(&self, subject: &Subject) -> Result<()> {
        let Self { recipe, validation_size, .. } = self;
        if recipe.label_smoothing != 0. {
            check_has_classes(subject)?;
        }
        ensure!(
            !recipe.lr_schedule.needs_validation() || *validation_size > 0,
            "the schedule {} follows the validation loss: expected a validation size of at least 1 \
             (--validation-size), received 0",
            recipe.lr_schedule
        );
        Ok(())
    }

    fn check_lists(&self) -> Result<()> {
        let Self { repeats, seed, .. } = *self;
        let sizes = [&self.train_sizes, &self.hidden].map(Vec::len);
        let cells = self.noise.len().saturating_add(self.rivals.len());
        let others = [self.learning_rates.len(), cells, self.data_seeds.len(), repeats];
        let folds = self.folds.unwrap_or(1);
        let runs = sizes.into_iter().chain(others).fold(folds, usize::saturating_mul);
        ensure!(
            runs <= Self::MOST_RUNS,
            "an experiment may have at most {} runs, received {runs}",
            Self::MOST_RUNS
        );
        ensure!(
            self.folds.is_none() || (self.folds != Some(0) && self.data_seeds.len() == 1),
            "a plan of folds: expected at least one fold and one first data seed, received {:?}",
            self.data_seeds
        );
        ensure!(
            self.folds.is_none() || repeats <= (u32::MAX - self.data_seeds[0]) as usize,
            "data seeds must stay below 2^32: expected at most {} with {repeats} repeats, received {}",
            u32::MAX - repeats.min(u32::MAX as usize) as u32,
            self.data_seeds[0]
        );
        ensure!(
            !self.until_decided || self.folds.is_none(),
            "until the answer is found (--until-decided): expected independent repeats or data seeds, \
             received splits of one table, which share rows, so that more of them may never decide"
        );
        check_list("data seed", &self.data_seeds, |seed| *seed)?;
        check_list("hidden", &self.hidden, |hidden| *hidden)?;
        check_list("learning rate", &self.learning_rates, |rate| (rate + 0.).to_bits())?; // -0 is 0
        check_list("train size", &self.train_sizes, |size| *size)?;
        ensure!(!self.noise.is_empty(), "noise: expected at least one value, received none");
        ensure!(repeats >= 1, "repeats must be at least 1, received 0");
        ensure!(
            seed.checked_add(repeats as u64 - 1).is_some(),
            "seeds must stay below 2^64: expected at most {} with {repeats} repeats, received {seed}",
            u64::MAX - (repeats as u64 - 1)
        );
        Ok(())
    }

    fn check_sizes(&self) -> Result<()> {
        let Self { epochs, batch_size, early_stopping, .. } = *self;
        for (name, count) in [("epochs", epochs), ("batch size", batch_size)] {
            ensure!(count >= 1, "{name} must be at least 1, received 0");
        }
        for learning_rate in &self.learning_rates {
            ensure!(
                (0.0..f64::INFINITY).contains(learning_rate),
                "learning rate must be finite and at least 0, received {learning_rate}"
            );
        }
        let curves = self.repeats.saturating_mul(epochs);
        ensure!(
            curves <= Self::MOST_EPOCHS,
            "repeats times epochs must be at most {}, received {curves}",
            Self::MOST_EPOCHS
        );
        self.check_rule(early_stopping.as_ref())
    }

    /// Checks a rule of early stopping, if there is one.
    pub(super) fn check_rule(&self, rule: Option<&EarlyStopping>) -> Result<()> {
        let Some(rule) = rule else { return Ok(()) };
        ensure!(
            rule.patience >= 1,
            "the patience of early stopping must be at least 1, received 0"
        );
        ensure!(
            rule.on_test || self.validation_size > 0,
            "early stopping needs validation points: expected a validation size of at least 1 \
             (--validation-size), received 0"
        );
        Ok(())
    }

    fn check_activations(&self, task: &dyn Task) -> Result<()> {
        for variant in self.variants() {
            let rows = self.batch_size.min(variant.train_size);
            let activations = rows.saturating_mul(task.activations(&self.hyper_of(variant)));
            ensure!(
                activations <= Self::MOST_ACTIVATIONS,
                "batch size times the numbers of an activation must be at most {}, received \
                 {activations}; expected a smaller batch size or hidden",
                Self::MOST_ACTIVATIONS
            );
        }
        Ok(())
    }
}

/// Checks that labels, which are to be smoothed, are classes.
pub(super) fn check_has_classes(subject: &Subject) -> Result<()> {
    ensure!(
        subject.objective().classes().is_some(),
        "label smoothing expects an objective of classes, received {}",
        subject.objective().name()
    );
    Ok(())
}

/// A noise at the place that its name stands for.
pub(in crate::experiment) fn resolved(spec: NoiseSpec, places: &[String]) -> Result<NoiseSpec> {
    let has = |place: &str| places.iter().any(|own| own == place);
    match spec.place() {
        place if has(place) => Ok(spec),
        "hidden" if has("before-activation") => Ok(spec.at("before-activation")?),
        place => bail!("the model offers noise at {}, received {place}", places.join(", ")),
    }
}

/// Checks that a list has values, none of them twice; values with one key are the same.
fn check_list<T: Debug, K: Eq + Hash>(
    name: &str,
    values: &[T],
    key: impl Fn(&T) -> K,
) -> Result<()> {
    ensure!(!values.is_empty(), "{name}: expected at least one value, received none");
    check_distinct(name, values, key)
}

/// Checks that a list has no value twice.
pub(super) fn check_distinct<T: Debug, K: Eq + Hash>(
    name: &str,
    values: &[T],
    key: impl Fn(&T) -> K,
) -> Result<()> {
    let mut keys = HashSet::new();
    if let Some(value) = values.iter().find(|value| !keys.insert(key(value))) {
        bail!("{name}: expected each value once, received {value:?} twice");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Circles;

    fn check(change: impl Fn(&mut Plan)) -> Result<()> {
        let task = Circles::default();
        let mut plan = Plan::of(&task);
        change(&mut plan);
        plan.check_values(task.rows())
    }

    /// A file may hold any numbers, and as many as it is long. Comparing each with each would take
    /// 1e11 steps.
    #[test]
    fn checks_take_no_longer_than_the_lists_are() {
        let many: Vec<usize> = (1..=500_000).collect();
        check(|plan| plan.data_seeds = (0..500_000).collect()).unwrap();
        let error = check(|plan| (plan.hidden, plan.train_sizes) = (many.clone(), many.clone()));
        assert!(error.unwrap_err().to_string().contains("received 250000000000"));
    }

    #[test]
    fn values_that_would_overflow_or_be_missing_are_refused() {
        type Change = fn(&mut Plan);
        let cases: [(Change, &str); 6] = [
            (|plan| plan.data_seeds.clear(), "data seed: expected at least one value"),
            (|plan| plan.noise.clear(), "noise: expected at least one value"),
            (|plan| plan.repeats = usize::MAX, "at most 1000000 runs"),
            (|plan| plan.epochs = usize::MAX, "repeats times epochs must be at most 100000000"),
            (|plan| (plan.seed, plan.repeats) = (u64::MAX, 2), "seeds must stay below 2^64"),
            (|plan| plan.train_sizes = vec![usize::MAX], "train size must leave test points"),
        ];
        for (change, expected) in cases {
            let error = check(change).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}

//! Which plans can be trained.

use anyhow::{Context, Result, bail, ensure};

use super::Plan;
use crate::experiment::trial::Subject;
use crate::noise::NoiseSpec;
use crate::task::Task;

impl Plan {
    /// Most runs of a plan: their results are in memory together.
    const MOST_RUNS: usize = 1_000_000;

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
        self.check_lists()?;
        self.check_sizes(subject.task())?;
        let first = self.variants().next().context("expected at least one variant")?;
        let places = subject.places(&self.hyper_of(first))?;
        for spec in self.noise.iter_mut().flatten() {
            *spec = resolved(spec.clone(), &places)?;
            if spec.place() == NoiseSpec::LABELS && subject.objective().classes().is_none() {
                bail!("labels take noise if they are classes, which those of {} are not", self.task)
            }
        }
        // Noises at one place act in the order given; places have the order of the model.
        for noise in &mut self.noise {
            noise.sort_by_key(|spec| places.iter().position(|place| place == spec.place()));
        }
        check_list("noise", &self.noise)?;
        for noise in &self.noise {
            let twice = (1..noise.len()).find(|&i| noise[..i].iter().any(|n| n.is_like(&noise[i])));
            if let Some(spec) = twice.map(|i| &noise[i]) {
                bail!("{}: expected each kind once, received {} twice", spec.place(), spec.kind())
            }
        }
        Ok(self)
    }

    fn check_lists(&self) -> Result<()> {
        let Self { repeats, seed, .. } = *self;
        check_list("data seed", &self.data_seeds)?;
        check_list("hidden", &self.hidden)?;
        check_list("learning rate", &self.learning_rates)?;
        check_list("train size", &self.train_sizes)?;
        ensure!(!self.noise.is_empty(), "noise: expected at least one value, received none");
        ensure!(repeats >= 1, "repeats must be at least 1, received 0");
        ensure!(
            seed.checked_add(repeats as u64 - 1).is_some(),
            "seeds must stay below 2^64: expected at most {} with {repeats} repeats, received {seed}",
            u64::MAX - (repeats as u64 - 1)
        );
        let counts = [self.variants().count(), self.noise.len(), self.data_seeds.len(), repeats];
        let runs = counts.into_iter().fold(1usize, usize::saturating_mul);
        ensure!(
            runs <= Self::MOST_RUNS,
            "an experiment may have at most {} runs, received {runs}",
            Self::MOST_RUNS
        );
        Ok(())
    }

    fn check_sizes(&self, task: &dyn Task) -> Result<()> {
        let Self { epochs, batch_size, early_stopping, .. } = *self;
        let widths = self.hidden.iter().map(|hidden| ("hidden", *hidden));
        for (name, count) in widths.chain([("epochs", epochs), ("batch size", batch_size)]) {
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
        for variant in self.variants() {
            let (hyper, draw) = (self.hyper_of(variant), self.draw_of(variant, self.data_seeds[0]));
            draw.check(task.rows())?;
            let rows = batch_size.min(draw.train_size);
            let activations = rows.saturating_mul(task.activations(&hyper));
            ensure!(
                activations <= Self::MOST_ACTIVATIONS,
                "batch size times the numbers of an activation must be at most {}, received \
                 {activations}; expected a smaller batch size or hidden",
                Self::MOST_ACTIVATIONS
            );
        }
        if let Some(rule) = early_stopping {
            ensure!(
                rule.patience >= 1,
                "the patience of early stopping must be at least 1, received 0"
            );
            ensure!(
                rule.on_test || self.validation_size > 0,
                "early stopping needs validation points: expected a validation size of at least 1, \
                 received 0"
            );
        }
        Ok(())
    }
}

/// A noise at the place that its name stands for.
fn resolved(spec: NoiseSpec, places: &[String]) -> Result<NoiseSpec> {
    let has = |place: &str| places.iter().any(|own| own == place);
    match spec.place() {
        place if has(place) => Ok(spec),
        "hidden" if has("before-activation") => Ok(spec.at("before-activation")?),
        place => bail!("the model offers noise at {}, received {place}", places.join(", ")),
    }
}

fn check_list<T: PartialEq + std::fmt::Debug>(name: &str, values: &[T]) -> Result<()> {
    ensure!(!values.is_empty(), "{name}: expected at least one value, received none");
    let twice = (1..values.len()).find(|&i| values[..i].contains(&values[i]));
    if let Some(i) = twice {
        bail!("{name}: expected each value once, received {:?} twice", values[i]);
    }
    Ok(())
}

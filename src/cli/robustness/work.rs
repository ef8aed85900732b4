//! Runs each job of a robustness comparison on each model, and keeps finished parts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::jobs::{Found, Job};
use super::models::{Model, Tried};
use super::parts::Parts;
use crate::cli::device::Opened;
use crate::cli::progress::Progress;
use crate::cli::terminal::tell;
use crate::metric::{self, Metric};
use crate::robust::{Contender, Fgsm, Norm, gradient_warnings};

/// What is tried on which models.
pub(super) struct Work<'a> {
    pub models: &'a [Model],
    pub tried: &'a Tried,
    pub jobs: &'a [Job],
    /// Over how many draws of their noise models are averaged.
    pub average: Option<u32>,
    pub hashes: &'a [String],
}

/// What the work has found.
pub(super) struct Done {
    pub contenders: Vec<Contender>,
    /// The metrics, the primary one first.
    pub metrics: Vec<Arc<dyn Metric>>,
    /// The results of each job on each model.
    pub found: Vec<Vec<Found>>,
    /// Reasons to doubt the attacks that follow gradients, if there are such attacks.
    pub warnings: Vec<String>,
}

impl Work<'_> {
    /// Runs all jobs on all models, and reuses the parts that are already finished.
    ///
    /// # Errors
    /// If a model fails, or a part cannot be written.
    pub fn run(&self, opened: &Opened, parts: &Parts, quiet: bool) -> Result<Done> {
        let (threads, device) = (opened.schedule.threads, &opened.devices[0]);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.with_context(|| format!("cannot start {threads} threads"))?;
        let contender = |own: &Model| own.contender(self.tried, threads, self.average, device);
        let contenders = self.models.iter().map(contender).collect::<Result<Vec<_>>>()?;
        let metrics = self.metrics();
        let key = |model: usize, job: &Job| self.key(model, job, &metrics, opened.place.kind());
        let size = |model: usize, job: &Job| contenders[model].seeds().len() * job.passes();
        let models = 0..contenders.len();
        let all = || self.jobs.iter().flat_map(|job| models.clone().map(move |model| (job, model)));
        let is_left =
            |(job, model): &(&Job, usize)| parts.get::<Found>(&key(*model, job)).is_none();
        let left: usize = all().filter(is_left).map(|(job, model)| size(model, job)).sum();
        if !quiet && left > 0 {
            pool.install(|| estimate(left, &contenders[0]))?;
        }
        let progress = Progress::of_steps(left, quiet);
        let mut found = Vec::new();
        for job in self.jobs {
            let mut of_job = Vec::new();
            for (model, own) in contenders.iter().enumerate() {
                let key = key(model, job);
                if let Some(known) = parts.get(&key) {
                    of_job.push(known);
                    continue;
                }
                let new = pool.install(|| job.run(own, &metrics));
                let new = new.with_context(|| format!("{} under {}", own.name, job.names()))?;
                parts.put(&key, &new)?;
                progress.add(size(model, job));
                of_job.push(new);
            }
            found.push(of_job);
        }
        progress.finish();
        let mut warnings = Vec::new();
        if self.jobs.iter().any(Job::follows_gradients) {
            for own in &contenders {
                warnings.extend(pool.install(|| gradient_warnings(own))?);
            }
        }
        Ok(Done { contenders, metrics, found, warnings })
    }

    /// Returns the metrics, the primary one first.
    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        let training = &self.models[0].bundle.about().training;
        let further: &[&str] = match training.inputs.classes() {
            Some(_) => &["accuracy", "nll", "ece"],
            None => &["rmse", "mae"],
        };
        let names = further.iter().copied().filter(|name| *name != training.metric);
        [training.metric.as_str()].into_iter().chain(names).filter_map(metric::named).collect()
    }

    /// Returns all that determines what a job finds of a model.
    fn key(&self, model: usize, job: &Job, metrics: &[Arc<dyn Metric>], device: &str) -> Value {
        let names: Vec<&str> = metrics.iter().map(|own| own.name()).collect();
        json!({
            "model": self.hashes[model],
            "rows": self.tried.hash,
            "job": job.settings(),
            "metrics": names,
            "average": self.average,
            "device": device,
        })
    }
}

/// Estimates the time of the remaining work by timing a short attack, and prints it if the work is long.
fn estimate(left: usize, contender: &Contender) -> Result<()> {
    const WORTH: f64 = 10.;
    /// Two passes for the rows as they are, three for the step and one for its scores.
    const PASSES: usize = 6;
    /// The first one touches memory that the others use again.
    const ROUNDS: usize = 3;
    let mut seconds = f64::INFINITY;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        contender.curves(&[Arc::new(Fgsm::new(Norm::Linf))], &[1e-3], &[])?;
        seconds = seconds.min(begin.elapsed().as_secs_f64());
    }
    let piece = contender.seeds().len() * PASSES;
    let seconds = seconds * left as f64 / piece as f64;
    if seconds >= WORTH {
        let about = humantime::format_duration(Duration::from_secs(seconds as u64));
        tell(&format!("this takes about {about}"));
    }
    Ok(())
}

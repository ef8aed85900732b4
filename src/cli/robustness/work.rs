//! The work of a comparison of robustness: each model under each kind of change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

use super::models::{Model, Tried};
use super::parts::Parts;
use crate::cli::device::Opened;
use crate::cli::progress::Progress;
use crate::cli::terminal::tell;
use crate::metric::{self, Metric};
use crate::robust::{
    Average, ComparedCurve, Contender, Curve, Effort, Fgsm, Named, Norm, Repeats, Robustness, Scan,
    check_strengths, curve_warnings, gradient_warnings,
};

/// The name of the share of predictions that change.
const FLIPS: &str = "flips";

/// What is tried on which models.
pub(super) struct Work<'a> {
    pub models: &'a [Model],
    pub tried: &'a Tried,
    pub scans: &'a [Scan],
    pub effort: Effort,
    /// Over how many draws of their noise models are averaged.
    pub average: Option<u32>,
    pub hashes: &'a [String],
}

/// Returns the scans of some kinds, all of them if none are named, with other strengths if there are some.
///
/// # Errors
/// If a kind does not fit the rows, or the strengths do not increase.
pub(super) fn chosen(all: Vec<Scan>, kinds: &[String], strengths: &[f64]) -> Result<Vec<Scan>> {
    // A kind stands for those of all norms.
    let both = |own: &Scan| -> Vec<[String; 2]> {
        let names = own.names().into_iter().zip(own.kinds());
        names.map(|(name, (kind, _))| [name, kind.to_string()]).collect()
    };
    let known: Vec<[String; 2]> = all.iter().flat_map(both).collect();
    if let Some(wrong) = kinds.iter().find(|kind| !known.iter().any(|own| own.contains(kind))) {
        let names: Vec<&str> = known.iter().map(|[name, _]| name.as_str()).collect();
        return Err(anyhow!(
            "--kinds: expected some of {} for these rows, received '{wrong}'",
            names.join(", ")
        ));
    }
    let is_wanted =
        |own: &[String; 2]| kinds.is_empty() || kinds.iter().any(|kind| own.contains(kind));
    let narrowed = |mut scan: Scan| {
        let names = both(&scan);
        // The worst is that of all attacks.
        let has_worst = names.len() > scan.attacks.len() && names.last().is_some_and(is_wanted);
        let mut wanted = names.iter().map(|own| has_worst || is_wanted(own));
        scan.attacks.retain(|_| wanted.next().unwrap_or(false));
        Some(scan).filter(|own| !own.attacks.is_empty())
    };
    let mut scans: Vec<Scan> = all.into_iter().filter_map(narrowed).collect();
    if !strengths.is_empty() {
        check_strengths(strengths).context("--strengths")?;
        for own in scans.iter_mut().filter(|own| !own.has_severities) {
            own.strengths = strengths.to_vec();
        }
    }
    Ok(scans)
}

impl Work<'_> {
    /// Tries all models, with what is there already left as it is.
    ///
    /// # Errors
    /// If a model fails, or a part cannot be written.
    pub fn run(&self, opened: &Opened, parts: &Parts, quiet: bool) -> Result<Robustness> {
        let (threads, device) = (opened.schedule.threads, &opened.devices[0]);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.with_context(|| format!("cannot start {threads} threads"))?;
        let contender = |own: &Model| own.contender(self.tried, threads, self.average, device);
        let contenders = self.models.iter().map(contender).collect::<Result<Vec<_>>>()?;
        let metrics = self.metrics();
        let key = |model: usize, scan: &Scan| self.key(model, scan, &metrics, opened.place.kind());
        let work = || {
            (0..contenders.len()).flat_map(|model| self.scans.iter().map(move |scan| (model, scan)))
        };
        let networks = |model: usize| contenders[model].seeds().len();
        let size = |(model, scan): (usize, &Scan)| networks(model) * scan.passes();
        let left =
            work().filter(|(model, scan)| parts.get::<Vec<Curve>>(&key(*model, scan)).is_none());
        let left: usize = left.map(size).sum();
        if !quiet && left > 0 {
            pool.install(|| estimate(left, &contenders[0]))?;
        }
        let progress = Progress::of_steps(left, quiet);
        let mut found = vec![Vec::new(); contenders.len()];
        for (model, scan) in work() {
            let key = key(model, scan);
            let known = parts.get::<Vec<Curve>>(&key);
            let curve = match known {
                Some(known) => known,
                None => {
                    let (attacks, strengths) = (&scan.attacks, &scan.strengths);
                    let curve =
                        pool.install(|| contenders[model].curves(attacks, strengths, &metrics));
                    let names = scan.names().join(", ");
                    let name = || format!("{} under {names}", contenders[model].name);
                    let curve = curve.with_context(name)?;
                    parts.put(&key, &curve)?;
                    progress.add(size((model, scan)));
                    curve
                }
            };
            found[model].push(curve);
        }
        progress.finish();
        let mut compared = self.compared(&contenders, &found, &metrics);
        if self.scans.iter().flat_map(|own| &own.attacks).any(|own| own.norm().is_some()) {
            for own in &contenders {
                compared.warnings.extend(gradient_warnings(own)?);
            }
            compared.warnings.extend(curve_warnings(&compared.curves));
        }
        Ok(compared)
    }

    /// Returns what was measured how, by name.
    pub fn settings(&self) -> Value {
        json!({
            "steps": self.effort.steps,
            "starts": self.effort.starts,
            "average": self.average,
            "noise_under_attack": if self.average.is_some() { "averaged" } else { "off" },
            "rows": self.tried.source,
        })
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

    /// Returns all that determines the figures of a model under a scan.
    fn key(&self, model: usize, scan: &Scan, metrics: &[Arc<dyn Metric>], device: &str) -> Value {
        let names: Vec<&str> = metrics.iter().map(|own| own.name()).collect();
        json!({
            "model": self.hashes[model],
            "rows": self.tried.hash,
            "kinds": scan.names(),
            "effort": [self.effort.steps, self.effort.starts as usize],
            "draws": scan.attacks.iter().map(|own| own.draws()).collect::<Vec<_>>(),
            "strengths": scan.strengths,
            "metrics": names,
            "average": self.average,
            "device": device,
        })
    }

    fn compared(
        &self,
        contenders: &[Contender],
        found: &[Vec<Vec<Curve>>],
        metrics: &[Arc<dyn Metric>],
    ) -> Robustness {
        let seeds: Vec<Vec<u64>> = contenders.iter().map(Contender::seeds).collect();
        let (mut curves, mut averages) = (Vec::new(), Vec::new());
        for (scan_place, scan) in self.scans.iter().enumerate() {
            for (place, (kind, norm)) in scan.kinds().into_iter().enumerate() {
                let names = metrics.iter().map(|own| own.name()).chain([FLIPS]);
                for (column, name) in names.enumerate() {
                    let scores = |own: &Vec<Vec<Curve>>| own[scan_place][place].of_each(column);
                    let repeats: Vec<Vec<Vec<Option<f64>>>> = found.iter().map(scores).collect();
                    if repeats.iter().any(Vec::is_empty) {
                        continue;
                    }
                    let models = contenders.iter().zip(&seeds).zip(&repeats);
                    let models = models.map(|((own, seeds), repeats)| Repeats {
                        name: &own.name,
                        keys: seeds,
                        scores: repeats.iter().map(|own| &own[..]).collect(),
                    });
                    let (what, models) = ((kind, norm, name), models.collect::<Vec<_>>());
                    curves.push(ComparedCurve::new(what, &scan.strengths, &models, 0.));
                    if column == 0 {
                        averages.extend(Average::new(what, &scan.strengths, &models, 0.));
                    }
                }
            }
        }
        let named = |(own, model): (&Contender, &Model)| {
            Named::new(&own.name, &model.folder.display().to_string(), own.seeds().len())
        };
        Robustness {
            models: contenders.iter().zip(self.models).map(named).collect(),
            metric: metrics[0].name().to_string(),
            better: metrics[0].better(),
            rows: self.tried.samples.rows(),
            curves,
            averages,
            warnings: Vec::new(),
        }
    }
}

/// Says how long the work takes, if it is worth a word, from a short piece of it.
fn estimate(left: usize, contender: &Contender) -> Result<()> {
    const WORTH: f64 = 10.;
    let scan = Scan::new(Arc::new(Fgsm::new(Norm::Linf)), &[1e-3]);
    let begin = Instant::now();
    contender.curves(&scan.attacks, &scan.strengths, &[])?;
    let piece = contender.seeds().len() * scan.passes();
    let seconds = begin.elapsed().as_secs_f64() * left as f64 / piece as f64;
    if seconds >= WORTH {
        let about = humantime::format_duration(Duration::from_secs(seconds as u64));
        tell(&format!("this takes about {about}"));
    }
    Ok(())
}

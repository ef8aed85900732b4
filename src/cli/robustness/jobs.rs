//! What is tried on each model: the kinds of changes that a user names, certificates and geometry.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::data::words::suggestion;
use crate::metric::Metric;
use crate::robust::{
    Cell, Certified, Contender, Curve, Effort, Form, Geometry, Robustness, Scan, Smoothing,
    check_strengths, scans,
};
use crate::stats::number;

/// A piece of work for each model.
pub(super) enum Job {
    /// Attacks of one norm, noise or a corruption.
    Scan(Scan, Effort),
    /// Certificates at some radii.
    Certify(Smoothing, Vec<f64>),
    /// The geometry of the outputs.
    Geometry,
}

/// The results of a job on a model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Found {
    Curves(Vec<Curve>),
    Certified(Certified),
    Geometry(Vec<Geometry>),
}

/// Multiples of sigma at which the certified accuracy is reported.
const RADII: [f64; 8] = [0., 0.2, 0.4, 0.8, 1.2, 1.6, 2., 2.4];

impl Job {
    /// Returns the names of its curves, for messages.
    pub fn names(&self) -> String {
        match self {
            Self::Scan(scan, _) => scan.names().join(", "),
            Self::Certify(..) => "certification".to_string(),
            Self::Geometry => "geometry".to_string(),
        }
    }

    /// Returns all that determines its figures beside the model and the rows.
    pub fn settings(&self) -> Value {
        match self {
            Self::Scan(scan, effort) => json!({
                "kinds": scan.names(),
                "effort": [effort.steps, effort.starts as usize],
                "draws": scan.attacks.iter().map(|own| own.draws()).collect::<Vec<_>>(),
                "strengths": scan.strengths,
            }),
            Self::Certify(options, radii) => json!({ "certify": options, "radii": radii }),
            Self::Geometry => json!("geometry"),
        }
    }

    /// Returns whether it follows gradients, as attacks within a norm do.
    pub fn follows_gradients(&self) -> bool {
        matches!(self, Self::Scan(scan, _) if scan.attacks.iter().any(|own| own.norm().is_some()))
    }

    /// Returns about how many passes through a model it takes.
    pub fn passes(&self) -> usize {
        match self {
            Self::Scan(scan, _) => scan.passes(),
            Self::Certify(options, _) => (options.selection + options.draws) as usize,
            Self::Geometry => 10,
        }
    }

    /// Tries it on a model.
    pub fn run(&self, on: &Contender, metrics: &[Arc<dyn Metric>]) -> Result<Found> {
        Ok(match self {
            Self::Scan(scan, _) => {
                Found::Curves(on.curves(&scan.attacks, &scan.strengths, metrics)?)
            }
            Self::Certify(options, radii) => Found::Certified(on.certified(*options, radii)?),
            Self::Geometry => Found::Geometry(on.geometry()?),
        })
    }
}

/// Returns the jobs of the named kinds, or of all kinds if none are named, with the given strengths if there are any,
/// and notes on strengths that are left out; `smoothing` if classes are predicted.
///
/// # Errors
/// If a kind does not fit the rows, or the strengths do not increase.
pub(super) fn jobs(
    all: Vec<Scan>,
    effort: Effort,
    smoothing: Option<Smoothing>,
    kinds: &[String],
    strengths: &[f64],
) -> Result<(Vec<Job>, Vec<String>)> {
    let kinds: Vec<String> = kinds.iter().map(|own| own.trim().to_lowercase()).collect();
    if !strengths.is_empty() {
        check_strengths(strengths).context("--strengths")?;
        ensure!(
            strengths[0] == 0.,
            "--strengths: expected strengths from 0 on, received {} first",
            strengths[0]
        );
    }
    let certified = smoothing
        .map(|_| [format!("{}-l2", Robustness::CERTIFIED), Robustness::CERTIFIED.to_string()]);
    let known = all.iter().flat_map(both).chain(certified.clone());
    let known: Vec<[String; 2]> = known.collect();
    if let Some(wrong) = kinds.iter().find(|kind| !known.iter().any(|own| own.contains(kind))) {
        return Err(match elsewhere(wrong)? {
            Some(rows) => anyhow!("--kinds: {wrong} is for {rows}, received others"),
            None => unknown(wrong, &known),
        });
    }
    let is_wanted =
        |own: &[String; 2]| kinds.is_empty() || kinds.iter().any(|kind| own.contains(kind));
    let narrowed = |mut scan: Scan| {
        let names = both(&scan);
        // The worst is that of all attacks.
        let has_worst = names.len() > scan.attacks.len() && names.last().is_some_and(is_wanted);
        let mut wanted = names.iter().map(|own| has_worst || is_wanted(own));
        scan.attacks.retain(|_| wanted.next().unwrap_or(false));
        (!scan.attacks.is_empty()).then_some(scan)
    };
    let mut notes = Vec::new();
    let with_strengths = |mut scan: Scan| {
        if !strengths.is_empty() && scan.unit != Scan::SEVERITY {
            let is_taken = |own: &&f64| scan.unit != Scan::SHARE || **own <= 1.;
            scan.strengths = strengths.iter().filter(is_taken).copied().collect();
        }
        notes.extend(left_out(&scan, strengths, !kinds.is_empty()));
        Job::Scan(scan, effort)
    };
    let mut jobs: Vec<Job> = all.into_iter().filter_map(narrowed).map(with_strengths).collect();
    if let Some(options) = smoothing.filter(|_| certified.iter().any(is_wanted)) {
        let radii = match strengths {
            [] => RADII.iter().map(|own| own * options.sigma).collect(),
            own => own.to_vec(),
        };
        jobs.push(Job::Certify(options, radii));
    }
    if kinds.is_empty() {
        jobs.push(Job::Geometry);
    }
    Ok((jobs, notes))
}

/// Returns a note about strengths that a scan does not take. Corruptions, which take none, get a note only if they
/// are named.
fn left_out(scan: &Scan, strengths: &[f64], is_named: bool) -> Option<String> {
    let names = scan.names().join(", ");
    match strengths {
        [] => None,
        _ if scan.unit == Scan::SEVERITY => {
            is_named.then(|| format!("{names}: five severities, without --strengths"))
        }
        all if scan.strengths.len() < all.len() => {
            let rest: Vec<String> =
                all[scan.strengths.len()..].iter().map(|own| number(*own)).collect();
            Some(format!("{names}: expected shares up to 1, left out {}", rest.join(", ")))
        }
        _ => None,
    }
}

/// Returns what rows a kind is for, if it is one for some.
fn elsewhere(kind: &str) -> Result<Option<String>> {
    if [format!("{}-l2", Robustness::CERTIFIED).as_str(), Robustness::CERTIFIED].contains(&kind) {
        return Ok(Some("targets of classes and inputs of numbers".to_string()));
    }
    let number = Cell::Number { input: 0, missing: None, empty: 0., range: None };
    let category = Cell::Category { inputs: vec![1, 2], missing: None };
    let mut found = Vec::new();
    for (rows, form) in [
        ("images", Form::Image { height: 8, width: 8 }),
        ("sequences", Form::Steps { channels: 1 }),
        ("tables with numbers", Form::Table { cells: vec![number], width: 1 }),
        ("tables with categories", Form::Table { cells: vec![category], width: 3 }),
    ] {
        let all = scans(&form.measured(None)?, Effort::BRIEF)?;
        if all.iter().flat_map(both).any(|own| own.contains(&kind.to_string())) {
            found.push(rows);
        }
    }
    Ok((!found.is_empty()).then(|| found.join(", ")))
}

/// Returns the error for an unknown kind. It suggests the nearest kind, or lists all kinds if none is near.
fn unknown(wrong: &str, known: &[[String; 2]]) -> anyhow::Error {
    let names = || known.iter().flatten().map(String::as_str);
    let nearest = suggestion(wrong, names());
    let mut all: Vec<&str> = Vec::new();
    for [_, kind] in known {
        if !all.contains(&kind.as_str()) {
            all.push(kind);
        }
    }
    let expected = match nearest.is_empty() {
        true => format!("one of {}", all.join(", ")),
        false => "a kind for these rows".to_string(),
    };
    anyhow!("--kinds: expected {expected}, received '{wrong}'{nearest}")
}

/// Returns the name of each curve with its norm and without: a kind stands for those of all norms.
fn both(scan: &Scan) -> Vec<[String; 2]> {
    let names = scan.names().into_iter().zip(scan.kinds());
    names.map(|(name, (kind, _))| [name, kind.to_string()]).collect()
}

//! A picture of an attack on points in the plane: where chosen points are moved, and how far around them a class is
//! certified.

use std::sync::Arc;

use anyhow::{Context, Result};
use candle_core::Tensor;

use super::jobs::Job;
use super::models::Model;
use crate::cli::described::{draw_of, task_of};
use crate::data::Samples;
use crate::experiment::{Schedule, boundary};
use crate::report::{AttackedPoint, Picture, PlaneOfAttack, attack_picture};
use crate::robust::{Attack, Contender, Norm, Smoothing, certify};
use crate::stats::number;
use crate::task::{Hyper, View};

/// The number of chosen points.
const CHOSEN: usize = 12;

/// What is drawn of the jobs: an attack of a strength, and certificates.
struct Drawn {
    attack: Option<(Arc<dyn Attack>, f64)>,
    smoothing: Option<Smoothing>,
}

/// Draws what the jobs do to the first network of each model; `None` for data that are no points in the plane, or if
/// they neither change nor certify rows.
///
/// # Errors
/// If a network fails.
pub(super) fn attacked(
    models: &[Model],
    contenders: &[Contender],
    jobs: &[Job],
) -> Result<Option<Picture>> {
    let drawn = Drawn::of(jobs);
    let (title, caption) = drawn.words();
    if title.is_empty() {
        return Ok(None);
    }
    let mut panels = Vec::new();
    for (model, own) in models.iter().zip(contenders) {
        let Some(panel) = panel(model, own, &drawn)? else { return Ok(None) };
        panels.push(panel);
    }
    Ok(Some(Picture { name: "attack", caption, scene: attack_picture(&title, &panels)? }))
}

impl Drawn {
    /// Takes PGD of L2 size if it is tried, else PGD, another attack or another change, the first of each, at the
    /// middle of its strengths.
    fn of(jobs: &[Job]) -> Self {
        let scans = jobs.iter().filter_map(|own| match own {
            Job::Scan(scan, _) => Some(scan),
            _ => None,
        });
        let changes = scans.flat_map(|scan| {
            let strength = scan.strengths[scan.strengths.len() / 2];
            scan.attacks.iter().map(move |own| (own.clone(), strength))
        });
        let rank = |(own, _): &(Arc<dyn Attack>, f64)| match (own.name(), own.norm()) {
            ("pgd", Some(Norm::L2)) => 0,
            ("pgd", _) => 1,
            (_, Some(_)) => 2,
            (_, None) => 3,
        };
        let smoothing = jobs.iter().find_map(|own| match own {
            Job::Certify(options, _) => Some(*options),
            _ => None,
        });
        let attack = changes.filter(|(_, strength)| *strength > 0.).min_by_key(rank);
        Self { attack, smoothing }
    }

    /// Returns the title and the caption.
    fn words(&self) -> (String, String) {
        let change = self.attack.as_ref().map(|(own, strength)| {
            let norm = own.norm().map_or(String::new(), |own| format!(" {}", own.name()));
            format!("{}{norm} of strength {}", own.name(), number(*strength))
        });
        let certified =
            self.smoothing.map(|own| format!("certified circles of sigma {}", own.sigma));
        let both: Vec<&str> = change.iter().chain(&certified).map(String::as_str).collect();
        if both.is_empty() {
            return Default::default();
        }
        let mut caption =
            "The first network of each model, whose probability of class 1 is the background, and the rows.".to_string();
        if let Some(change) = &change {
            caption.push_str(&format!(
                " Arrows show where {change} moves {CHOSEN} points that are predicted correctly; one that stays has none."
            ));
        }
        if certified.is_some() {
            caption.push_str(
                " Within its circle the smoothed network certainly answers as at the point; no answer, no circle.",
            );
        }
        (format!("First network: {}", both.join(", ")), caption)
    }
}

fn panel(model: &Model, own: &Contender, drawn: &Drawn) -> Result<Option<PlaneOfAttack>> {
    const SIDE: usize = 101;
    let settings = &model.bundle.about().training.settings;
    let Some(task) = task_of(settings)? else { return Ok(None) };
    let View::Points(data) = task.view(&draw_of(settings))? else { return Ok(None) };
    let on = own.victims.first().context("expected a network")?;
    let seeds = &model.bundle.about().training.seeds;
    let place = seeds.iter().position(|seed| *seed == on.seeds()[0]).unwrap_or(0);
    let first = |(name, all): &(String, Tensor)| Ok((name.clone(), all.narrow(0, place, 1)?));
    let weights = model.bundle.weights().iter().map(first).collect::<Result<Vec<_>>>()?;
    let hidden = settings["hidden"].as_u64().context("expected the width of the network")?;
    let hyper = Hyper { hidden: hidden as usize, ..task.defaults() };
    let field = boundary(&*task, &hyper, &weights, &data, SIDE, Schedule::default())?;
    let field = field.context("expected a network that did not diverge")?;

    let rows = on.rows(&own.rows, 0, own.rows.rows())?;
    let moved = match &drawn.attack {
        Some((attack, strength)) => attack.apply(on, &rows, *strength, 0)?,
        None => rows.xs.clone(),
    };
    let [clean, fooled] = [&rows.xs, &moved].map(|xs| on.answers(xs, &rows));
    let wrong = |found: candle_core::Result<crate::robust::Answers>| -> Result<Vec<f32>> {
        Ok(found?.wrong.get(0)?.to_vec1()?)
    };
    let (clean, fooled) = (wrong(clean)?, wrong(fooled)?);
    let points = |xs: &Tensor| -> Result<Vec<Vec<f32>>> { Ok(xs.get(0)?.to_vec2()?) };
    let (before, after) = (points(&rows.xs)?, points(&moved)?);
    let labels: Vec<f32> = rows.ys.get(0)?.to_vec1()?;
    let chosen = chosen(&clean);
    let radii = match drawn.smoothing {
        Some(options) => radii(own, &chosen, options)?,
        None => vec![None; chosen.len()],
    };
    let is_moved = drawn.attack.is_some();
    let point = |row: usize| {
        let at = |own: &[f32]| [f64::from(own[0]), f64::from(own[1])];
        let number = chosen.iter().position(|own| *own == row);
        AttackedPoint {
            clean: at(&before[row]),
            moved: number.filter(|_| is_moved).map(|_| at(&after[row])),
            label: labels[row] as u32,
            fooled: fooled[row] != clean[row],
            radius: number.and_then(|number| radii.get(number).copied().flatten()),
        }
    };
    let points = (0..before.len()).map(point).collect();
    Ok(Some(PlaneOfAttack { name: own.name.clone(), field, points }))
}

/// Returns some rows that are predicted correctly, evenly among them.
fn chosen(wrong: &[f32]) -> Vec<usize> {
    let right: Vec<usize> = (0..wrong.len()).filter(|row| wrong[*row] == 0.).collect();
    let count = CHOSEN.min(right.len());
    (0..count).map(|i| right[i * right.len() / count]).collect()
}

/// Returns the certified radius of each chosen row, none for an abstention.
fn radii(own: &Contender, chosen: &[usize], smoothing: Smoothing) -> Result<Vec<Option<f64>>> {
    let (Some(on), false) = (own.victims.first(), chosen.is_empty()) else { return Ok(Vec::new()) };
    let rows: Vec<u32> = chosen.iter().map(|row| *row as u32).collect();
    let (xs, ys) = own.rows.batch(&rows, 1)?;
    let some = Samples::replicated(&xs, &ys)?;
    let found = certify(on, &on.rows(&some, 0, some.rows())?, None, smoothing)?;
    let radius = |own: &crate::robust::Certificate| own.class.map(|_| own.radius);
    Ok(found.first().map(|own| own.iter().map(radius).collect()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::jobs::jobs;
    use super::*;
    use crate::robust::{Effort, Form, scans};

    /// Returns the title for kinds and strengths that a user names.
    fn title(kinds: &[&str], strengths: &[f64]) -> String {
        let measured = Form::of(&crate::bundle::Inputs::points(2)).measured(None).unwrap();
        let kinds: Vec<String> = kinds.iter().map(|own| own.to_string()).collect();
        let all = scans(&measured, Effort::BRIEF).unwrap();
        let smoothing = Some(Smoothing::new(0.25));
        let (jobs, _) = jobs(all, Effort::BRIEF, smoothing, &kinds, strengths).unwrap();
        Drawn::of(&jobs).words().0
    }

    #[test]
    fn the_picture_follows_the_kinds_and_strengths() {
        for (kinds, strengths, expected) in [
            (
                &[][..],
                &[][..],
                "First network: pgd l2 of strength 0.2, certified circles of sigma 0.25",
            ),
            (&["gaussian", "fgsm-linf"], &[], "First network: fgsm linf of strength 0.1"),
            (&["pgd"], &[0., 0.3], "First network: pgd l2 of strength 0.3"),
            (
                &["apgd-linf", "certified"],
                &[0., 0.5, 1.],
                "First network: apgd linf of strength 0.5, certified",
            ),
            (&["shifted"], &[], "First network: shifted of strength 3"),
            (&["certified-l2"], &[], "First network: certified circles of sigma 0.25"),
        ] {
            assert!(title(kinds, strengths).starts_with(expected), "{}", title(kinds, strengths));
        }
        assert_eq!(title(&["pgd"], &[0.]), "");
    }
}

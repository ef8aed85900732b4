//! A picture of an attack on points in the plane: where chosen points are moved, and how far around them a class is
//! certified.

use anyhow::{Context, Result};
use candle_core::Tensor;

use super::models::Model;
use crate::cli::described::{draw_of, task_of};
use crate::data::Samples;
use crate::experiment::{Schedule, boundary};
use crate::report::plot::Scene;
use crate::report::{AttackedPoint, PlaneOfAttack, attack_picture};
use crate::robust::{Attack, Contender, Norm, Pgd, Smoothing, certify};
use crate::task::{Hyper, View};

/// The size of the attack.
const SIZE: f64 = 0.2;

/// The number of chosen points.
const CHOSEN: usize = 12;

/// Draws the attack on the first network of each model; `None` for data that are no points in the plane.
///
/// # Errors
/// If a network fails.
pub(super) fn attacked(
    models: &[Model],
    contenders: &[Contender],
    smoothing: Smoothing,
) -> Result<Option<Scene>> {
    let mut panels = Vec::new();
    for (model, own) in models.iter().zip(contenders) {
        let Some(panel) = panel(model, own, smoothing)? else { return Ok(None) };
        panels.push(panel);
    }
    let title = format!(
        "An attack of L2 size {SIZE} (pgd) on the first network, and circles certified with sigma {}",
        smoothing.sigma
    );
    attack_picture(&title, &panels).map(Some)
}

fn panel(model: &Model, own: &Contender, smoothing: Smoothing) -> Result<Option<PlaneOfAttack>> {
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
    let moved = Pgd::new(Norm::L2).starts(5).apply(on, &rows, SIZE, 0)?;
    let [clean, fooled] = [&rows.xs, &moved].map(|xs| on.answers(xs, &rows));
    let wrong = |found: candle_core::Result<crate::robust::Answers>| -> Result<Vec<f32>> {
        Ok(found?.wrong.get(0)?.to_vec1()?)
    };
    let (clean, fooled) = (wrong(clean)?, wrong(fooled)?);
    let points = |xs: &Tensor| -> Result<Vec<Vec<f32>>> { Ok(xs.get(0)?.to_vec2()?) };
    let (before, after) = (points(&rows.xs)?, points(&moved)?);
    let labels: Vec<f32> = rows.ys.get(0)?.to_vec1()?;
    let chosen = chosen(&clean);
    let radii = radii(own, &chosen, smoothing)?;
    let point = |row: usize| {
        let at = |own: &[f32]| [f64::from(own[0]), f64::from(own[1])];
        let number = chosen.iter().position(|own| *own == row);
        AttackedPoint {
            clean: at(&before[row]),
            moved: number.map(|_| at(&after[row])),
            label: labels[row] as u32,
            fooled: fooled[row] != clean[row],
            radius: number.and_then(|number| radii[number]),
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

//! The pictures of a grid.

use anyhow::Result;

use super::sentences::{cell_name, variant_words};
use crate::experiment::{CellOutcome, GridOutcome, Record, sampled_epochs, statistic};
use crate::model::Placement;
use crate::report::plot::{self, Curve, Group, Scale, SpreadLine, SpreadPoint};
use crate::report::text::number;

/// A picture as a file and as part of the page.
pub struct Picture {
    /// Its file's name.
    pub name: &'static str,
    /// What it shows.
    pub caption: String,
    /// PNG.
    pub png: Vec<u8>,
}

/// The files that [`grid_pictures`] names.
pub const GRID_PICTURES: [&str; 4] =
    ["accuracy_by_stddev.png", "heatmap.png", "runs.png", "learning_curves.png"];

/// Accuracy against spread, the same as a heat map, the runs of each cell, and learning curves.
/// `records` has the runs of each cell.
///
/// # Errors
/// When a picture cannot be drawn.
pub fn grid_pictures(outcome: &GridOutcome, records: &[Vec<Record>]) -> Result<Vec<Picture>> {
    let drawn = [by_stddev(outcome)?, heatmap(outcome)?, runs(outcome)?, curves(outcome, records)?];
    let named = GRID_PICTURES.into_iter().zip(drawn);
    Ok(named.map(|(name, (caption, png))| Picture { name, caption, png }).collect())
}

/// Caption and PNG.
type Drawn = (String, Vec<u8>);

/// The experiment in a few words: `grid_search: 30 repeats, data seed 1`.
fn title(outcome: &GridOutcome) -> String {
    let grid = &outcome.settings;
    let data = match &grid.data_seeds[..] {
        [seed] => format!("data seed {seed}"),
        seeds => format!("each on {} data seeds", seeds.len()),
    };
    let repeats =
        if grid.repeats == 1 { "1 run".to_string() } else { format!("{} repeats", grid.repeats) };
    format!("{}: {repeats}, {data}", outcome.experiment)
}

/// The noisy cells of one placement and variant, and their baseline.
struct Line<'a> {
    name: String,
    baseline: Option<&'a CellOutcome>,
    noisy: Vec<&'a CellOutcome>,
}

fn lines<'a>(outcome: &'a GridOutcome) -> Vec<Line<'a>> {
    let cells = &outcome.cells;
    let noisy: Vec<&CellOutcome> = cells.iter().filter(|own| !own.cell.is_baseline()).collect();
    let alike = |a: &&CellOutcome, b: &&CellOutcome| {
        (a.cell.placement, a.cell.variant) == (b.cell.placement, b.cell.variant)
    };
    let line = |noisy: &[&'a CellOutcome]| {
        let first = noisy[0].cell;
        let placement = first.placement.map(|placement| placement.to_string());
        let words = placement.into_iter().chain(variant_words(outcome, &first));
        Line {
            name: words.collect::<Vec<_>>().join(", "),
            baseline: cells.iter().find(|own| own.cell == first.baseline()),
            noisy: noisy.to_vec(),
        }
    };
    noisy.chunk_by(alike).map(line).collect()
}

/// Test accuracy against spread; with several variants, whose baselines differ, what is gained.
fn by_stddev(outcome: &GridOutcome) -> Result<Drawn> {
    const MOST: usize = 10;
    let one_variant = outcome.settings.variants().count() == 1;
    let point = |own: &CellOutcome| {
        let (mean, interval) = if one_variant {
            let interval = own.test_interval.as_ref().map(|i| (i.low, i.high));
            (own.summary.test_accuracy.mean, interval)
        } else if own.cell.is_baseline() {
            (Some(0.), None)
        } else {
            let difference = own.difference.as_ref();
            (difference.map(|d| d.mean), difference.and_then(|d| d.low.zip(d.high)))
        };
        let (low, high) = interval.unwrap_or((f64::NAN, f64::NAN));
        SpreadPoint { stddev: own.cell.stddev, mean: mean.unwrap_or(f64::NAN), low, high }
    };
    let lines: Vec<(String, Vec<SpreadPoint>)> = lines(outcome)
        .into_iter()
        .take(MOST)
        .map(|line| (line.name, line.baseline.into_iter().chain(line.noisy).map(point).collect()))
        .collect();
    let lines: Vec<SpreadLine> =
        lines.iter().map(|(name, points)| SpreadLine { name, points }).collect();
    let (label, caption) = if one_variant {
        ("test accuracy, 95 % interval", "Mean test accuracy against the spread of the noise")
    } else {
        ("gain in test accuracy, 95 % interval", "Gain over the baseline against the spread")
    };
    let png = plot::spreads(&title(outcome), label, &lines)?;
    Ok((format!("{caption}, with 95 % bootstrap intervals."), png))
}

fn heatmap(outcome: &GridOutcome) -> Result<Drawn> {
    let lines = lines(outcome);
    let mut stddevs: Vec<f64> = outcome.settings.stddevs.iter().copied().chain([0.]).collect();
    stddevs.sort_by(f64::total_cmp);
    stddevs.dedup();
    let value = |line: &Line, stddev: f64| {
        let cells = line.baseline.iter().chain(&line.noisy);
        let own = cells.copied().find(|own| own.cell.stddev == stddev);
        own.and_then(|own| own.summary.test_accuracy.mean).unwrap_or(f64::NAN)
    };
    let value = &value;
    let values: Vec<f64> =
        lines.iter().flat_map(|line| stddevs.iter().map(move |&s| value(line, s))).collect();
    let rows: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
    let columns: Vec<String> = stddevs.iter().map(|&stddev| number(stddev)).collect();
    let png = plot::heatmap(&title(outcome), "test accuracy", &rows, &columns, &values)?;
    Ok(("Mean test accuracy by placement and spread; 0 is the baseline.".to_string(), png))
}

fn runs(outcome: &GridOutcome) -> Result<Drawn> {
    let kind = |placement: Option<Placement>| match placement {
        None => 6,
        Some(Placement::Input) => 0,
        Some(Placement::BeforeActivation) => 1,
        Some(Placement::AfterActivation | Placement::AfterPooling | Placement::BeforeDense) => 2,
    };
    let group = |own: &CellOutcome| {
        let values: Vec<f64> = own.runs.iter().filter_map(|run| run.test_accuracy).collect();
        (cell_name(outcome, &own.cell), kind(own.cell.placement), values)
    };
    let groups: Vec<(String, u32, Vec<f64>)> = outcome.cells.iter().map(group).collect();
    let groups: Vec<Group> =
        groups.iter().map(|(name, kind, values)| Group { name, kind: *kind, values }).collect();
    let png = plot::distribution(&title(outcome), "test accuracy", &groups)?;
    Ok(("The runs of each cell: a point a run, quartiles and median.".to_string(), png))
}

/// Mean test accuracy by epoch: of the best cell's variant the baseline and the best spread of each
/// placement.
fn curves(outcome: &GridOutcome, records: &[Vec<Record>]) -> Result<Drawn> {
    let score = |own: &CellOutcome| own.summary.test_accuracy.mean.unwrap_or(f64::NEG_INFINITY);
    let best = outcome.conclusion.as_ref().map(|conclusion| conclusion.choice.cell.variant);
    let variant = best.or(outcome.settings.variants().next());
    let own =
        outcome.cells.iter().zip(records).filter(|(own, _)| Some(own.cell.variant) == variant);
    let own: Vec<(&CellOutcome, &Vec<Record>)> = own.collect();
    let groups = own.chunk_by(|(a, _), (b, _)| a.cell.placement == b.cell.placement);
    let shown = groups.filter_map(|group| {
        group.iter().copied().reduce(|a, b| if score(b.0) > score(a.0) { b } else { a })
    });
    let epochs = sampled_epochs(outcome.settings.epochs);
    let mean = |records: &[Record], i: usize| {
        let values = records.iter().filter_map(|record| record.curves.test_accuracy.get(i));
        statistic(values.map(|x| f64::from(*x))).mean.unwrap_or(f64::NAN)
    };
    let means: Vec<(String, Vec<f64>)> = shown
        .map(|(own, records)| {
            let curve = (0..epochs.len()).map(|i| mean(records, i)).collect();
            (cell_name(outcome, &own.cell), curve)
        })
        .collect();
    let curves: Vec<Curve> = means
        .iter()
        .map(|(name, mean)| Curve { name, mean, std: None, epochs: Some(&epochs) })
        .collect();
    let png = plot::curves(&title(outcome), "test accuracy", Scale::Accuracy, &curves)?;
    let caption = "Mean test accuracy by epoch: the baseline, and each placement's best spread.";
    Ok((caption.to_string(), png))
}

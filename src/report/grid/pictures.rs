//! The pictures of a grid.

use anyhow::{Context, Result};

use super::lines::{
    Line, Lines, joined, mean_label, score_label, short_name, strength, strength_label,
};
use crate::experiment::{CellOutcome, Outcome, Record, folds_words, noise_name, sampled_epochs};
use crate::report::plot::{self, Curve, Group, Scale, Scene, SpreadLine, SpreadPoint};
use crate::stats::{number, statistic};

/// A picture, as a file and as part of the page.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its file name without the extension.
    pub name: &'static str,
    /// A description of the picture.
    pub caption: String,
    /// What it shows.
    pub scene: Scene,
}

/// The names of the pictures in [`grid_pictures`].
pub const GRID_PICTURES: [&str; 4] = ["accuracy_by_stddev", "heatmap", "runs", "learning_curves"];

/// Number of lines in a panel, as many as there are colours, and of panels in a picture.
const TOGETHER: usize = 10;
pub(in crate::report) const PANELS: usize = 24;
/// Number of cells of which the runs are drawn.
const GROUPS: usize = 100;

/// Draws the score against the strength, the same as a heat map, the runs of each cell, and the
/// learning curves, one after the other.
///
/// # Errors
/// If a picture cannot be drawn; the others still can.
pub fn grid_pictures(outcome: &Outcome) -> impl Iterator<Item = Result<Picture>> {
    let draw: [fn(&Outcome, &Lines) -> Result<Drawn>; 4] = [by_stddev, heatmap, runs, curves];
    let lines = Lines::new(outcome);
    GRID_PICTURES.into_iter().zip(draw).map(move |(name, draw)| {
        let (caption, scene) =
            draw(outcome, &lines).with_context(|| format!("{name} is missing"))?;
        Ok(Picture { name, caption, scene })
    })
}

/// The caption and the picture.
type Drawn = (String, Scene);

/// Returns a short title: `grid_search: 30 repeats, data seed 1`, of a table `grid_search: 5 folds × 10
/// repeats`.
fn title(outcome: &Outcome) -> String {
    let grid = &outcome.plan;
    if grid.is_of_table() {
        return format!("{}: {}", outcome.experiment, folds_words(grid));
    }
    let data = match &grid.data_seeds[..] {
        [seed] => format!("data seed {seed}"),
        seeds => format!("each on {} data seeds", seeds.len()),
    };
    let repeats =
        if grid.repeats == 1 { "1 run".to_string() } else { format!("{} repeats", grid.repeats) };
    format!("{}: {repeats}, {data}", outcome.experiment)
}

/// Returns the title of a picture of panels, which says so if some are left out.
fn title_of_some(outcome: &Outcome, lines: &Lines) -> String {
    let panels: usize = lines.panels.iter().map(|lines| lines.len().div_ceil(TOGETHER)).sum();
    let some =
        if panels > PANELS { format!(", {PANELS} of {panels} panels") } else { String::new() };
    title(outcome) + &some
}

/// Draws panels of at most as many lines as there are colours, each with its name. Returns those that a
/// picture takes, and a sentence about the others.
fn panels<T>(lines: &Lines, draw: impl Fn(&[Line]) -> Vec<T>) -> (Vec<(String, Vec<T>)>, String) {
    let mut panels: Vec<(String, Vec<T>)> = Vec::new();
    for lines in &lines.panels {
        for (part, own) in lines.chunks(TOGETHER).enumerate() {
            let several = lines.len() > TOGETHER;
            let more = if several { format!("part {}", part + 1) } else { String::new() };
            panels.push((joined([own[0].variant.clone(), more]), draw(own)));
        }
    }
    let left_out = match panels.len().saturating_sub(PANELS) {
        0 => String::new(),
        1 => " 1 more panel is left out; cells.csv has its figures.".to_string(),
        more => format!(" {more} more panels are left out; cells.csv has their figures."),
    };
    panels.truncate(PANELS);
    (panels, left_out)
}

/// Draws the test score against the strength, in a panel for each network and training size.
fn by_stddev(outcome: &Outcome, lines: &Lines) -> Result<Drawn> {
    let point = |own: &&CellOutcome| {
        let interval = own.test_interval.as_ref().map(|i| (i.low, i.high));
        let (low, high) = interval.unwrap_or((f64::NAN, f64::NAN));
        let mean = own.summary.get(&outcome.figure()).mean.unwrap_or(f64::NAN);
        SpreadPoint { stddev: strength(own), mean, low, high }
    };
    let line = |line: &Line| SpreadLine {
        name: line.noise.clone(),
        series: lines.series(line),
        points: line.baseline.iter().chain(&line.noisy).map(point).collect(),
    };
    let (panels, left_out) = panels(lines, |own| own.iter().map(line).collect());
    let has_intervals = outcome.cells.iter().any(|own| own.test_interval.is_some());
    let [interval, intervals] = match has_intervals {
        true => [", 95 % interval", ", with 95 % intervals"],
        false => [""; 2],
    };
    let label = format!("{}{interval}", mean_label(outcome));
    let title = title_of_some(outcome, lines);
    let scene = plot::spreads(&title, [&strength_label(outcome), &label], &panels);
    let metric = outcome.metric_name();
    let caption = format!("Mean {metric} by strength of the noise{intervals}.{left_out}");
    Ok((caption, scene))
}

fn heatmap(outcome: &Outcome, lines: &Lines) -> Result<Drawn> {
    let lines: Vec<&Line> = lines.panels.iter().flatten().collect();
    let cells = outcome.cells.iter().filter(|own| own.cell.rival.is_none());
    let mut stddevs: Vec<f64> = cells.map(strength).collect();
    stddevs.sort_by(f64::total_cmp);
    stddevs.dedup();
    let value = |line: &Line, stddev: f64| {
        let cells = line.baseline.iter().chain(&line.noisy);
        let own = cells.copied().find(|own| strength(own) == stddev);
        let mean = |own: &CellOutcome| own.summary.get(&outcome.figure()).mean;
        own.map_or(f64::NAN, |own| mean(own).unwrap_or(f64::INFINITY))
    };
    let value = &value;
    let values: Vec<f64> =
        lines.iter().flat_map(|line| stddevs.iter().map(move |&s| value(line, s))).collect();
    let rows: Vec<String> = lines.iter().map(|line| line.name()).collect();
    let columns: Vec<String> = stddevs.iter().map(|&stddev| number(stddev)).collect();
    let labels = [&*strength_label(outcome), &mean_label(outcome)];
    let names = [&columns[..], &rows];
    let scene = plot::heatmap(&title(outcome), labels, names, &values, outcome.better)?;
    let caption =
        format!("Mean {} by noise and strength; 0 is the baseline.", outcome.metric_name());
    Ok((caption, scene))
}

fn runs(outcome: &Outcome, lines: &Lines) -> Result<Drawn> {
    let figure = outcome.figure();
    let group = |own: &CellOutcome| {
        let values: Vec<f64> = own.runs.iter().filter_map(|run| run.get(&figure)).collect();
        let diverged = if values.is_empty() { " (diverged)" } else { "" };
        let name = short_name(&outcome.plan, &own.cell) + diverged;
        (name, lines.kind(own), values)
    };
    let groups: Vec<(String, plot::Kind, Vec<f64>)> = outcome.cells.iter().map(group).collect();
    let left_out = outcome.cells.len().saturating_sub(GROUPS);
    let more =
        if left_out > 0 { format!(", {GROUPS} of {} cells", groups.len()) } else { String::new() };
    let groups: Vec<Group> = groups
        .iter()
        .take(GROUPS)
        .map(|(name, kind, values)| Group { name, kind: *kind, values })
        .collect();
    let title = title(outcome) + &more;
    let scene = plot::distribution(&title, &score_label(outcome), &groups);
    Ok(("The runs of each cell: a point for each run, quartiles and median.".to_string(), scene))
}

/// Draws the mean test score by epoch, in a panel for each network and training size: the baseline and
/// the best strength of each noise.
fn curves(outcome: &Outcome, lines: &Lines) -> Result<Drawn> {
    let score = |own: &CellOutcome| own.summary.get(&outcome.figure()).mean;
    let is_better = |b: &CellOutcome, a: &CellOutcome| match (score(b), score(a)) {
        (Some(b), Some(a)) => outcome.better.is_better(b, a),
        (b, _) => b.is_some(),
    };
    let epochs = sampled_epochs(outcome.plan.epochs);
    let mean = |records: &[&Record], i: usize| {
        let values = records.iter().filter_map(|record| *record.curves.test_score.get(i)?);
        statistic(values.map(f64::from)).mean.unwrap_or(f64::NAN)
    };
    let curve = |own: &CellOutcome| {
        let cells = outcome.cells.iter().zip(&outcome.records);
        let records = cells.filter(|(other, _)| other.cell == own.cell);
        let records: Vec<&Record> = records.flat_map(|(_, records)| records).collect();
        Curve {
            name: noise_name(&own.cell.noise),
            kind: lines.kind(own),
            mean: (0..epochs.len()).map(|i| mean(&records, i)).collect(),
            std: None,
            epochs: Some(epochs.clone()),
        }
    };
    let drawn = |own: &[Line]| {
        let baseline = own.iter().find_map(|line| line.baseline);
        let best = own.iter().filter_map(|line| {
            let finished = line.noisy.iter().copied().filter(|own| score(own).is_some());
            finished.reduce(|a, b| if is_better(b, a) { b } else { a })
        });
        baseline.into_iter().chain(best).map(curve).collect()
    };
    let (panels, left_out) = panels(lines, drawn);
    let scale = if outcome.metric == "accuracy" { Scale::Accuracy } else { Scale::Loss };
    let title = title_of_some(outcome, lines);
    let scene = plot::curves(&title, &mean_label(outcome), scale, &panels);
    let caption = format!(
        "Mean {} by epoch: the baseline, and each noise's best strength.{left_out}",
        outcome.metric_name()
    );
    Ok((caption, scene))
}

//! The pictures of a grid.

use anyhow::{Context, Result};

use crate::experiment::{
    Cell, CellOutcome, Outcome, Record, cell_name, noise_name, place_name, sampled_epochs,
    strength_name, variant_words,
};
use crate::noise::NoiseSpec;
use crate::report::plot::{self, Curve, Group, Scale, SpreadLine, SpreadPoint};
use crate::stats::{number, statistic};

/// A picture, as a file and as part of the page.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its file name.
    pub name: &'static str,
    /// A description of the picture.
    pub caption: String,
    /// The PNG bytes.
    pub png: Vec<u8>,
}

/// The file names of the pictures in [`grid_pictures`].
pub const GRID_PICTURES: [&str; 4] =
    ["accuracy_by_stddev.png", "heatmap.png", "runs.png", "learning_curves.png"];

/// Draws the score against the strength, the same as a heat map, the runs of each cell, and the
/// learning curves, one after the other.
///
/// # Errors
/// If a picture cannot be drawn; the others still can.
pub fn grid_pictures(outcome: &Outcome) -> impl Iterator<Item = Result<Picture>> {
    let draw: [fn(&Outcome) -> Result<Drawn>; 4] = [by_stddev, heatmap, runs, curves];
    GRID_PICTURES.into_iter().zip(draw).map(|(name, draw)| {
        let (caption, png) = draw(outcome).with_context(|| format!("{name} is missing"))?;
        Ok(Picture { name, caption, png })
    })
}

/// The caption and the PNG bytes.
type Drawn = (String, Vec<u8>);

/// Returns a short title: `grid_search: 30 repeats, data seed 1`.
fn title(outcome: &Outcome) -> String {
    let grid = &outcome.plan;
    let data = match &grid.data_seeds[..] {
        [seed] => format!("data seed {seed}"),
        seeds => format!("each on {} data seeds", seeds.len()),
    };
    let repeats =
        if grid.repeats == 1 { "1 run".to_string() } else { format!("{} repeats", grid.repeats) };
    format!("{}: {repeats}, {data}", outcome.experiment)
}

/// The noisy cells that differ only in the strength of their last noise, with their baseline.
struct Line<'a> {
    name: String,
    baseline: Option<&'a CellOutcome>,
    noisy: Vec<&'a CellOutcome>,
}

fn lines<'a>(outcome: &'a Outcome) -> Vec<Line<'a>> {
    let noisy = outcome.cells.iter().filter(|own| !own.cell.is_baseline());
    let line = |noisy: Vec<&'a CellOutcome>| {
        let first = &noisy[0].cell;
        let fixed = first.noise.iter().rev().skip(1).rev();
        let fixed = fixed.map(|spec| noise_name(std::slice::from_ref(spec)));
        let places: Vec<String> = fixed.chain(first.noise.last().map(place_name)).collect();
        let words = [places.join(" & ")].into_iter().chain(variant_words(&outcome.plan, first));
        Line {
            name: words.collect::<Vec<_>>().join(", "),
            baseline: outcome.cells.iter().find(|own| own.cell == first.baseline()),
            noisy,
        }
    };
    grouped(noisy, |a, b| same_line(&a.cell, &b.cell)).into_iter().map(line).collect()
}

/// Returns whether two cells differ at most in the strength of their last noise.
fn same_line(a: &Cell, b: &Cell) -> bool {
    let fixed = |cell: &Cell| cell.noise[..cell.noise.len().saturating_sub(1)].to_vec();
    a.is_like(b) && fixed(a) == fixed(b)
}

/// Collects items that are alike, each group in the order of its first item.
fn grouped<T: Copy>(items: impl Iterator<Item = T>, alike: impl Fn(T, T) -> bool) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    for item in items {
        match groups.iter_mut().find(|group| alike(group[0], item)) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

/// Draws the test score against the strength. With several variants it draws the gain instead,
/// because the variants have different baselines.
fn by_stddev(outcome: &Outcome) -> Result<Drawn> {
    const MOST: usize = 10;
    let one_variant = outcome.plan.variants().count() == 1;
    let point = |own: &CellOutcome| {
        let (mean, interval) = if one_variant {
            let interval = own.test_interval.as_ref().map(|i| (i.low, i.high));
            (own.summary.get(&outcome.figure()).mean, interval)
        } else if own.cell.is_baseline() {
            (Some(0.), None)
        } else {
            let difference = own.difference.as_ref();
            (difference.map(|d| d.mean), difference.and_then(|d| d.low.zip(d.high)))
        };
        let (low, high) = interval.unwrap_or((f64::NAN, f64::NAN));
        SpreadPoint { stddev: strength(own), mean: mean.unwrap_or(f64::NAN), low, high }
    };
    let lines = lines(outcome);
    let left_out = match lines.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" {more} more lines are left out; cells.csv has them."),
    };
    let lines: Vec<(String, Vec<SpreadPoint>)> = lines
        .into_iter()
        .take(MOST)
        .map(|line| (line.name, line.baseline.into_iter().chain(line.noisy).map(point).collect()))
        .collect();
    let lines: Vec<SpreadLine> =
        lines.iter().map(|(name, points)| SpreadLine { name, points }).collect();
    let x_label = format!("{} of the noise", strength_name(&outcome.plan));
    let metric = outcome.metric_name();
    let (label, caption) = if one_variant {
        (
            format!("{metric}, 95 % interval"),
            format!("Mean {metric} against the spread of the noise"),
        )
    } else {
        let caption = "Gain over the baseline against the spread".to_string();
        (format!("gain in {metric}, 95 % interval"), caption)
    };
    let png = plot::spreads(&title(outcome), [&x_label, &label], &lines)?;
    Ok((format!("{caption}, with 95 % bootstrap intervals.{left_out}"), png))
}

/// Returns the strength of a cell's last noise, by which it has its place on a line.
fn strength(own: &CellOutcome) -> f64 {
    own.cell.noise.last().map_or(0., NoiseSpec::strength)
}

fn heatmap(outcome: &Outcome) -> Result<Drawn> {
    let lines = lines(outcome);
    let mut stddevs: Vec<f64> = outcome.cells.iter().map(strength).collect();
    stddevs.sort_by(f64::total_cmp);
    stddevs.dedup();
    let value = |line: &Line, stddev: f64| {
        let cells = line.baseline.iter().chain(&line.noisy);
        let own = cells.copied().find(|own| strength(own) == stddev);
        own.and_then(|own| own.summary.get(&outcome.figure()).mean).unwrap_or(f64::NAN)
    };
    let value = &value;
    let values: Vec<f64> =
        lines.iter().flat_map(|line| stddevs.iter().map(move |&s| value(line, s))).collect();
    let rows: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
    let columns: Vec<String> = stddevs.iter().map(|&stddev| number(stddev)).collect();
    let metric = outcome.metric_name();
    let png = plot::heatmap(&title(outcome), &metric, &rows, &columns, &values)?;
    Ok((format!("Mean {metric} by placement and spread; 0 is the baseline."), png))
}

fn runs(outcome: &Outcome) -> Result<Drawn> {
    let kind = |noise: &[NoiseSpec]| match noise.first().map(NoiseSpec::place) {
        None => 6,
        Some("input") => 0,
        Some("before-activation") => 1,
        Some(_) => 2,
    };
    let figure = outcome.figure();
    let group = |own: &CellOutcome| {
        let values: Vec<f64> = own.runs.iter().filter_map(|run| run.get(&figure)).collect();
        (cell_name(&outcome.plan, &own.cell), kind(&own.cell.noise), values)
    };
    let groups: Vec<(String, u32, Vec<f64>)> = outcome.cells.iter().map(group).collect();
    let groups: Vec<Group> =
        groups.iter().map(|(name, kind, values)| Group { name, kind: *kind, values }).collect();
    let png = plot::distribution(&title(outcome), &outcome.metric_name(), &groups)?;
    Ok(("The runs of each cell: a point a run, quartiles and median.".to_string(), png))
}

/// Draws the mean test score by epoch for the variant of the best cell: the baseline and the best
/// strength of each placement.
fn curves(outcome: &Outcome) -> Result<Drawn> {
    let score = |own: &CellOutcome| own.summary.get(&outcome.figure()).mean;
    let best = outcome.conclusion.as_ref().map(|conclusion| conclusion.choice.cell.variant);
    let variant = best.or(outcome.plan.variants().next());
    let own = outcome
        .cells
        .iter()
        .zip(&outcome.records)
        .filter(|(own, _)| Some(own.cell.variant) == variant);
    let own: Vec<(&CellOutcome, &Vec<Record>)> = own.collect();
    let groups = grouped(own.into_iter(), |(a, _), (b, _)| a.cell.is_like(&b.cell));
    let shown = groups.into_iter().filter_map(|group| {
        let is_better = |b: &CellOutcome, a: &CellOutcome| match (score(b), score(a)) {
            (Some(b), Some(a)) => outcome.better.is_better(b, a),
            (b, _) => b.is_some(),
        };
        group.iter().copied().reduce(|a, b| if is_better(b.0, a.0) { b } else { a })
    });
    let epochs = sampled_epochs(outcome.plan.epochs);
    let mean = |records: &[Record], i: usize| {
        let values = records.iter().filter_map(|record| *record.curves.test_score.get(i)?);
        statistic(values.map(f64::from)).mean.unwrap_or(f64::NAN)
    };
    let means: Vec<(String, Vec<f64>)> = shown
        .map(|(own, records)| {
            let curve = (0..epochs.len()).map(|i| mean(records, i)).collect();
            (cell_name(&outcome.plan, &own.cell), curve)
        })
        .collect();
    let curves: Vec<Curve> = means
        .iter()
        .map(|(name, mean)| Curve { name, mean, std: None, epochs: Some(&epochs) })
        .collect();
    let metric = outcome.metric_name();
    let scale = if outcome.metric == "accuracy" { Scale::Accuracy } else { Scale::Loss };
    let png = plot::curves(&title(outcome), &metric, scale, &curves)?;
    Ok((format!("Mean {metric} by epoch: the baseline, and each placement's best spread."), png))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;
    use crate::task::Circles;

    /// Every cell is on one line, at the strength that differs along it.
    #[test]
    fn joint_noises_are_lines_of_their_last_strength() -> Result<()> {
        let task = Circles::default();
        let mut experiment = Experiment::new(&task).plan(|plan| {
            (plan.epochs, plan.hidden) = (1, vec![2]);
        });
        let rows = ["input:0.1,0.2 & hidden:0.01,0.3", "input:0.1", "hidden:0.1", "input:0.3"];
        for row in rows {
            experiment = experiment.noise(row.parse()?);
        }
        let outcome = experiment.run()?;
        let lines = lines(&outcome);
        let found: Vec<(&str, Vec<f64>)> = lines
            .iter()
            .map(|line| (line.name.as_str(), line.noisy.iter().map(|own| strength(own)).collect()))
            .collect();
        let expected = [
            ("input 0.1 & before-activation", vec![0.01, 0.3]),
            ("input 0.2 & before-activation", vec![0.01, 0.3]),
            ("input", vec![0.1, 0.3]),
            ("before-activation", vec![0.1]),
        ];
        assert_eq!(found, expected);
        assert!(lines.iter().all(|line| line.baseline.is_some_and(|own| own.cell.is_baseline())));
        Ok(())
    }
}

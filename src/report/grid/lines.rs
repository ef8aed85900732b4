//! The cells of a grid as lines and panels of pictures, with names and colours.

use crate::experiment::{
    Cell, CellOutcome, Outcome, Plan, noise_name, place_name, remedy_name, strength_name,
};
use crate::noise::NoiseSpec;
use crate::report::plot::Kind;
use crate::stats::number;

/// The noisy cells that differ only in the strength of their last noise, with their baseline.
pub(super) struct Line<'a> {
    /// The places and kinds of the noise.
    pub noise: String,
    /// What distinguishes the network from those of other lines: `h=500, n=40`.
    pub variant: String,
    pub baseline: Option<&'a CellOutcome>,
    pub noisy: Vec<&'a CellOutcome>,
}

/// The lines of a grid, in panels of the same network and training size.
pub(super) struct Lines<'a> {
    pub panels: Vec<Vec<Line<'a>>>,
    /// The noises of the lines, then the rivals, each once: their order gives the colours.
    names: Vec<String>,
}

impl<'a> Lines<'a> {
    pub fn new(outcome: &'a Outcome) -> Self {
        let cells = outcome.cells.iter().filter(|own| own.cell.rival.is_none());
        let noisy = cells.filter(|own| !own.cell.is_baseline());
        let line = |noisy: Vec<&'a CellOutcome>| {
            let first = &noisy[0].cell;
            let fixed = first.noise.iter().rev().skip(1).rev();
            let fixed = fixed.map(|spec| noise_name(std::slice::from_ref(spec)));
            let places: Vec<String> = fixed.chain(first.noise.last().map(place_and_end)).collect();
            Line {
                noise: places.join(" & "),
                variant: variant_signs(&outcome.plan, first),
                baseline: outcome.cells.iter().find(|own| own.cell == first.baseline()),
                noisy,
            }
        };
        let lines = grouped(noisy, |a, b| same_line(&a.cell, &b.cell)).into_iter().map(line);
        let lines: Vec<Line> = lines.collect();
        let mut names: Vec<String> = Vec::new();
        let noises = lines.iter().map(|line| line.noise.clone());
        for name in noises.chain(outcome.plan.rivals.iter().map(|rival| rival.name().to_string())) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Self { panels: grouped(lines.into_iter(), |a, b| a.variant == b.variant), names }
    }

    /// Returns the number of the colour of a line.
    pub fn series(&self, line: &Line) -> u32 {
        self.number(&line.noise)
    }

    fn number(&self, name: &str) -> u32 {
        self.names.iter().position(|own| own == name).unwrap_or(0) as u32
    }

    /// Returns what a cell is drawn as.
    pub fn kind(&self, own: &CellOutcome) -> Kind {
        if let Some(rival) = &own.cell.rival {
            return Kind::Series(self.number(rival.name()));
        }
        let holds = |line: &&Line| line.noisy.iter().any(|other| other.cell == own.cell);
        let line = self.panels.iter().flatten().find(holds);
        line.map_or(Kind::Baseline, |line| Kind::Series(self.series(line)))
    }
}

impl Line<'_> {
    pub fn name(&self) -> String {
        joined([self.noise.clone(), self.variant.clone()])
    }
}

/// Returns the name of a noise without its first strength, which varies along a line.
fn place_and_end(spec: &NoiseSpec) -> String {
    let end = spec.last_strength().map(|end| format!(" to {}", number(end)));
    place_name(spec) + &end.unwrap_or_default()
}

/// Returns whether two cells differ at most in the strength of their last noise.
fn same_line(a: &Cell, b: &Cell) -> bool {
    let fixed = |cell: &Cell| cell.noise[..cell.noise.len().saturating_sub(1)].to_vec();
    a.is_like(b) && fixed(a) == fixed(b)
}

/// Collects items that are alike, each group in the order of its first item.
fn grouped<T>(items: impl Iterator<Item = T>, alike: impl Fn(&T, &T) -> bool) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    for item in items {
        match groups.iter_mut().find(|group| alike(&group[0], &item)) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

/// Returns the name of a cell in pictures: `input 0.1, h=500`.
pub(super) fn short_name(plan: &Plan, cell: &Cell) -> String {
    joined([remedy_name(cell), variant_signs(plan, cell)])
}

/// Joins the words that are not empty by commas.
pub(super) fn joined(words: [String; 2]) -> String {
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Returns what a cell has besides its noise, if the grid has several: `h=500, lr=0.001, n=40` for the
/// hidden units, the learning rate and the number of training rows.
fn variant_signs(plan: &Plan, cell: &Cell) -> String {
    let variant = &cell.variant;
    let signs = [
        (plan.hidden.len(), format!("h={}", variant.hidden)),
        (plan.learning_rates.len(), format!("lr={}", number(variant.learning_rate))),
        (plan.train_sizes.len(), format!("n={}", variant.train_size)),
    ];
    let signs = signs.into_iter().filter(|(count, _)| *count > 1).map(|(_, sign)| sign);
    signs.collect::<Vec<_>>().join(", ")
}

/// Returns the strength of a cell's last noise, by which it has its place on a line.
pub(super) fn strength(own: &CellOutcome) -> f64 {
    own.cell.noise.last().map_or(0., NoiseSpec::strength)
}

/// Returns the label of the strength.
pub(super) fn strength_label(outcome: &Outcome) -> String {
    match strength_name(&outcome.plan) {
        "stddev" => "stddev of the noise (units of the noisy layer's input)".to_string(),
        name => format!("{name} of the noise"),
    }
}

/// Returns the label of the test score with its unit: `test accuracy (share of rows)`.
pub(super) fn score_label(outcome: &Outcome) -> String {
    let unit = if outcome.metric == "accuracy" { " (share of rows)" } else { "" };
    format!("{}{unit}", outcome.metric_name())
}

/// Returns the label of the mean test score: `test accuracy (share of rows), mean of 30 runs`.
pub(super) fn mean_label(outcome: &Outcome) -> String {
    let counts = || outcome.cells.iter().map(|own| own.runs.len());
    let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    let of = match (least, most) {
        (1, 1) => return score_label(outcome),
        (least, most) if least == most => format!("{most} runs"),
        (least, most) => format!("{least} to {most} runs"),
    };
    format!("{}, mean of {of}", score_label(outcome))
}

//! Names of cells, noises and splits, and numbers with their signs.

use crate::experiment::plan::{Cell, Plan};
use crate::noise::NoiseSpec;
use crate::stats::{Interval, decimals, number};

/// The splits of a table: `5 folds × 10 repeats`, `10 splits`, `10 repeats on one split`.
pub fn folds_words(plan: &Plan) -> String {
    let repeats = |n: usize| if n == 1 { "1 repeat".to_string() } else { format!("{n} repeats") };
    match (plan.folds, plan.repeats) {
        (None | Some(1), 1) => "1 split".to_string(),
        (None, n) => format!("{} on one split", repeats(n)),
        (Some(1), splits) => format!("{splits} splits"),
        (Some(folds), n) => format!("{folds} folds × {}", repeats(n)),
    }
}

/// A cell in a few words: `baseline`, `input 0.1`, `early stopping`, with what else differs in the grid.
pub fn cell_name(plan: &Plan, cell: &Cell) -> String {
    let remedy = [remedy_name(cell)].into_iter();
    remedy.chain(variant_words(plan, cell)).collect::<Vec<_>>().join(", ")
}

/// What a cell does against overfitting in a few words: its rival of noise, or its noises.
pub fn remedy_name(cell: &Cell) -> String {
    cell.rival.as_ref().map_or_else(|| noise_name(&cell.noise), ToString::to_string)
}

/// The noises of a cell in a few words: `baseline`, `input 0.1 & before-activation dropout 0.3`.
pub fn noise_name(noise: &[NoiseSpec]) -> String {
    let name = |spec: &NoiseSpec| format!("{} {}", place_name(spec), number(spec.strength()));
    match noise {
        [] => "baseline".to_string(),
        noise => noise.iter().map(name).collect::<Vec<_>>().join(" & "),
    }
}

/// Place and kind of a noise, the kind left out if the place makes one expect it: `input`, `labels`, `input
/// dropout`.
pub fn place_name(spec: &NoiseSpec) -> String {
    match spec.kind() {
        NoiseSpec::GAUSSIAN | NoiseSpec::FLIP => spec.place().to_string(),
        kind => format!("{} {kind}", spec.place()),
    }
}

/// What the strengths of a plan's noise are: standard deviations if all of it is Gaussian.
pub fn strength_name(plan: &Plan) -> &'static str {
    let is_gaussian = |spec: &NoiseSpec| spec.kind() == NoiseSpec::GAUSSIAN;
    if plan.noise.iter().flatten().all(is_gaussian) { "stddev" } else { "strength" }
}

/// What a cell has besides its noise, if the grid has several: `100 hidden`.
pub fn variant_words(plan: &Plan, cell: &Cell) -> Vec<String> {
    let variant = &cell.variant;
    let words = [
        (plan.hidden.len(), format!("{} hidden", variant.hidden)),
        (plan.learning_rates.len(), format!("learning rate {}", number(variant.learning_rate))),
        (plan.train_sizes.len(), format!("{} training points", variant.train_size)),
    ];
    words.into_iter().filter(|(count, _)| *count > 1).map(|(_, word)| word).collect()
}

/// An interval of differences: `+0.026 to +0.040`. An end has more decimals than asked for if it would
/// otherwise seem to be 0 or on its other side.
pub fn range(low: f64, high: f64, decimals: usize) -> String {
    range_beside(Interval { low, high }, decimals, 0.)
}

/// An interval of differences whose ends are also told apart from ± `margin`.
pub(super) fn range_beside(interval: Interval, decimals: usize, margin: f64) -> String {
    let Interval { low, high } = interval;
    let marks = [-margin, 0., margin];
    let decimals = [low, high].map(|end| telling(end, decimals, &marks)).into_iter().max();
    let decimals = decimals.unwrap_or_default();
    format!("{} to {}", signed(low, decimals), signed(high, decimals))
}

/// Returns the decimals, at least `decimals`, with which a number lies on the same side of all marks as it
/// does exactly.
fn telling(x: f64, decimals: usize, marks: &[f64]) -> usize {
    const MORE: usize = 6;
    let rounded = |decimals: usize| format!("{x:.decimals$}").parse().unwrap_or(x);
    let tells = |decimals: &usize| {
        let seen: f64 = rounded(*decimals);
        marks.iter().all(|mark| seen.partial_cmp(mark) == x.partial_cmp(mark))
    };
    (decimals..=decimals + MORE).find(tells).unwrap_or(decimals)
}

/// A difference with its sign; one that rounds to 0 is `+0.000`.
pub fn signed(difference: f64, decimals: usize) -> String {
    let text = format!("{difference:+.decimals$}");
    let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'+' | b'0' | b'.'));
    if is_zero { text.replace('-', "+") } else { text }
}

/// What a mean difference does, and by how much: `raises` and `0.034`; one that rounds to 0 `changes`
/// something by `+0.000`.
pub(super) fn change(mean: f64, decimals: usize) -> (&'static str, String) {
    let text = format!("{:.decimals$}", mean.abs());
    match mean {
        _ if text.bytes().all(|byte| matches!(byte, b'0' | b'.')) => {
            ("changes", signed(mean, decimals))
        }
        0.0.. => ("raises", text),
        _ => ("lowers", text),
    }
}

/// A margin without zeros at its end: `0.01`.
pub(super) fn margin_number(margin: f64) -> String {
    let text = format!("{margin:.*}", decimals(margin));
    let short = text.trim_end_matches('0');
    if short.ends_with('.') { number(margin) } else { short.to_string() }
}

/// A p-value: `p = 0.031`, `p < 0.001`.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_string() } else { format!("p = {}", p_number(p)) }
}

/// Returns the decimals, at least `decimals`, with which two numbers that differ look different.
pub(super) fn telling_apart(a: f64, b: f64, decimals: usize) -> usize {
    const MORE: usize = 3;
    let differ = |decimals: &usize| format!("{a:.0$}", *decimals) != format!("{b:.0$}", *decimals);
    (decimals..=decimals + MORE).find(differ).unwrap_or(decimals)
}

/// A p-value of at least 0.001 with three decimals, or more if it would seem to be 0.05: `0.0496`.
pub fn p_number(p: f64) -> String {
    format!("{p:.*}", telling(p, 3, &[0.05]))
}

/// A number with commas between thousands: `1,797`.
pub(super) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let first = (digits.len() + 2) % 3 + 1;
    let rest = digits.as_bytes()[first..].chunks(3).map(String::from_utf8_lossy);
    [digits[..first].into()].into_iter().chain(rest).collect::<Vec<_>>().join(",")
}

/// A number of things in words: `1 setting`, `15 settings`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", thousands(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_commas() {
        let texts = [0, 12, 999, 1797, 12_345, 1_000_000].map(thousands);
        assert_eq!(texts, ["0", "12", "999", "1,797", "12,345", "1,000,000"]);
    }

    #[test]
    fn what_decides_is_not_rounded_away() {
        assert_eq!(range(0.0004, 0.0496, 3), "+0.0004 to +0.0496");
        assert_eq!(range(-0.0123, 0., 3), "-0.012 to +0.000");
        let beside = |low, high| range_beside(Interval { low, high }, 3, 0.01);
        assert_eq!(beside(-0.02, 0.01004), "-0.02000 to +0.01004");
        assert_eq!(beside(-0.01, 0.002), "-0.010 to +0.002");
        assert_eq!([0.0496, 0.05, 0.0312].map(p_number), ["0.0496", "0.050", "0.031"]);
    }
}

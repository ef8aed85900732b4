//! Names of cells, noises and splits, and numbers with their signs.

use crate::experiment::plan::{Cell, Plan};
use crate::noise::NoiseSpec;
use crate::stats::{Digits, Interval, number};

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
    let name = |spec: &NoiseSpec| format!("{} {}", place_name(spec), strength_words(spec));
    match noise {
        [] => "baseline".to_string(),
        noise => noise.iter().map(name).collect::<Vec<_>>().join(" & "),
    }
}

/// Place, kind and options of a noise, the kind left out if the place makes one expect it: `input`, `labels`,
/// `input dropout`, `input relative`.
pub fn place_name(spec: &NoiseSpec) -> String {
    let kind =
        Some(spec.kind()).filter(|kind| ![NoiseSpec::GAUSSIAN, NoiseSpec::FLIP].contains(kind));
    let names = [spec.place()].into_iter().chain(kind).map(str::to_string);
    names.chain(spec.options()).collect::<Vec<_>>().join(" ")
}

/// The strength of a noise, under a schedule with that of the last epoch: `0.1`, `0.3..0.03`.
pub fn strength_words(spec: &NoiseSpec) -> String {
    let last = spec.last_strength().map(|last| format!("..{}", number(last)));
    number(spec.strength()) + &last.unwrap_or_default()
}

/// What the strengths of a plan's noise are: standard deviations if all of it is Gaussian.
pub fn strength_name(plan: &Plan) -> &'static str {
    // On gradients the strength is a variance.
    let is_gaussian = |spec: &NoiseSpec| {
        spec.kind() == NoiseSpec::GAUSSIAN && spec.place() != NoiseSpec::GRADIENTS
    };
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

/// An interval of differences: `+0.026 to +0.040`. An end has more digits than asked for if it would
/// otherwise seem to be 0 or on its other side.
pub fn range(interval: Interval, digits: Digits) -> String {
    range_beside(interval, digits, 0.)
}

/// An interval of differences whose ends are also told apart from ± `margin`.
pub(super) fn range_beside(interval: Interval, digits: Digits, margin: f64) -> String {
    let ends = [interval.low, interval.high];
    let marks = [-margin, 0., margin];
    let is_told = |digits: Digits| ends.iter().all(|end| tells(digits, *end, &marks));
    let digits = first_digits(digits, is_told);
    ends.map(|end| digits.signed(end)).join(" to ")
}

/// Returns whether a number as it is written lies on the same side of all marks as it does exactly.
fn tells(digits: Digits, x: f64, marks: &[f64]) -> bool {
    let seen = digits.rounded(x);
    marks.iter().all(|mark| seen.partial_cmp(mark) == x.partial_cmp(mark))
}

/// Returns as few digits as are good, at least those given; those given if too many were needed.
fn first_digits(digits: Digits, is_good: impl Fn(Digits) -> bool) -> Digits {
    const MORE: usize = 6;
    (0..=MORE).map(|more| digits.more(more)).find(|own| is_good(*own)).unwrap_or(digits)
}

/// What a mean difference does, and by how much: `raises` and `0.034`; one that rounds to 0 `changes`
/// something by `+0.000`.
pub(super) fn change(mean: f64, digits: Digits) -> (&'static str, String) {
    match digits.rounded(mean) {
        0. => ("changes", digits.signed(mean)),
        0.0.. => ("raises", digits.text(mean)),
        _ => ("lowers", digits.text(-mean)),
    }
}

/// A margin without zeros at its end: `0.01`.
pub fn margin_number(margin: f64) -> String {
    number(Digits::of(margin).rounded(margin))
}

/// A p-value: `p = 0.031`, `p < 0.001`.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_string() } else { format!("p = {}", p_number(p)) }
}

/// Returns the digits, at least those given, with which two numbers that differ look different.
pub(super) fn telling_apart(a: f64, b: f64, digits: Digits) -> Digits {
    first_digits(digits, |own| a == b || own.text(a) != own.text(b))
}

/// A p-value of at least 0.001 with three decimals, or more if it would seem to be 0.05: `0.0496`.
pub fn p_number(p: f64) -> String {
    first_digits(Digits::Decimals(3), |own| tells(own, p, &[0.05])).text(p)
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
        let three = Digits::Decimals(3);
        let between = |low, high| range(Interval { low, high }, three);
        assert_eq!(between(0.0004, 0.0496), "+0.0004 to +0.0496");
        assert_eq!(between(-0.0123, 0.), "-0.012 to +0.000");
        let beside = |low, high| range_beside(Interval { low, high }, three, 0.01);
        assert_eq!(beside(-0.02, 0.01004), "-0.02000 to +0.01004");
        assert_eq!(beside(-0.01, 0.002), "-0.010 to +0.002");
        assert_eq!([0.0496, 0.05, 0.0312].map(p_number), ["0.0496", "0.050", "0.031"]);
    }

    #[test]
    fn large_units_have_powers_of_ten() {
        let digits = Digits::of(2.5e12);
        let interval = Interval { low: -1.2e9, high: 2.5001e10 };
        assert_eq!(range_beside(interval, digits, 2.5e10), "-1.2000e9 to +2.5001e10");
        assert_eq!(change(-3.2e10, digits), ("lowers", "3.20e10".to_string()));
        assert_eq!(change(0., digits), ("changes", "+0".to_string()));
        assert_eq!(
            [0.01, 0.029_61, 2.5e10, 2., 1e-7].map(margin_number),
            ["0.01", "0.03", "2.5e10", "2", "1e-7"]
        );
    }
}

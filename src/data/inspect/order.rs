//! Targets that follow the order of the rows.

use rayon::prelude::*;

use crate::data::split::Split;
use crate::data::table::{Table, TargetValues, Warning, WarningKind};
use crate::data::words::shown;

/// Standard errors from what random orders give: 1 of 3 million orders is as far on one side.
const ERRORS: f64 = 5.;
/// A weaker correlation is of no account, however certain.
const WEAK: f64 = 0.1;

/// Warns if the target is correlated with the number of the row, or that of a row with that of the next
/// one. Splits by groups or times take this into account.
pub fn warning(table: &Table, split: &Split) -> Option<Warning> {
    if matches!(split, Split::Grouped { .. } | Split::Time { .. }) {
        return None;
    }
    let target = table.target.as_ref()?;
    let name = shown(&target.name);
    let what = match &target.values {
        TargetValues::Classes { names, labels } => of_classes(&name, names, labels),
        TargetValues::Numbers(values) => of_numbers(&name, values),
    };
    let text = format!(
        "{}; if that is the order of time, --time COLUMN tests on the later rows, and if neighbours \
         belong together, --group COLUMN keeps them in one fold",
        what?
    );
    Some(Warning::new(WarningKind::RowOrder, text))
}

fn of_classes(target: &str, names: &[String], labels: &[u32]) -> Option<String> {
    let runs = Runs::of(labels, names.len());
    if runs.found == runs.fewest && runs.is_strong() {
        return Some(format!("the rows are sorted by the target {target}"));
    }
    let (class, r) = strongest_class(labels, names.len())?;
    if is_strong(r, labels.len()) {
        let (class, end) = (shown(&names[class]), if r < 0. { "early" } else { "late" });
        return Some(format!(
            "class {class} of the target {target} is in {end} rows: its correlation with the row \
             number is {r:.2}"
        ));
    }
    runs.is_strong().then(|| {
        format!(
            "neighbouring rows have the same {target}: it changes {} times from row to row, {:.0} times \
             in a random order",
            runs.found - 1,
            runs.mean - 1.
        )
    })
}

/// Returns whether a correlation with the row number is neither chance nor weak. In random orders its
/// variance is 1/(n − 1).
fn is_strong(r: f64, rows: usize) -> bool {
    r.abs() >= WEAK && r.abs() * (rows as f64 - 1.).sqrt() >= ERRORS
}

/// The number of runs of one class.
struct Runs {
    found: usize,
    /// If the rows were sorted.
    fewest: usize,
    /// In a random order.
    mean: f64,
    variance: f64,
}

impl Runs {
    /// Counts the runs. Their mean and variance are those of Barton and David (1957).
    fn of(labels: &[u32], classes: usize) -> Self {
        let n = labels.len() as f64;
        let mut rows = vec![0.; classes];
        labels.iter().for_each(|label| rows[*label as usize] += 1.);
        let power = |k| rows.iter().map(|count: &f64| count.powi(k)).sum::<f64>();
        let (squares, cubes) = (power(2), power(3));
        let variance = squares * (squares + n * (n + 1.)) - 2. * n * cubes - n.powi(3);
        Self {
            found: labels.chunk_by(|a, b| a == b).count(),
            fewest: rows.iter().filter(|count| **count > 0.).count(),
            mean: 1. + (n * n - squares) / n,
            variance: variance / (n * n * (n - 1.)),
        }
    }

    fn is_strong(&self) -> bool {
        let lacking = self.mean - self.found as f64;
        lacking >= WEAK * (self.mean - 1.) && lacking >= ERRORS * self.variance.sqrt()
    }
}

/// Returns the class whose membership is most correlated with the row number, and that correlation.
fn strongest_class(labels: &[u32], classes: usize) -> Option<(usize, f64)> {
    let n = labels.len() as f64;
    let mut sums = vec![[0.; 2]; classes];
    for (row, label) in labels.iter().enumerate() {
        let [count, sum] = &mut sums[*label as usize];
        (*count, *sum) = (*count + 1., *sum + row as f64);
    }
    // r² (n - 1) = z², where the mean row number of n₁ rows has the variance (n + 1)(n - n₁) / (12 n₁).
    let correlation = |[count, sum]: [f64; 2]| {
        let off = sum / count - (n - 1.) / 2.;
        off / ((n + 1.) * (n - count) / (12. * count)).sqrt() / (n - 1.).sqrt()
    };
    let all = sums.into_iter().map(correlation).enumerate();
    all.filter(|(_, r)| r.is_finite()).max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
}

fn of_numbers(target: &str, values: &[f64]) -> Option<String> {
    let n = values.len();
    if values.is_sorted() || values.iter().rev().is_sorted() {
        return is_strong(1., n).then(|| format!("the rows are sorted by the target {target}"));
    }
    let ranks = ranks(values);
    let middle = (n as f64 - 1.) / 2.;
    let squares: f64 = ranks.iter().map(|rank| (rank - middle).powi(2)).sum();
    let rows: f64 = (0..n).map(|row| (row as f64 - middle).powi(2)).sum();
    let products = |a: &mut dyn Iterator<Item = f64>| {
        ranks.iter().zip(a).map(|(rank, other)| (rank - middle) * (other - middle)).sum::<f64>()
    };
    let r = products(&mut (0..n).map(|row| row as f64)) / (squares * rows).sqrt();
    if is_strong(r, n) {
        let verb = if r < 0. { "falls" } else { "rises" };
        return Some(format!(
            "the target {target} {verb} with the row number: their rank correlation is {r:.2}"
        ));
    }
    let next = products(&mut ranks.iter().skip(1).copied()) / squares;
    (next > 0. && is_strong(next, n)).then(|| {
        format!(
            "neighbouring rows have similar {target}: the rank correlation of a row with the next one \
             is {next:.2}"
        )
    })
}

/// Returns the ranks of numbers from 0, equal ones having their mean rank.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<(f64, usize)> = values.iter().copied().zip(0..).collect();
    sorted.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![0.; values.len()];
    let mut first = 0;
    for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
        let rank = first as f64 + (equal.len() as f64 - 1.) / 2.;
        equal.iter().for_each(|(_, row)| ranks[*row] = rank);
        first += equal.len();
    }
    ranks
}

//! A holdout that is scikit-learn's `train_test_split`, row for row.

use candle_core::{Result, bail};

use crate::data::RandomState;
use crate::data::table::TargetValues;

/// Splits ascending rows into those that stay and `count` that are taken: `train_test_split(rows,
/// test_size=count, random_state=seed)`, with `stratify` for classes.
pub(super) fn take(
    target: &TargetValues,
    rows: &[usize],
    count: usize,
    seed: u32,
) -> Result<[Vec<usize>; 2]> {
    let mut random = RandomState::new(seed);
    let (values, taken) = match target {
        TargetValues::Classes { names, labels } => {
            let members = members(names.len(), labels, rows);
            if rows.len() - count < members.len() {
                bail!(
                    "expected at least {} training rows for {0} classes, received {}",
                    members.len(),
                    rows.len() - count
                )
            }
            (labels.len(), stratified(members, count, &mut random))
        }
        TargetValues::Numbers(values) => {
            let mut order = rows.to_vec();
            random.shuffle(&mut order);
            order.truncate(count);
            (values.len(), order)
        }
    };
    let mut is_taken = vec![false; values];
    taken.into_iter().for_each(|row| is_taken[row] = true);
    let (taken, stay) = rows.iter().partition(|row| is_taken[**row]);
    Ok([stay, taken])
}

/// Refuses rows to judge by that cannot hold a row of each class, or leave none for training;
/// messages call their number the size `name`.
pub(super) fn check(target: &TargetValues, rows: &[usize], count: usize, name: &str) -> Result<()> {
    let TargetValues::Classes { names, labels } = target else { return Ok(()) };
    let members = members(names.len(), labels, rows);
    if let Some(rows) = members.iter().find(|rows| rows.len() < 2) {
        let class = &names[labels[rows[0]] as usize];
        bail!(
            "expected at least 2 rows of each class for {name} rows, received 1 of class '{class}'"
        )
    }
    if count < members.len() {
        bail!(
            "expected a {name} size of at least {} for {0} classes, received {count}",
            members.len()
        )
    }
    Ok(())
}

/// Returns the rows of each class that has any, in the order of the classes.
fn members(classes: usize, labels: &[u32], rows: &[usize]) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); classes];
    for &row in rows {
        members[labels[row] as usize].push(row);
    }
    members.retain(|rows| !rows.is_empty());
    members
}

/// Returns `count` rows, the test rows of `StratifiedShuffleSplit` before their last shuffle.
fn stratified(members: Vec<Vec<usize>>, count: usize, random: &mut RandomState) -> Vec<usize> {
    let sizes: Vec<usize> = members.iter().map(Vec::len).collect();
    let kept = likely_counts(&sizes, sizes.iter().sum::<usize>() - count, random);
    let left: Vec<usize> = sizes.iter().zip(&kept).map(|(size, kept)| size - kept).collect();
    // All that are left are taken, but scikit-learn draws for ties here, too.
    likely_counts(&left, count, random);
    let mut taken = Vec::with_capacity(count);
    for (mut order, kept) in members.into_iter().zip(kept) {
        random.shuffle(&mut order);
        taken.extend(&order[kept..]);
    }
    taken
}

/// Returns how many of `draws` rows come from each class: its share rounded down, and one more
/// where most was lost by rounding, among equals at random. This is `_approximate_mode`.
fn likely_counts(sizes: &[usize], draws: usize, random: &mut RandomState) -> Vec<usize> {
    let all = sizes.iter().sum::<usize>() as f64;
    let shares = sizes.iter().map(|size| *size as f64 / all * draws as f64);
    let (mut counts, lost): (Vec<usize>, Vec<f64>) =
        shares.map(|share| (share.floor() as usize, share - share.floor())).unzip();
    let mut missing = draws - counts.iter().sum::<usize>();
    let mut values = lost.clone();
    values.sort_unstable_by(|a, b| b.total_cmp(a));
    values.dedup();
    for value in values {
        if missing == 0 {
            break;
        }
        let mut equals: Vec<usize> =
            (0..lost.len()).filter(|class| lost[*class] == value).collect();
        random.shuffle(&mut equals);
        equals.truncate(missing);
        missing -= equals.len();
        equals.into_iter().for_each(|class| counts[class] += 1);
    }
    counts
}

//! Folds that are scikit-learn's, row for row.

use candle_core::{Result, bail};

use crate::data::RandomState;

/// Returns the test rows of each fold of `KFold(folds, shuffle=True, random_state=seed)`.
pub(super) fn plain(rows: usize, folds: usize, seed: u32) -> Result<Vec<Vec<usize>>> {
    check(folds)?;
    if folds > rows {
        bail!("expected at least {folds} rows for {folds} folds, received {rows}")
    }
    Ok(rows_of_folds(&shuffled(rows, folds, seed), folds))
}

/// Returns the test rows of each fold of `StratifiedKFold(folds, shuffle=True, random_state=seed)`.
/// Each class must have as many rows as there are folds, which scikit-learn only warns of.
pub(super) fn stratified(
    names: &[String],
    labels: &[u32],
    folds: usize,
    seed: u32,
) -> Result<Vec<Vec<usize>>> {
    check(folds)?;
    let mut members = vec![Vec::new(); names.len()];
    for (row, &label) in labels.iter().enumerate() {
        members[label as usize].push(row);
    }
    let classes = members.iter().zip(names).filter(|(rows, _)| !rows.is_empty());
    match classes.min_by_key(|(rows, _)| rows.len()) {
        None => bail!("expected at least {folds} rows for {folds} folds, received 0"),
        Some((rows, name)) if rows.len() < folds => bail!(
            "expected at least {folds} rows of each class for {folds} folds, received {} of class \
             '{name}'",
            rows.len()
        ),
        Some(_) => {}
    }
    // The classes in the order of their first rows, which deal out their rows one after another.
    members.retain(|rows| !rows.is_empty());
    members.sort_unstable_by_key(|rows| rows[0]);
    let mut random = RandomState::new(seed);
    let (mut dealt, mut fold_of_row) = (0, vec![0; labels.len()]);
    for rows in members {
        let mut fold_of_member: Vec<usize> =
            (dealt..dealt + rows.len()).map(|i| i % folds).collect();
        dealt += rows.len();
        fold_of_member.sort_unstable();
        random.shuffle(&mut fold_of_member);
        for (row, fold) in rows.into_iter().zip(fold_of_member) {
            fold_of_row[row] = fold;
        }
    }
    Ok(rows_of_folds(&fold_of_row, folds))
}

/// Refuses fewer than two folds.
pub(super) fn check(folds: usize) -> Result<()> {
    if folds < 2 {
        bail!("expected at least 2 folds, received {folds}")
    }
    Ok(())
}

/// Returns the rows of each fold in ascending order.
pub(super) fn rows_of_folds(fold_of_row: &[usize], folds: usize) -> Vec<Vec<usize>> {
    let mut tests = vec![Vec::new(); folds];
    for (row, &fold) in fold_of_row.iter().enumerate() {
        tests[fold].push(row);
    }
    tests
}

/// Returns the fold of each item: as many shuffled items in each fold, and one more in the first ones
/// if the number of items requires it.
pub(super) fn shuffled(items: usize, folds: usize, seed: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..items).collect();
    RandomState::new(seed).shuffle(&mut order);
    let (short, longer) = (items / folds, items % folds);
    let sizes = (0..folds).map(|fold| short + usize::from(fold < longer));
    let folds = sizes.enumerate().flat_map(|(fold, size)| std::iter::repeat_n(fold, size));
    let mut fold_of_item = vec![0; items];
    order.into_iter().zip(folds).for_each(|(item, fold)| fold_of_item[item] = fold);
    fold_of_item
}

//! Splits: which rows of a table train, and which test.
//!
//! The same table, split and seed always give the same rows. Folds and holdouts are those of
//! scikit-learn 1.9, row for row.

mod folds;
mod groups;
mod holdout;
mod parts;
mod size;
mod times;

use candle_core::{Result, bail};

pub use parts::{Parts, TrainRows};
pub use size::Size;

use super::table::{Cells, Column, Table, TargetValues};

/// How the rows of a table become training and test rows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Split {
    /// This number of folds: `StratifiedKFold(K, shuffle=True, random_state=seed)` for classes,
    /// `KFold(…)` for numbers.
    Folds(usize),
    /// One holdout of this size: `train_test_split(test_size=…, random_state=seed)`, with
    /// `stratify` for classes.
    Holdout(Size),
    /// Folds that keep groups together: `GroupKFold(K, shuffle=True, random_state=seed)`.
    Grouped {
        /// The group of each row, which need not be an input.
        groups: Column,
        /// The number of folds.
        folds: usize,
    },
    /// Tests on the later rows. Rows of the same time stay together, so the test set may be larger
    /// than asked for. The seed does not matter.
    Time {
        /// The time of each row, which need not be an input: numbers, or texts in one form of
        /// ISO 8601.
        times: Column,
        /// The size of the test set.
        test: Size,
    },
    /// Tests on these rows, such as those of a test file.
    Given(Vec<usize>),
    /// Trains on all rows and tests on none, as for the model that will predict.
    Everything,
}

/// How many rows of a fold train and validate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sizes {
    /// The number of training rows, drawn by the seed from those without the validation rows, with
    /// the classes in proportion. All by default.
    pub train: Option<usize>,
    /// The size of the validation rows, taken out of the training rows as the split takes test rows:
    /// whole groups, the later rows, or by the seed with the classes in proportion. None by default.
    pub validation: Option<Size>,
}

impl Split {
    /// Returns the rows of each fold; there is one unless the split has folds.
    ///
    /// # Errors
    /// If the table has no target; there are fewer than 2 folds; a class, the groups or the table
    /// are too small for the folds; a size leaves no training rows or no row of each class; or a
    /// time or a group is missing. The error names the class, the column or the row.
    pub fn parts(&self, table: &Table, sizes: &Sizes, seed: u32) -> Result<Vec<Parts>> {
        let target = target(table)?;
        let tests = self.tests(table, target, seed)?;
        tests.into_iter().map(|test| self.fold(table, target, test, sizes, seed)).collect()
    }

    /// Returns the test rows of each fold in ascending order.
    fn tests(&self, table: &Table, target: &TargetValues, seed: u32) -> Result<Vec<Vec<usize>>> {
        let rows = table.rows.len();
        match (self, target) {
            (Self::Folds(folds), TargetValues::Classes { names, labels }) => {
                folds::stratified(names, labels, *folds, seed)
            }
            (Self::Folds(folds), TargetValues::Numbers(_)) => folds::plain(rows, *folds, seed),
            (Self::Grouped { groups, folds }, _) => {
                check_cells(groups, table, "group")?;
                groups::folds(groups, *folds, seed)
            }
            (Self::Holdout(size), _) | (Self::Time { test: size, .. }, _) => {
                let all: Vec<usize> = (0..rows).collect();
                let [_, test] = self.take(table, target, &all, *size, "test", seed)?;
                Ok(vec![test])
            }
            (Self::Given(test), _) => Ok(vec![given(test, rows)?]),
            (Self::Everything, _) if rows == 0 => {
                bail!("expected a table with rows, received none")
            }
            (Self::Everything, _) => Ok(vec![Vec::new()]),
        }
    }

    /// Returns the parts of a fold with these test rows.
    fn fold(
        &self,
        table: &Table,
        target: &TargetValues,
        test: Vec<usize>,
        sizes: &Sizes,
        seed: u32,
    ) -> Result<Parts> {
        let mut others = test.iter().copied().peekable();
        let all = 0..table.rows.len();
        let mut train: Vec<usize> = all.filter(|row| others.next_if_eq(row).is_none()).collect();
        let mut validation = Vec::new();
        if let Some(size) = sizes.validation {
            [train, validation] = self.take(table, target, &train, size, "validation", seed)?;
        }
        match sizes.train {
            Some(count) if count == 0 || count > train.len() => bail!(
                "expected a train size of 1 to {} rows, the others being for validation and test, \
                 received {count}",
                train.len()
            ),
            Some(count) if count < train.len() => {
                [train, _] = holdout::take(target, &train, train.len() - count, seed)?;
            }
            _ => {}
        }
        Ok(Parts { train: TrainRows::new(train), validation, test })
    }

    /// Splits rows into those that stay for training, and some to judge by, in the manner of the
    /// split; messages call the size of the latter `name`.
    fn take(
        &self,
        table: &Table,
        target: &TargetValues,
        rows: &[usize],
        size: Size,
        name: &str,
        seed: u32,
    ) -> Result<[Vec<usize>; 2]> {
        let count = size.of(rows.len(), name)?;
        match self {
            Self::Grouped { groups, .. } => groups::take(groups, rows, count, seed),
            Self::Time { times, .. } => {
                check_cells(times, table, "time")?;
                times::take_later(times, rows, count)
            }
            Self::Folds(_) | Self::Holdout(_) | Self::Given(_) | Self::Everything => {
                holdout::check(target, rows, count, name)?;
                holdout::take(target, rows, count, seed)
            }
        }
    }
}

/// Returns the values of the target, one for each row.
fn target(table: &Table) -> Result<&TargetValues> {
    let Some(target) = &table.target else {
        bail!("expected a table with a target to split, received one without")
    };
    let values = match &target.values {
        TargetValues::Numbers(values) => values.len(),
        TargetValues::Classes { names, labels } => {
            if let Some(label) = labels.iter().find(|label| **label as usize >= names.len()) {
                bail!(
                    "column '{}': expected class numbers below {}, received {label}",
                    target.name,
                    names.len()
                )
            }
            labels.len()
        }
    };
    let rows = table.rows.len();
    if values != rows {
        bail!("column '{}': expected {rows} values, received {values}", target.name)
    }
    Ok(&target.values)
}

/// Refuses a column that does not have one cell for each row. Messages call a cell `what`.
fn check_cells(column: &Column, table: &Table, what: &str) -> Result<()> {
    let (cells, missing) = match &column.cells {
        Cells::Numbers(values) => (values.len(), values.iter().position(|x| x.is_nan())),
        Cells::Categories { names, codes } => {
            if let Some(code) = codes.iter().flatten().find(|code| **code as usize >= names.len()) {
                bail!(
                    "column '{}': expected category numbers below {}, received {code}",
                    column.name,
                    names.len()
                )
            }
            (codes.len(), codes.iter().position(Option::is_none))
        }
    };
    let rows = table.rows.len();
    if cells != rows {
        bail!(
            "column '{}': expected a {what} for each of {rows} rows, received {cells}",
            column.name
        )
    }
    if let Some(row) = missing {
        bail!(
            "column '{}': expected a {what} in each row, received a missing value in row {}",
            column.name,
            table.rows[row]
        )
    }
    Ok(())
}

/// Returns given test rows in ascending order.
fn given(test: &[usize], rows: usize) -> Result<Vec<usize>> {
    let mut sorted = test.to_vec();
    sorted.sort_unstable();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        bail!("expected each test row once, received row {} more than once", twice[0])
    }
    if let Some(row) = sorted.last().filter(|row| **row >= rows) {
        bail!("expected test rows below {rows}, received {row}")
    }
    Size::Rows(sorted.len()).of(rows, "test")?;
    Ok(sorted)
}

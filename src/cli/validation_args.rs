//! Flags for validation and early stopping, and how many rows they leave for training.

use anyhow::anyhow;
use clap::Args;

use super::exit::Failure;
use super::parse::within;
use crate::experiment::Plan;
use crate::task::Rows;
use crate::train::EarlyStopping;

/// Flags for validation and early stopping.
#[derive(Args, Clone, Debug)]
pub struct ValidationArgs {
    /// Number of validation points between the training and the test points [default: 0; with
    /// --early-stopping the number of training points, but at most half of the other points, or a
    /// fifth of the points outside the test set if all would be training points]
    #[arg(long, value_name = "N", value_parser = within(0..=1_000_000usize))]
    validation_size: Option<usize>,
    /// Stop a run early if its validation loss has not fallen for this many epochs
    #[arg(long, value_name = "PATIENCE", value_parser = within(1..=10_000_000usize))]
    early_stopping: Option<usize>,
    /// Restore the weights of the epoch with the lowest validation loss
    #[arg(long, requires = "early_stopping")]
    restore_best: bool,
    /// Watch the test loss instead of the validation loss; the test accuracy is then optimistic
    #[arg(long, requires = "early_stopping", conflicts_with = "validation_size")]
    validate_on_test: bool,
}

impl ValidationArgs {
    /// Returns the rule of early stopping, if there is one.
    pub(super) fn early_stopping(&self) -> Option<EarlyStopping> {
        let mut rule = EarlyStopping::new(self.early_stopping?);
        (rule.restore_best, rule.on_test) = (self.restore_best, self.validate_on_test);
        Some(rule)
    }

    /// Returns how many validation rows there are.
    pub(super) fn rows(&self) -> ValidationRows {
        match (self.validation_size, self.early_stopping) {
            (Some(rows), _) => ValidationRows::Given(rows),
            (None, Some(_)) if !self.validate_on_test => ValidationRows::Needed,
            (None, _) => ValidationRows::Given(0),
        }
    }
}

/// How many validation rows there are.
#[derive(Clone, Copy, Debug)]
pub(super) enum ValidationRows {
    /// This number.
    Given(usize),
    /// As many as early stopping needs: the number of training rows, but at most half of the others, or a
    /// fifth of the training rows if there are no others.
    Needed,
}

impl ValidationRows {
    /// Returns the numbers of training rows, as many as `given` or by default, and the number of validation
    /// rows beside the most of them. The plan is that of a task with its own settings.
    ///
    /// # Errors
    /// If a table has fewer rows.
    pub fn split(
        self,
        given: &[usize],
        plan: &Plan,
        rows: Rows,
    ) -> Result<(Vec<usize>, usize), Failure> {
        let all = plan.train_sizes[0];
        let (default, validation) = if plan.is_of_table() {
            // Validation rows are some of the training rows of a fold.
            let validation = self.of_training_rows(all);
            check_train_sizes(given, validation, all)?;
            (all.saturating_sub(validation), validation)
        } else {
            let validation = self.beside(given.iter().copied().max(), all, rows);
            (all.min(rows.trainable().saturating_sub(validation)).max(1), validation)
        };
        let train_sizes = if given.is_empty() { vec![default] } else { given.to_vec() };
        Ok((train_sizes, validation))
    }

    /// Returns the number of validation rows that are taken out of this many training rows.
    fn of_training_rows(self, train: usize) -> usize {
        match self {
            Self::Given(validation) => validation,
            Self::Needed => train.div_ceil(5),
        }
    }

    /// Returns the number of validation rows beside as many training rows as asked for, or up to the
    /// task's `default`.
    fn beside(self, train: Option<usize>, default: usize, rows: Rows) -> usize {
        let all = rows.all.saturating_sub(rows.test.unwrap_or(0));
        let wanted = train.unwrap_or(default);
        match (self, train, all.saturating_sub(wanted)) {
            (Self::Given(validation), ..) => validation,
            (Self::Needed, None, 0) => self.of_training_rows(all),
            (Self::Needed, _, others) => wanted.min(others / 2),
        }
    }
}

/// Checks that a table has the training and validation rows that flags ask for, among the `all` training
/// rows of a split.
fn check_train_sizes(given: &[usize], validation: usize, all: usize) -> Result<(), Failure> {
    let most = all.saturating_sub(validation);
    if most == 0 {
        return Err(Failure::Usage(anyhow!(
            "--validation-size: expected fewer than the {all} training rows of a split, received \
             {validation}"
        )));
    }
    match given.iter().find(|size| **size > most) {
        Some(size) => Err(Failure::Usage(anyhow!(
            "--train-size: expected at most {most} of the {all} training rows of a split, of which \
             {validation} are for validation, received {size}"
        ))),
        None => Ok(()),
    }
}

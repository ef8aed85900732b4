//! Batches of a single row before a `BatchNorm`: the variance of one number is undefined, and its
//! running statistic would be NaN.

use candle_core::{Result, Var, bail};
use candle_nn::VarMap;

use super::finite::finite_replicas;
use super::options::TrainOptions;
use crate::data::Samples;
use crate::nn::sorted_vars;

/// The running variances of a model that sees a batch of a single row in each epoch. A row of several
/// numbers a channel, such as an image, is none the worse for it.
pub(super) struct LoneRow {
    variances: Vec<(String, Var)>,
    text: String,
}

impl LoneRow {
    /// Returns the check for the end of the first epoch; none if there is no such batch.
    ///
    /// # Errors
    /// If a row is a vector, where a channel has a single number.
    pub fn of(varmap: &VarMap, train: &Samples, options: &TrainOptions) -> Result<Option<Self>> {
        let (rows, batch_size) = (train.rows(), options.batch_size);
        let is_variance = |name: &str| name.rsplit('.').next() == Some("running_var");
        let mut variances = sorted_vars(varmap);
        variances.retain(|(name, _)| is_variance(name));
        let last = options.rows_used(rows) % batch_size.max(1);
        if variances.is_empty() || (batch_size != 1 && last != 1) {
            return Ok(None);
        }
        let text = match batch_size {
            1 => "batches of one row: choose a batch_size above 1".to_string(),
            _ if rows == 1 => "one training row".to_string(),
            _ => format!(
                "a last batch of one row, as {rows} rows leave it: choose another batch_size than \
                 {batch_size}, or drop_last"
            ),
        };
        let lone = Self { variances, text };
        let (xs, _) = train.range(0, 1)?;
        match xs.rank() - usize::from(train.replica_axis()) {
            2 => bail!("{}", lone.message(&lone.variances[0].0)),
            _ => Ok(Some(lone)),
        }
    }

    /// Checks the running variances after an epoch. This copies them to the host.
    pub fn check(&self) -> Result<()> {
        for (name, var) in &self.variances {
            if finite_replicas(std::slice::from_ref(var), 1)? != [true] {
                bail!("{}", self.message(name))
            }
        }
        Ok(())
    }

    fn message(&self, name: &str) -> String {
        format!(
            "{name} is a variance: expected two or more rows in each batch, received {}",
            self.text
        )
    }
}

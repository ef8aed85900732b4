//! Flags for a table of one's own.

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::exit::Failure;
use super::experiment_args::Job;
use super::format_args::FormatArgs;
use super::parse::within;
use super::terminal::tell;
use crate::data::inspect::inspect;
use crate::data::split::{Size, Split};
use crate::data::table::{Column, ColumnChoice, ReadOptions, Table, TargetKind};
use crate::experiment::Plan;
use crate::model::Activation;
use crate::task::Tabular;

/// Flags for a table, which need `--data` and `--target` unless they are those of other files, too.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Own table")]
pub struct TableArgs {
    /// Column of --data to predict: classes or numbers
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// Number of folds; each row is a test row in one of them [default: 5]
    #[arg(long, value_name = "K", requires = "target", value_parser = within(2..=1000usize), conflicts_with_all = ["test_size", "time"])]
    folds: Option<usize>,
    /// Test on one holdout instead of folds: a number of rows, or a share such as 0.2; for images and
    /// sequences the number of test rows
    #[arg(long, value_name = "SIZE")]
    pub test_size: Option<Size>,
    /// Keep all rows with one value of this column in the same fold
    #[arg(long, value_name = "COLUMN", requires = "target", conflicts_with_all = ["test_size", "time"])]
    group: Option<String>,
    /// Test on the later rows by this column, a fifth of them unless --test-size is given
    #[arg(long, value_name = "COLUMN", requires = "target")]
    time: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
    /// What to do with a column: drop, keep, category or number; repeat the flag for several
    #[arg(long = "column", value_name = "NAME=CHOICE", requires = "target")]
    columns: Vec<ColumnRule>,
    /// What the target is: classes or numbers [default: what fits]
    #[arg(long, value_name = "KIND", requires = "target")]
    target_kind: Option<TargetKind>,
    /// What follows each hidden layer
    #[arg(long, value_name = "NAME", requires = "target", default_value = "relu", value_parser = PossibleValuesParser::new(Activation::ALL.map(Activation::name)).map(activation))]
    activation: Activation,
    /// Primary metric, such as accuracy, roc_auc or nll for classes, rmse or mae for numbers
    #[arg(long, value_name = "METRIC", requires = "target")]
    metric: Option<String>,
}

/// A column and what to do with it.
#[derive(Clone, Debug, PartialEq)]
struct ColumnRule(String, ColumnChoice);

impl FromStr for ColumnRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A name may have an equals sign, a choice has none.
        let Some((name, choice)) = text.rsplit_once('=') else {
            return Err(format!("expected NAME=drop, keep, category or number, received '{text}'"));
        };
        Ok(Self(name.to_string(), choice.parse()?))
    }
}

impl TableArgs {
    /// Reads the table and returns its task, with the widths of hidden layers after the first. What was
    /// decided about the table is told unless `quiet` is set; its warnings are only kept.
    ///
    /// # Errors
    /// If the file is no table, or the flags do not fit it.
    pub fn job(&self, file: &Path, layers: &[usize], quiet: bool) -> Result<Job, Failure> {
        let target = self.target.as_deref().unwrap_or_default();
        let (mut table, mut reading) = Table::read(file, &self.options(target))?;
        if !quiet {
            reading.decisions.iter().for_each(|line| tell(line));
        }
        let split = self.split(&mut table)?;
        inspect(&mut reading, &table, &split);
        let hint = match split {
            Split::Folds(_) => "; fewer --folds or another --target-kind may fit",
            _ => "",
        };
        let task = Tabular::new(table, split)
            .map_err(|error| anyhow!("{}: {error}{hint}", file.display()))?;
        let task = task.layers(layers.to_vec()).activation(self.activation);
        let task = match &self.metric {
            Some(name) => {
                task.metric(name).map_err(|error| Failure::Usage(anyhow!("--metric: {error}")))?
            }
            None => task,
        };
        let plan = Plan { files: vec![file.to_path_buf()], ..Plan::of(&task) };
        Ok(Job { task: Box::new(task), plan, reading: Some(reading) })
    }

    fn options(&self, target: &str) -> ReadOptions {
        let kind = self.target_kind.unwrap_or_default();
        let mut options =
            ReadOptions::default().format(self.format.format()).target(target).target_kind(kind);
        for name in self.group.iter().chain(&self.time) {
            options = options.column(name, ColumnChoice::Keep);
        }
        for ColumnRule(name, choice) in &self.columns {
            options = options.column(name, *choice);
        }
        options
    }

    /// Returns the split. The column of groups or times is no input.
    fn split(&self, table: &mut Table) -> Result<Split> {
        let folds = self.folds.unwrap_or(5);
        Ok(match (&self.group, &self.time, self.test_size) {
            (Some(name), ..) => Split::Grouped { groups: taken(table, "--group", name)?, folds },
            (None, Some(name), size) => Split::Time {
                times: taken(table, "--time", name)?,
                test: size.unwrap_or(Size::Share(0.2)),
            },
            (None, None, Some(size)) => Split::Holdout(size),
            (None, None, None) => Split::Folds(folds),
        })
    }
}

/// Returns the activation of a name.
fn activation(name: String) -> Activation {
    let found = Activation::ALL.into_iter().find(|own| own.name() == name);
    found.unwrap_or_default()
}

/// Takes a column out of the inputs.
fn taken(table: &mut Table, flag: &str, name: &str) -> Result<Column> {
    let found = table.columns.iter().position(|column| column.name == name);
    let place = found.with_context(|| {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        format!("{flag}: expected one of the columns {}, received {name}", names.join(", "))
    })?;
    anyhow::ensure!(
        table.columns.len() > 1,
        "{flag}: expected further columns to predict from, received {name} alone"
    );
    Ok(table.columns.remove(place))
}

//! Flags for a table of one's own.

use std::path::{Path, PathBuf};
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
use crate::data::prepared::{Preparation, Unknown};
use crate::data::split::{Size, Split};
use crate::data::table::{
    Column, ColumnChoice, ReadOptions, Reading, Rows, Schema, Table, TargetKind,
};
use crate::experiment::Plan;
use crate::model::Activation;
use crate::task::{Tabular, Task};

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
    /// Table of test rows, with the columns of --data by name; further columns are ignored
    #[arg(long, value_name = "FILE", requires = "target", conflicts_with_all = ["folds", "test_size", "group", "time"])]
    test_data: Option<PathBuf>,
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
    /// Reads the table, and that of test rows, and returns their task, with the widths of hidden layers
    /// after the first. What was decided about them is told unless `quiet` is set; warnings are only kept.
    ///
    /// # Errors
    /// If the file is no table, or the flags do not fit it.
    pub fn job(&self, file: &Path, layers: &[usize], quiet: bool) -> Result<Job, Failure> {
        let target = self.target.as_deref().unwrap_or_default();
        let files: Vec<PathBuf> =
            [file].into_iter().chain(self.test_data.as_deref()).map(Path::to_path_buf).collect();
        if files.iter().filter(|file| *file == Path::new("-")).count() > 1 {
            return Err(Failure::Usage(anyhow!(
                "--test-data: expected a file beside --data -, received standard input twice"
            )));
        }
        let (table, mut reading) = Table::read(file, &self.options(target))?;
        let told = |lines: &[String], of: &str| {
            lines.iter().filter(|_| !quiet).for_each(|line| tell(&format!("{of}{line}")));
        };
        told(&reading.decisions, "");
        let (table, split, of_test) = self.split(table)?;
        inspect(&mut reading, &table, &split);
        let hint = match split {
            Split::Folds(_) => "; fewer --folds or another --target-kind may fit",
            _ => "",
        };
        let task = Tabular::new(table, split)
            .map_err(|error| anyhow!("{}: {error}{hint}", file.display()))?;
        if let Some(mut of_test) = of_test {
            of_test.decisions.extend(unknown(&task).map_err(anyhow::Error::from)?);
            told(&of_test.decisions, &format!("{}: ", of_test.file));
            reading.test_file = Some(Box::new(of_test));
        }
        let task = task.layers(layers.to_vec()).activation(self.activation);
        let task = match &self.metric {
            Some(name) => {
                task.metric(name).map_err(|error| Failure::Usage(anyhow!("--metric: {error}")))?
            }
            None => task,
        };
        let plan = Plan { files, ..Plan::of(&task) };
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

    /// Returns the split with the table that it splits: rows of a test file follow the others, and a
    /// column of groups or times is no input.
    fn split(&self, mut table: Table) -> Result<(Table, Split, Option<Reading>)> {
        if let Some(file) = &self.test_data {
            let first = table.rows.len();
            let schema = Schema::of(&table);
            let (test, reading) =
                Table::read_as(file, &schema, Rows::Labelled, &self.format.format())?;
            let table = table.followed_by(&test)?;
            let split = Split::Given((first..table.rows.len()).collect());
            return Ok((table, split, Some(reading)));
        }
        let folds = self.folds.unwrap_or(5);
        let split = match (&self.group, &self.time, self.test_size) {
            (Some(name), ..) => {
                Split::Grouped { groups: taken(&mut table, "--group", name)?, folds }
            }
            (None, Some(name), size) => Split::Time {
                times: taken(&mut table, "--time", name)?,
                test: size.unwrap_or(Size::Share(0.2)),
            },
            (None, None, Some(size)) => Split::Holdout(size),
            (None, None, None) => Split::Folds(folds),
        };
        Ok((table, split, None))
    }
}

/// Returns a sentence for each column in which test rows have categories that the training rows lack.
fn unknown(task: &Tabular) -> candle_core::Result<Vec<String>> {
    let rows = task.rows_of(&task.draw())?;
    let test = Preparation::fit(task.table(), &rows.train)?.apply(task.table(), &rows.test)?;
    let sentence = |Unknown { column, cells }: &Unknown| {
        format!(
            "column '{column}': {cells} of {} test rows have categories that the training rows lack, \
             which become zeros",
            rows.test.len()
        )
    };
    Ok(test.unknown.iter().map(sentence).collect())
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

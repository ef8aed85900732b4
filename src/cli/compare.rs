//! The `compare` program: finished experiments side by side.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Result, anyhow, bail, ensure};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::answer_args::MarginArgs;
use super::args::{Format, OutputArgs, PlotFormat};
use super::compare_pictures::draw;
use super::contents::{Begin, Contents};
use super::exit::Failure;
use super::finished::Finished;
use super::folder::Claimed;
use super::results::Results;
use super::terminal::command_line;
use crate::experiment::{Comparison, Run, compare_runs};
use crate::report;

/// The file of all figures.
const COMPARISON: &str = "comparison.json";

/// The most experiments that have room side by side.
const MOST: usize = 6;

/// Files that the program writes.
pub(super) const FILES: [&str; 10] = [
    COMPARISON,
    "comparison.txt",
    "comparison.md",
    "comparison.tex",
    "accuracy.png",
    "accuracy.svg",
    "loss.png",
    "loss.svg",
    "boundary.png",
    "boundary.svg",
];

/// Flags of the program.
#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// Two to six folders of finished experiments on the same rows, the baseline first
    #[arg(required = true, num_args = 1.., value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Form of the table on standard output, which is also written as comparison.txt, .md or .tex
    #[arg(long, value_name = "FORM", default_value = "text")]
    table: TableForm,
    #[command(flatten)]
    margin: MarginArgs,
    /// Folder for the results [default: runs/compare]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Start over: remove the results that the folder holds
    #[arg(long)]
    fresh: bool,
    /// Do not draw pictures
    #[arg(long)]
    no_plots: bool,
    /// Format of the pictures
    #[arg(long, value_name = "FORMAT", default_value = "png", conflicts_with = "no_plots")]
    plot_format: PlotFormat,
}

/// The form of a table.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum TableForm {
    /// At most 80 columns, with what it says in sentences
    Text,
    /// A table of GitHub's Markdown
    Markdown,
    /// A tabular of LaTeX with the rules of booktabs
    Latex,
}

/// Compares finished experiments on the same rows run by run, prints their figures and draws them side by
/// side.
///
/// # Errors
/// If a folder holds no finished experiment or is given twice, the experiments are on other rows, have
/// other metrics or no run in common, or a part of the results cannot be written.
pub fn run_compare(args: &CompareArgs) -> Result<(), Failure> {
    let count = args.folders.len();
    if !(2..=MOST).contains(&count) {
        return Err(Failure::Usage(anyhow!(
            "expected 2 to {MOST} folders of finished experiments, received {count}"
        )));
    }
    let read = |folder: &PathBuf| Finished::read(folder);
    let experiments = args.folders.iter().map(read).collect::<Result<Vec<_>>>()?;
    check(&experiments)?;
    let experiments: Vec<(String, Finished)> =
        names(&experiments).into_iter().zip(experiments).collect();
    let margin = args.margin.of(&experiments[0].1.metric)?;
    let found = compared(&experiments, margin)?;
    let output = OutputArgs {
        out: args.out.clone(),
        fresh: args.fresh,
        no_plots: args.no_plots,
        plot_format: args.plot_format,
        quiet: true,
        format: Format::Text,
    };
    let names: Vec<&String> = experiments.iter().map(|(name, _)| name).collect();
    let settings = json!({ "task": "compare", "experiments": names });
    let contents = Contents::new("compare", settings, None);
    let out = output.folder("compare");
    for (_, own) in &experiments {
        if own.is_in(&out) {
            return Err(Failure::Usage(anyhow!(
                "--out: expected a folder of its own, received that of an experiment, {}",
                out.display()
            )));
        }
    }
    let Claimed { folder, lock: _lock, .. } = output.claim(&contents, &FILES, Begin::Over)?;
    let mut results = Results::new(folder);
    results.describe(&contents);
    let (name, table) = args.table.of(&experiments, &found);
    results.print(table.as_bytes());
    results.write(COMPARISON, report::comparison_json(&found, &command_line(), &args.folders));
    results.write(name, Ok(table.into_bytes()));
    results.remove_others(&FILES);
    if !args.no_plots {
        draw(&experiments, args.plot_format, &mut results);
    }
    Ok(results.finish()?)
}

impl TableForm {
    /// Returns the name of the file and its content.
    fn of(self, experiments: &[(String, Finished)], found: &Comparison) -> (&'static str, String) {
        match self {
            Self::Text => {
                let line = |(name, own): &(String, Finished)| {
                    report::wrapped(&format!("{name}. {}", own.line()))
                };
                let lines: String = experiments.iter().map(line).collect();
                ("comparison.txt", format!("{lines}\n{}", report::comparison_text(found)))
            }
            Self::Markdown => ("comparison.md", report::comparison_markdown(found)),
            Self::Latex => ("comparison.tex", report::comparison_latex(found)),
        }
    }
}

/// Compares experiments with the first one.
fn compared(experiments: &[(String, Finished)], margin: Option<f64>) -> Result<Comparison> {
    let (_, first) = &experiments[0];
    let runs = |(name, own): &(String, Finished)| (name.clone(), own.runs.clone());
    let runs: Vec<(String, Vec<Run>)> = experiments.iter().map(runs).collect();
    let found = compare_runs(&first.judge(margin)?, &runs);
    for ((_, own), compared) in experiments.iter().zip(&found.experiments) {
        if compared.unmatched.is_some_and(|alone| alone.own == compared.runs) {
            bail!(
                "expected runs of the same seeds, received seeds {} in {} and {} in {}",
                first.seeds_words(),
                first.folder.display(),
                own.seeds_words(),
                own.folder.display()
            )
        }
    }
    Ok(found)
}

/// Checks that experiments can stand side by side.
fn check(experiments: &[Finished]) -> Result<()> {
    for (index, own) in experiments.iter().enumerate() {
        let first = &experiments[0];
        let folder = own.folder.display();
        ensure!(!own.runs.is_empty(), "{folder}: expected finished runs, received none");
        let mut pairs = HashSet::new();
        if let Some(run) = own.runs.iter().find(|run| !pairs.insert(run.pair())) {
            bail!("{folder}: expected each run once, received that of seed {} twice", run.seed)
        }
        first.check_same_rows(own)?;
        ensure!(
            own.metric == first.metric,
            "expected experiments of one metric, received {} and {}",
            first.metric,
            own.metric
        );
        for other in &experiments[..index] {
            let is_twice = own.is_in(&other.folder);
            ensure!(!is_twice, "expected each folder once, received {folder} twice");
        }
    }
    Ok(())
}

/// Returns the names of experiments. Equal names, and names so long that a panel would shorten them, include
/// the folder.
fn names(experiments: &[Finished]) -> Vec<String> {
    const LONGEST: usize = 45;
    let plain: Vec<String> = experiments.iter().map(Finished::name).collect();
    let is_alone = |name: &String| plain.iter().filter(|other| *other == name).count() == 1;
    let name = |(own, name): (&Finished, &String)| match is_alone(name) {
        true if name.chars().count() <= LONGEST => name.clone(),
        _ => format!("{name} ({})", own.folder.display()),
    };
    // A folder's name may contain control characters.
    let shown = |name: String| name.replace(char::is_control, " ");
    experiments.iter().zip(&plain).map(name).map(shown).collect()
}

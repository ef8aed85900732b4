//! `--tensorboard DIR`: the curves of each run, for TensorBoard.
//!
//! A run has one file in a folder of its own, `DIR/CELL/RUN`. A cell is the name of a program, or the
//! noise of a cell of a grid. Equal curves give equal bytes: a file is left alone if it has them, continued
//! if it has the first of them, as after `--resume` with more epochs, and replaced otherwise.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::experiment::{Cell, Plan, Record, Run, Store, Trained, variant_words};
use crate::files;
use crate::report::{EVENTS, Scalars};

const MISSING: &str = "the curves for TensorBoard are missing";

/// The flag for TensorBoard.
#[derive(Args, Clone, Debug)]
pub struct TensorboardArgs {
    /// Also write the curves of each run to this folder, for TensorBoard
    #[arg(long = "tensorboard", value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl TensorboardArgs {
    /// Makes the folder, so that one that cannot be used fails before training.
    ///
    /// # Errors
    /// If it cannot be made or written to.
    pub(super) fn check(&self) -> Result<()> {
        let folder = self.folder.as_deref();
        folder.map_or(Ok(()), |own| files::create_folder(own, &[]).context("--tensorboard"))
    }

    /// Writes the curves of the runs of a training program, if they are asked for.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(super) fn write_runs(&self, program: &str, metric: &str, trained: &Trained) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut runs = trained.runs.iter().zip(&trained.histories);
        let cell = folder.join(program);
        runs.try_for_each(|(run, own)| write(&cell, run, &Scalars::of_history(metric, own)))
            .context(MISSING)
    }

    /// Writes the curves of the finished runs of a grid, if they are asked for.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(super) fn write_grid(&self, plan: &Plan, store: &Store) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let metric = &store.basis().metric;
        for (own, records) in plan.cells().iter().zip(store.records(plan)?) {
            let cell = folder.join(cell_folder(plan, own));
            let scalars = |own: &Record| Scalars::of_sampled(metric, &own.curves, plan.epochs);
            records
                .iter()
                .try_for_each(|own| write(&cell, &own.run, &scalars(own)))
                .context(MISSING)?;
        }
        Ok(())
    }
}

/// Returns the name of the folder of a cell: `baseline`, `input_gaussian_0.1+weights_gaussian_0.01`, and
/// what else differs in the grid, as `baseline,100-hidden`.
fn cell_folder(plan: &Plan, cell: &Cell) -> String {
    let noise = || cell.noise.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
    let name = match &cell.rival {
        Some(rival) => rival.to_string(),
        None if cell.noise.is_empty() => "baseline".to_string(),
        None => noise(),
    };
    let words = [name].into_iter().chain(variant_words(plan, cell));
    // No system takes all characters in names.
    let safe = |c: char| match c {
        c if c.is_ascii_alphanumeric() || "-.=+,".contains(c) => c,
        ':' => '_',
        _ => '-',
    };
    words.collect::<Vec<_>>().join(",").chars().map(safe).collect()
}

/// Returns the name of the folder of a run: `data-1-seed-0`, or `fold-0-seed-0` on a table.
fn run_folder(run: &Run) -> String {
    match run.fold {
        Some(fold) => format!("fold-{fold}-seed-{}", run.seed),
        None => format!("data-{}-seed-{}", run.data_seed, run.seed),
    }
}

fn write(cell: &Path, run: &Run, scalars: &Scalars) -> Result<()> {
    // A run that diverged in its first epoch has no curves.
    if scalars.is_empty() {
        return Ok(());
    }
    let folder = cell.join(run_folder(run));
    let (path, bytes) = (folder.join(EVENTS), scalars.event_file());
    match fs::read(&path) {
        Ok(held) if held == bytes => Ok(()),
        // A TensorBoard that reads the file finds the rest; half of it is completed by the next command.
        Ok(held) if !held.is_empty() && bytes.starts_with(&held) => {
            let rest = || {
                let mut file = OpenOptions::new().append(true).open(&path)?;
                file.write_all(&bytes[held.len()..])?;
                file.sync_all()
            };
            rest().with_context(|| format!("cannot write {}", path.display()))
        }
        _ => {
            files::create_folder(&folder, &[EVENTS])?;
            files::write(&path, &bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Rival, Variant};
    use crate::task::Circles;

    #[test]
    fn names_of_cells_are_names_of_folders_on_every_system() {
        let variant = Variant { hidden: 100, learning_rate: 0.001, train_size: 30 };
        let plan = Plan { hidden: vec![100, 50], ..Plan::of(&Circles::default()) };
        let name = |noise: &[&str], rival| {
            let noise = noise.iter().map(|own| own.parse().unwrap()).collect();
            cell_folder(&plan, &Cell { noise, rival, variant })
        };
        assert_eq!(name(&[], None), "baseline,100-hidden");
        assert_eq!(
            name(&["input:0.1", "hidden:0.3..0.03:cosine"], None),
            "input_gaussian_0.1+hidden_gaussian_0.3..0.03_cosine,100-hidden"
        );
        assert_eq!(name(&[], Some(Rival::WeightDecay(0.1))), "weight-decay-0.1,100-hidden");
    }

    #[test]
    fn a_file_is_continued_or_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let scalars = |losses: &[f32]| {
            let mut history = crate::train::ReplicaHistory::default();
            history.noisy.loss = losses.to_vec();
            Scalars::of_history("accuracy", &history)
        };
        let run = Run { seed: 7, data_seed: 1, ..Run::default() };
        let path = folder.path().join("data-1-seed-7").join(EVENTS);
        write(folder.path(), &run, &scalars(&[])).unwrap();
        assert!(!path.exists(), "a run without curves has no file");
        // Half a record, as after a crash, is completed.
        let last = scalars(&[0.5, 0.25, 0.125]);
        for losses in [&[0.5f32][..], &[0.5, 0.25], &[0.75], &[0.5, 0.25]] {
            write(folder.path(), &run, &scalars(losses)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), scalars(losses).event_file());
        }
        let half = &last.event_file()[..last.event_file().len() - 9];
        fs::write(&path, half).unwrap();
        write(folder.path(), &run, &last).unwrap();
        assert_eq!(fs::read(&path).unwrap(), last.event_file());
        let fold = Run { fold: Some(2), ..run };
        assert_eq!(run_folder(&fold), "fold-2-seed-7");
    }
}

//! The runs of a grid by unit, and the cell chosen for each unit.

use std::collections::HashMap;

use super::choice::{Chosen, ChosenBy};
use crate::experiment::basis::Basis;
use crate::experiment::plan::{Cell, Plan};
use crate::experiment::record::Record;
use crate::experiment::units::{Design, Pair, Unit};
use crate::stats::{best_arm, chosen_by_earlier, mean};

/// The runs of cells by unit.
pub(super) struct Board<'a> {
    pub basis: &'a Basis,
    pub plan: &'a Plan,
    pub design: Design,
    pub cells: Vec<Cell>,
    /// The runs of each cell.
    runs: Vec<HashMap<Pair, Vec<&'a Record>>>,
}

impl<'a> Board<'a> {
    pub fn new(basis: &'a Basis, plan: &'a Plan, records: &'a [Vec<Record>]) -> Option<Self> {
        let cells = plan.cells();
        let design = Design::of(basis, plan, cells.first()?.variant);
        let by_unit = |records: &'a Vec<Record>| {
            let mut runs: HashMap<Pair, Vec<&'a Record>> = HashMap::new();
            for record in records {
                runs.entry(design.unit_of(record.pair())).or_default().push(record);
            }
            runs
        };
        let runs = records.iter().map(by_unit).collect();
        Some(Self { basis, plan, design, cells, runs })
    }

    /// Returns the numbers of the baselines and of other cells to choose from.
    pub fn arms(&self, is_one: impl Fn(&Cell) -> bool) -> Vec<usize> {
        let is_arm = |cell: &Cell| cell.is_baseline() || is_one(cell);
        (0..self.cells.len()).filter(|number| is_arm(&self.cells[*number])).collect()
    }

    /// Returns the units in sequences, in which earlier ones choose: the data seeds, or the folds of each
    /// repeat.
    fn sequences(&self) -> Vec<Vec<Pair>> {
        let units = self.all_units();
        if self.design.unit != Unit::Fold {
            return vec![units];
        }
        let of_repeat = |seed: u64| units.iter().copied().filter(move |unit| unit.2 == seed);
        self.plan.seeds().map(|seed| of_repeat(seed).collect()).collect()
    }

    /// Returns the units of the plan in order.
    pub fn all_units(&self) -> Vec<Pair> {
        let Some(cell) = self.cells.first() else { return Vec::new() };
        let pairs = self.plan.trials_of(cell.clone());
        let pairs = pairs.map(|trial| (trial.draw.data_seed, trial.draw.fold, trial.seed));
        let mut units: Vec<Pair> = pairs.map(|pair| self.design.unit_of(pair)).collect();
        units.dedup();
        units
    }

    pub fn choosing_figure(&self, by: ChosenBy) -> String {
        match by {
            ChosenBy::ValidationScore => format!("validation_{}", self.basis.metric),
            _ => self.basis.test_figure(),
        }
    }

    /// Returns the runs of a cell on a unit.
    pub fn of_unit(&self, cell: usize, unit: Pair) -> &[&'a Record] {
        self.runs[cell].get(&unit).map_or(&[], Vec::as_slice)
    }

    /// Returns a figure of all runs of a cell that have it.
    pub fn figures(&self, cell: usize, figure: &str) -> Vec<f64> {
        let units = self.all_units().into_iter();
        let runs = units.flat_map(|unit| self.of_unit(cell, unit));
        runs.filter_map(|record| record.run.get(figure)).collect()
    }

    /// Returns the number of the baseline with the best test scores.
    pub fn best_baseline(&self) -> Option<usize> {
        self.best_of_all(&self.arms(|_| false), &self.basis.test_figure())
    }

    /// Returns the mean figure of each arm on each unit.
    pub fn scores(&self, units: &[Pair], arms: &[usize], figure: &str) -> Vec<Vec<Option<f64>>> {
        let score = |unit: Pair, arm: usize| {
            let runs = self.of_unit(arm, unit);
            let found: Vec<f64> = runs.iter().filter_map(|record| record.run.get(figure)).collect();
            (!found.is_empty()).then(|| mean(&found))
        };
        units.iter().map(|unit| arms.iter().map(|arm| score(*unit, *arm)).collect()).collect()
    }

    /// Returns the cell chosen for each unit that judges, among some cells and the baselines.
    pub fn chosen(&self, by: ChosenBy, is_one: impl Fn(&Cell) -> bool) -> Chosen {
        let arms = self.arms(is_one);
        let mut chosen = Vec::new();
        for units in self.sequences() {
            let cells = self.chosen_of(by, &units, &arms);
            let judging = units[units.len() - cells.len()..].iter();
            chosen.extend(judging.zip(cells).filter_map(|(unit, cell)| Some((*unit, cell?))));
        }
        Chosen(chosen)
    }

    /// Returns what is chosen of some arms for the units of a sequence: for all if their validation rows
    /// choose, for those after the first ones if earlier units do, and one arm for all if the test rows
    /// themselves do, or repeats share their validation rows.
    fn chosen_of(&self, by: ChosenBy, units: &[Pair], arms: &[usize]) -> Vec<Option<usize>> {
        let (figure, better) = (self.choosing_figure(by), self.basis.better);
        let scores = || self.scores(units, arms, &figure);
        let chosen = match by {
            ChosenBy::ValidationScore if self.design.unit != Unit::Repeat => {
                scores().chunks(1).map(|own| best_arm(own, better)).collect()
            }
            ChosenBy::TestScore | ChosenBy::ValidationScore => {
                return vec![self.best_of_all(arms, &figure); units.len()];
            }
            ChosenBy::EarlierDataSeeds => {
                chosen_by_earlier(&scores(), only_choosing(units.len()), better)
            }
            ChosenBy::EarlierFolds => chosen_by_earlier(&scores(), 1, better),
        };
        chosen.into_iter().map(|arm| arm.map(|arm| arms[arm])).collect()
    }

    /// Returns the arm with the best mean over all units, if some have a figure on all of them, or else over
    /// their finished runs.
    pub fn best_of_all(&self, arms: &[usize], figure: &str) -> Option<usize> {
        let over_runs = |arm: &usize| {
            let found = self.figures(*arm, figure);
            (!found.is_empty()).then(|| mean(&found))
        };
        let units = self.scores(&self.all_units(), arms, figure);
        let better = self.basis.better;
        let best = best_arm(&units, better);
        let best = best.or_else(|| best_arm(&[arms.iter().map(over_runs).collect()], better));
        best.map(|arm| arms[arm])
    }
}

/// Returns how many data seeds only choose: two, or one if there are few.
pub(super) fn only_choosing(data_seeds: usize) -> usize {
    if data_seeds < 5 { 1 } else { 2 }
}

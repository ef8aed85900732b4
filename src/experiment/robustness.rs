//! The cells of a grid side by side under attack.

use std::collections::HashMap;
use std::path::Path;

use super::basis::Basis;
use super::outcome::Outcome;
use super::plan::{Cell, Plan, Variant};
use super::record::Record;
use super::sentences::cell_name;
use super::units::{Design, Pair, Unit};
use crate::robust::{
    Average, ComparedCurve, Named, Repeats, Robustness, ScanScores, curve_warnings,
};

/// Returns what attacks on the networks of a grid say of its cells, those of the recommended network and training
/// set, the baseline first. Differences to it are paired as those of the scores are: by data seed, fold and seed, or
/// by data seed with the mean over its repeats; their intervals are those of single comparisons. The sentences are
/// about the recommended cell, or, if that is the baseline, the best noise.
///
/// `None` if there is no conclusion, or a run of these cells that did not fail was not attacked.
pub fn robustness(basis: &Basis, outcome: &Outcome, folder: Option<&Path>) -> Option<Robustness> {
    let (plan, conclusion) = (&outcome.plan, outcome.conclusion.as_ref()?);
    let told = match conclusion.recommended.is_baseline() {
        true => &conclusion.cell,
        false => &conclusion.recommended,
    };
    let variant = told.variant;
    let design = Design::of(basis, plan, variant);
    let cells = plan.cells().into_iter().zip(&outcome.records);
    let cells: Vec<(Cell, &[Record])> = cells
        .filter(|(cell, _)| cell.variant == variant)
        .map(|(cell, records)| (cell, &records[..]))
        .collect();
    if cells.iter().flat_map(|(_, records)| *records).any(|own| !own.is_attacked()) {
        return None;
    }
    let first =
        cells.iter().flat_map(|(_, records)| *records).find(|own| !own.robust.is_empty())?;
    let (mut keys, mut attacked) = (HashMap::new(), Vec::new());
    for (cell, records) in &cells {
        attacked.push(Attacked::new(cell_name(plan, cell), &design, plan, records, &mut keys));
    }
    let folder = folder.map_or(String::new(), |own| own.display().to_string());
    let of_baseline = attacked.first().map(|own| own.keys.clone()).unwrap_or_default();
    let named = |own: &Attacked| {
        let pairs = own.keys.iter().filter(|key| of_baseline.contains(key)).count();
        Named::new(&own.name, &folder, [own.networks(), pairs])
    };
    let models = attacked.iter().map(named).collect();
    let rows = test_rows(basis, plan, variant);
    let mut all = Robustness::new(models, &outcome.metric, outcome.better, rows);
    all.told = cells.iter().position(|(cell, _)| cell == told);
    for like in &first.robust {
        let scores: Vec<_> = attacked.iter().map(|own| own.scores(like)).collect();
        let models: Vec<Repeats> =
            attacked.iter().zip(&scores).map(|(own, scores)| own.repeats(scores)).collect();
        let what = (&like.kind[..], like.norm, &like.metric[..]);
        let (strengths, overlap) = (&like.strengths, design.test_per_train);
        let curve = ComparedCurve::new(what, strengths, &models, overlap);
        all.curves.push(curve.in_units(&like.unit));
        if like.metric == outcome.metric {
            all.averages.extend(Average::new(what, strengths, &models, overlap));
        }
    }
    all.warnings = curve_warnings(&all.curves);
    Some(all)
}

/// Returns the number of rows that test: of folds all rows, each of which is in one of them.
fn test_rows(basis: &Basis, plan: &Plan, variant: Variant) -> usize {
    match (plan.folds, basis.sizes_of(variant)) {
        (Some(2..), _) => basis.rows.all,
        (_, Some([_, _, test])) => test,
        _ => plan.draw_of(variant, plan.data_seeds[0]).test_size(basis.rows),
    }
}

/// A cell with the runs of each unit that was attacked as a whole.
struct Attacked<'a> {
    name: String,
    keys: Vec<u64>,
    units: Vec<Vec<&'a Record>>,
}

impl<'a> Attacked<'a> {
    /// Groups runs by unit. A unit of which a run is missing or has failed is left out, so that units of different
    /// cells have the same runs. `keys` numbers the units of all cells.
    fn new(
        name: String,
        design: &Design,
        plan: &Plan,
        records: &'a [Record],
        keys: &mut HashMap<Pair, u64>,
    ) -> Self {
        let whole = if design.unit == Unit::DataSeed { plan.repeats } else { 1 };
        let mut own = Self { name, keys: Vec::new(), units: Vec::new() };
        let mut places = HashMap::new();
        for record in records.iter().filter(|own| !own.robust.is_empty()) {
            let unit = design.unit_of(record.pair());
            let next = keys.len() as u64;
            let key = *keys.entry(unit).or_insert(next);
            let place = *places.entry(key).or_insert(own.units.len());
            if place == own.units.len() {
                own.keys.push(key);
                own.units.push(Vec::new());
            }
            own.units[place].push(record);
        }
        let units = own.keys.into_iter().zip(own.units);
        let (keys, units) = units.filter(|(_, runs)| runs.len() == whole).unzip();
        Self { keys, units, ..own }
    }

    fn networks(&self) -> usize {
        self.units.iter().map(Vec::len).sum()
    }

    /// Returns the scores of each unit by strength, the means over its runs.
    fn scores(&self, like: &ScanScores) -> Vec<Vec<Option<f64>>> {
        let at = |runs: &[&Record], place: usize| -> Option<f64> {
            let score =
                |run: &&Record| run.robust.iter().find(|own| own.is_like(like))?.scores[place];
            let scores: Option<Vec<f64>> = runs.iter().map(score).collect();
            scores.map(|own| own.iter().sum::<f64>() / own.len() as f64)
        };
        let places = 0..like.strengths.len();
        self.units
            .iter()
            .map(|runs| places.clone().map(|place| at(runs, place)).collect())
            .collect()
    }

    fn repeats<'b>(&'b self, scores: &'b [Vec<Option<f64>>]) -> Repeats<'b> {
        let scores = scores.iter().map(|own| &own[..]).collect();
        Repeats { name: &self.name, keys: &self.keys, scores }
    }
}

//! Grids: what they train, keep, compare and conclude.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use candle_core::Device;
use candle_noise::experiment::{
    CellOutcome, ChosenBy, Common, Conclusion, Grid, Record, Run, Schedule, Settings, Store, Test,
    Verdict, Watch, compare, conclude, search, train_repeats,
};
use candle_noise::model::Placement;

const TWO_THREADS: Schedule = Schedule { threads: 2, chunk: None };

fn grid() -> Grid {
    Grid {
        samples: 60,
        data_noise: 0.1,
        data_seeds: vec![1, 2],
        train_sizes: vec![20],
        validation_size: 0,
        hidden: vec![16],
        epochs: 12,
        batch_size: 8,
        learning_rates: vec![0.01],
        placements: vec![Placement::Input, Placement::AfterActivation],
        stddevs: vec![0., 0.1, 1.],
        seed: 5,
        repeats: 3,
    }
}

/// Goes on for some chunks only.
struct Chunks(AtomicUsize);

impl Watch for Chunks {
    type Chunk = ();

    fn chunk(&self) {}

    fn goes_on(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

fn open(folder: &Path, grid: &Grid) -> Result<(Store, Vec<String>)> {
    let mut warnings = Vec::new();
    let store = Store::open(folder, Common::new(grid, "cpu"), &mut |line| warnings.push(line))?;
    Ok((store, warnings))
}

fn run(folder: &Path, grid: &Grid, schedule: Schedule, chunks: usize) -> Result<Vec<Vec<Record>>> {
    let (store, _) = open(folder, grid)?;
    search(grid, &store, &Device::Cpu, schedule, &Chunks(AtomicUsize::new(chunks)))?;
    Ok(records(grid, &store))
}

fn records(grid: &Grid, store: &Store) -> Vec<Vec<Record>> {
    let of = |cell| grid.runs_of(cell).filter_map(|id| store.get(&id)).collect();
    grid.cells().into_iter().map(of).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn a_cell_of_a_grid_equals_the_same_experiment_alone() -> Result<()> {
    let (folder, grid) = (tempfile::tempdir()?, grid());
    let all = run(folder.path(), &grid, TWO_THREADS, usize::MAX)?;
    assert_eq!(all.len(), 5);
    for (cell, own) in grid.cells().into_iter().zip(&all) {
        let alone: Vec<Run> = grid
            .data_seeds
            .iter()
            .flat_map(|&data_seed| {
                let settings = grid.settings(&cell, data_seed);
                let trained = train_repeats(&settings, &Device::Cpu, TWO_THREADS, || ()).unwrap();
                Run::all(&settings, &trained)
            })
            .collect();
        let own: Vec<Run> = own.iter().map(|record| record.run.clone()).collect();
        assert_eq!(own, alone, "{cell}");
    }
    Ok(())
}

#[test]
fn an_interrupted_search_goes_on_to_the_same_bits_and_trains_nothing_twice() -> Result<()> {
    let grid = grid();
    let [whole, broken] = [tempfile::tempdir()?, tempfile::tempdir()?];
    let expected = run(whole.path(), &grid, TWO_THREADS, usize::MAX)?;
    let mut done = Vec::new();
    // Another schedule each time: chunks that are cut otherwise have the same runs.
    for (threads, chunk) in [(1, None), (2, Some(2)), (1, Some(1)), (2, Some(5))] {
        let found = run(broken.path(), &grid, Schedule { threads, chunk }, 3)?;
        done.push(found.concat().len());
    }
    assert!(done.windows(2).all(|pair| pair[0] < pair[1]), "{done:?}");
    let before: Vec<_> = files(broken.path()).into_iter().map(|f| fs::read(f).unwrap()).collect();
    let found = run(broken.path(), &grid, TWO_THREADS, usize::MAX)?;
    assert_eq!(found, expected);
    let after: Vec<_> = files(broken.path()).into_iter().map(|f| fs::read(f).unwrap()).collect();
    assert!(before.iter().all(|file| after.contains(file)), "finished files are not touched");
    let runs: usize =
        after.iter().map(|f| String::from_utf8_lossy(f).matches("\"id\"").count()).sum();
    assert_eq!(runs, grid.runs().count(), "no run is stored twice");
    Ok(())
}

#[test]
fn more_repeats_spreads_and_data_seeds_only_add() -> Result<()> {
    let (folder, small) = (tempfile::tempdir()?, grid());
    let before = run(folder.path(), &small, TWO_THREADS, usize::MAX)?;
    let large = Grid {
        repeats: 5,
        stddevs: vec![0.1, 0.3, 1.],
        data_seeds: vec![1, 2, 7],
        hidden: vec![16, 8],
        ..small.clone()
    };
    let (store, _) = open(folder.path(), &large)?;
    assert_eq!(large.runs().filter(|id| store.contains(id)).count(), before.concat().len());
    let all = run(folder.path(), &large, TWO_THREADS, usize::MAX)?.concat();
    assert_eq!(all.len(), large.runs().count());
    assert!(before.concat().iter().all(|record| all.contains(record)));
    Ok(())
}

#[test]
fn damaged_files_are_named_set_aside_and_redone() -> Result<()> {
    let (folder, grid) = (tempfile::tempdir()?, grid());
    let expected = run(folder.path(), &grid, TWO_THREADS, usize::MAX)?;
    let paths = files(folder.path());
    let whole = fs::read(&paths[0])?;
    let mut flipped = whole.clone();
    let digit = whole.iter().rposition(u8::is_ascii_digit).unwrap();
    flipped[digit] = if whole[digit] == b'1' { b'2' } else { b'1' };
    for damaged in [&whole[..whole.len() / 2], &whole[..20], b"", b"\xff\0", &flipped] {
        fs::write(&paths[0], damaged)?;
        let (store, warnings) = open(folder.path(), &grid)?;
        let name = paths[0].file_name().unwrap().to_str().unwrap();
        assert!(warnings.len() == 1 && warnings[0].contains(name), "{warnings:?}");
        assert!(paths[0].with_extension("damaged").exists() && !paths[0].exists());
        assert!(records(&grid, &store).concat().len() < grid.runs().count());
        assert_eq!(run(folder.path(), &grid, TWO_THREADS, usize::MAX)?, expected);
    }
    Ok(())
}

#[test]
fn a_store_of_another_experiment_or_of_a_newer_version_is_refused() -> Result<()> {
    let (folder, grid) = (tempfile::tempdir()?, grid());
    run(folder.path(), &grid, TWO_THREADS, usize::MAX)?;
    let fails = |grid: &Grid| format!("{:#}", open(folder.path(), grid).err().unwrap());
    let others = [
        (Grid { epochs: 13, ..grid.clone() }, "expected epochs 13, received 12"),
        (Grid { samples: 61, ..grid.clone() }, "expected samples 61, received 60"),
        (Grid { data_noise: 0.2, ..grid.clone() }, "expected data noise 0.2, received 0.1"),
        (Grid { batch_size: 9, ..grid.clone() }, "expected batch size 9, received 8"),
        (Grid { validation_size: 9, ..grid.clone() }, "expected validation size 9, received 0"),
    ];
    for (other, expected) in others {
        let error = fails(&other);
        assert!(error.contains(expected) && error.contains("--fresh"), "{error}");
    }
    let path = &files(folder.path())[0];
    let newer = fs::read_to_string(path)?.replacen("\"format\":1", "\"format\":2", 1);
    fs::write(path, newer)?;
    let error = fails(&grid);
    assert!(error.contains("newer version: expected format 1, received 2"), "{error}");
    Store::remove(folder.path())?;
    assert_eq!(files(folder.path()).len(), 0);
    Ok(())
}

/// A run with a given test accuracy; `right` are its test points.
fn record(
    grid: &Grid,
    cell: usize,
    data_seed: u32,
    seed: u64,
    accuracy: f64,
    right: &str,
) -> Record {
    let id =
        grid.runs_of(grid.cells()[cell]).find(|id| (id.data_seed, id.seed) == (data_seed, seed));
    let run = Run {
        seed,
        data_seed,
        train_accuracy: Some(1.),
        test_accuracy: Some(accuracy),
        validation_accuracy: None,
        train_loss: None,
        test_loss: None,
        best_test_accuracy: None,
        best_epoch: None,
        stopped: None,
    };
    Record { id: id.unwrap(), run, test_right: right.to_string(), curves: Default::default() }
}

/// A grid of one noisy cell, or of two, with the given accuracies by cell, data seed and repeat.
fn outcome(accuracies: &[&[&[f64]]]) -> (Grid, Vec<CellOutcome>, Option<Conclusion>) {
    let grid = Grid {
        placements: vec![Placement::Input],
        stddevs: (1..accuracies.len()).map(|k| k as f64).collect(),
        data_seeds: (0..accuracies[0].len() as u32).collect(),
        repeats: accuracies[0][0].len(),
        seed: 0,
        ..grid()
    };
    let records: Vec<Vec<Record>> = accuracies
        .iter()
        .enumerate()
        .map(|(cell, by_seed)| {
            let by_seed = by_seed.iter().enumerate();
            let of = |(data_seed, values): (usize, &&[f64])| -> Vec<Record> {
                let values = values.iter().enumerate();
                values
                    .map(|(k, &x)| record(&grid, cell, data_seed as u32, k as u64, x, ""))
                    .collect()
            };
            by_seed.flat_map(of).collect()
        })
        .collect();
    let cells = compare(&grid, &records);
    let conclusion = conclude(&grid, &cells, &records);
    (grid, cells, conclusion)
}

/// `scipy.stats.ttest_rel([.80, .83, .79, .84, .81], [.77, .78, .76, .80, .79])` gives
/// t = 6.667949, p = 0.0026285.
#[test]
fn one_data_seed_is_compared_repeat_by_repeat() {
    let baseline = [0.77, 0.78, 0.76, 0.80, 0.79];
    let (_, cells, conclusion) = outcome(&[&[&baseline], &[&[0.80, 0.83, 0.79, 0.84, 0.81]]]);
    assert_eq!(cells[0].difference, None);
    let difference = cells[1].difference.clone().unwrap();
    assert!((difference.mean - 0.034).abs() < 1e-12);
    let t = difference.paired_t.unwrap();
    assert!((t.t.unwrap() - 6.667949).abs() < 1e-6 && (t.p - 0.0026285).abs() < 1e-7, "{t:?}");
    assert_eq!((difference.p, difference.p_holm), (Some(t.p), Some(t.p)));
    assert_eq!((difference.n, difference.units, difference.test), (5, 5, Test::PairedT));
    assert!(difference.low < Some(0.034) && difference.high > Some(0.034));
    assert_eq!(difference.nadeau_bengio, None);
    let conclusion = conclusion.unwrap();
    assert_eq!(conclusion.verdict, Verdict::Helps);
    assert_eq!(conclusion.choice.by, ChosenBy::TestAccuracy);
}

/// Ten repeats on each of three data seeds are three observations, not thirty: differences of
/// 0.10, 0.02 and -0.06 by data seed prove nothing, however often each is repeated.
#[test]
fn repeats_on_one_data_set_are_no_independent_draws_of_data() {
    let noisy: Vec<Vec<f64>> = [0.10, 0.02, -0.06].iter().map(|d| vec![0.7 + d; 10]).collect();
    let noisy: Vec<&[f64]> = noisy.iter().map(Vec::as_slice).collect();
    let baseline: [&[f64]; 3] = [&[0.7; 10]; 3];
    let (_, cells, conclusion) = outcome(&[&baseline, &noisy]);
    let difference = cells[1].difference.clone().unwrap();
    assert_eq!((difference.n, difference.units), (30, 3));
    // t = 0.02 / (0.08 / √3) = 0.4330 with 2 degrees of freedom: p = 1 - t / √(t² + 2) = 0.7073.
    assert!((difference.p.unwrap() - 0.7073).abs() < 1e-4, "{difference:?}");
    // Corrected for 40 test and 20 training points: t = 0.02 / (0.08 √(1/3 + 2)) = 0.16366.
    let corrected = difference.nadeau_bengio.unwrap();
    assert!((corrected.t.unwrap() - 0.16366).abs() < 1e-5, "{corrected:?}");
    assert_eq!(conclusion.unwrap().verdict, Verdict::NoEvidence);
}

/// `scipy.stats.ttest_1samp([.02, .01, .01, .03, .01, 0], 0)` gives p = 0.025031, which two cells
/// that show it double to above 0.05.
#[test]
fn looking_at_many_cells_is_paid_for() {
    let baseline = [0.70; 6];
    let weak = [0.72, 0.71, 0.71, 0.73, 0.71, 0.70];
    let (_, alone, one) = outcome(&[&[&baseline], &[&weak]]);
    let (_, both, two) = outcome(&[&[&baseline], &[&weak], &[&weak]]);
    let p = alone[1].difference.as_ref().unwrap().p.unwrap();
    assert!((p - 0.025031).abs() < 1e-6, "{p}");
    assert_eq!(both[2].difference.as_ref().unwrap().p_holm, Some(2. * p));
    assert_eq!(one.unwrap().verdict, Verdict::Helps);
    assert_eq!(two.unwrap().verdict, Verdict::NoEvidence);
}

#[test]
fn noise_that_loses_hurts_and_the_baseline_is_the_best_cell() {
    let worse = [0.60, 0.61, 0.59, 0.62];
    let (_, _, conclusion) = outcome(&[&[&[0.70, 0.71, 0.69, 0.70]], &[&worse]]);
    let conclusion = conclusion.unwrap();
    assert_eq!((conclusion.verdict, conclusion.gains, conclusion.losses), (Verdict::Hurts, 0, 1));
    assert!(conclusion.choice.cell.is_baseline());
    assert_eq!(conclusion.choice.difference, 0.);
}

/// A spread that is too large always loses: that says nothing against a smaller one.
#[test]
fn one_cell_of_two_that_loses_is_no_evidence_against_noise() {
    let baseline = [0.70, 0.71, 0.69, 0.70];
    let (worse, same) = ([0.50, 0.51, 0.49, 0.52], [0.71, 0.70, 0.69, 0.71]);
    let (grid, _, conclusion) = outcome(&[&[&baseline], &[&same], &[&worse]]);
    let conclusion = conclusion.unwrap();
    assert_eq!(conclusion.verdict, Verdict::NoEvidence);
    assert_eq!((conclusion.gains, conclusion.losses, conclusion.compared), (0, 1, 2));
    assert_eq!(conclusion.cell, grid.cells()[1], "the best is spoken of");
    let (_, _, conclusion) = outcome(&[&[&baseline], &[&worse], &[&worse]]);
    assert_eq!(conclusion.unwrap().verdict, Verdict::Hurts);
}

/// The cell that is best on all other data seeds is the worst on the one left out: what was chosen
/// is judged by data that did not choose it.
#[test]
fn the_nested_choice_does_not_see_the_data_that_judge_it() {
    // On data seed k the noisy cell k + 1 shines and the others are poor.
    let shines = |k: usize| -> Vec<Vec<f64>> {
        (0..3).map(|seed| vec![if seed == k { 0.95 } else { 0.60 + 0.01 * k as f64 }]).collect()
    };
    let cells: Vec<Vec<Vec<f64>>> = (0..3).map(shines).collect();
    let cells: Vec<Vec<&[f64]>> =
        cells.iter().map(|cell| cell.iter().map(Vec::as_slice).collect()).collect();
    let baseline: Vec<&[f64]> = vec![&[0.65]; 3];
    let (_, outcomes, conclusion) = outcome(&[&baseline, &cells[0], &cells[1], &cells[2]]);
    let choice = conclusion.unwrap().choice;
    assert_eq!((choice.by, choice.data_seeds), (ChosenBy::OtherDataSeeds, 3));
    let flattering = outcomes[3].summary.test_accuracy.mean.unwrap();
    assert!(flattering > 0.70 && choice.test_accuracy < 0.65, "{flattering} {choice:?}");
    assert!(choice.difference < 0.);
}

#[test]
fn a_single_pair_of_runs_has_mcnemars_test() {
    let grid = Grid {
        stddevs: vec![1.],
        placements: vec![Placement::Input],
        data_seeds: vec![0],
        repeats: 1,
        seed: 0,
        ..grid()
    };
    let records = vec![
        vec![record(&grid, 0, 0, 0, 0.5, "111100000011")],
        vec![record(&grid, 1, 0, 0, 0.8, "111111110011")],
    ];
    let difference = compare(&grid, &records)[1].difference.clone().unwrap();
    // Four points gained and none lost: 2 · 2⁻⁴.
    assert_eq!(difference.test, Test::Mcnemar);
    assert!((difference.p.unwrap() - 0.125).abs() < 1e-9, "{difference:?}");
    assert_eq!((difference.low, difference.paired_t, difference.n), (None, None, 1));
}

#[test]
fn runs_that_stopped_make_no_pair() {
    let grid = Grid {
        stddevs: vec![1.],
        placements: vec![Placement::Input],
        data_seeds: vec![0],
        repeats: 3,
        seed: 0,
        ..grid()
    };
    let of = |cell, values: [f64; 3]| -> Vec<Record> {
        values.iter().enumerate().map(|(k, x)| record(&grid, cell, 0, k as u64, *x, "")).collect()
    };
    let mut records = vec![of(0, [0.7, 0.7, 0.7]), of(1, [0.8, 0.9, 0.7])];
    records[1][2].run.test_accuracy = None;
    records[0][0].run.test_accuracy = None;
    let difference = compare(&grid, &records)[1].difference.clone().unwrap();
    assert_eq!((difference.n, difference.test), (1, Test::Mcnemar));
    assert!((difference.mean - 0.2).abs() < 1e-12);
}

#[test]
fn validation_points_are_neither_trained_nor_tested_on() -> Result<()> {
    let settings =
        Settings { samples: 60, train_size: 20, validation_size: 15, ..Settings::default() };
    let (train, validation, test) = settings.split()?;
    let parts = [train, validation.unwrap(), test];
    assert_eq!(parts.each_ref().map(|part| part.len()), [20, 15, 25]);
    let all: Vec<_> = parts.iter().flat_map(|part| part.rows()).collect();
    assert!(settings.dataset()?.rows().eq(all), "every row once, in order");
    let (folder, grid) = (tempfile::tempdir()?, Grid { validation_size: 15, ..grid() });
    let records = run(folder.path(), &grid, TWO_THREADS, usize::MAX)?;
    let validation = records[1][0].run.validation_accuracy.unwrap() * 15.;
    assert!(
        (validation - validation.round()).abs() < 1e-12 && records[0][0].test_right.len() == 25
    );
    let conclusion = conclude(&grid, &compare(&grid, &records), &records).unwrap();
    assert_eq!(conclusion.choice.by, ChosenBy::ValidationAccuracy);
    Ok(())
}

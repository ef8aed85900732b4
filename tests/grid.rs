//! Grids: what they train and keep.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use candle_core::Device;
use candle_noise::data::Samples;
use candle_noise::experiment::{
    Basis, ChosenBy, Plan, Record, Run, Schedule, Shard, Store, Subject, Trial, Watch, compare,
    conclude, search, train_repeats,
};
use candle_noise::noise::{NoiseRow, NoiseSpec};
use candle_noise::task::{Circles, Draw, Hyper, Parts, Task};

pub const TWO_THREADS: Schedule = Schedule { threads: 2, chunk: None };

pub fn circles() -> Circles {
    Circles::new(60, 0.1).unwrap()
}

/// Rows of `--placement` and `--stddev`.
pub fn rows(places: &[&str], stddevs: &[f64]) -> Vec<NoiseRow> {
    let spec = |place: &str, stddev| vec![NoiseSpec::gaussian(place, stddev).unwrap()];
    let row = |place: &&str| NoiseRow(stddevs.iter().map(|stddev| spec(place, *stddev)).collect());
    places.iter().map(row).collect()
}

pub fn grid() -> Plan {
    let plan = Plan {
        epochs: 12,
        batch_size: 8,
        data_seeds: vec![1, 2],
        train_sizes: vec![20],
        hidden: vec![16],
        learning_rates: vec![0.01],
        seed: 5,
        repeats: 3,
        ..Plan::of(&circles())
    };
    plan.against_baseline(&rows(&["input", "after-activation"], &[0., 0.1, 1.]))
}

fn open_for(folder: &Path, task: &dyn Task, plan: &Plan) -> Result<(Store, Vec<String>)> {
    let mut warnings = Vec::new();
    let basis = Basis::new(&Subject::new(task, "cpu", &[])?, plan)?;
    let store = Store::open(folder, basis, &mut |line| warnings.push(line))?;
    Ok((store, warnings))
}

fn open(folder: &Path, plan: &Plan) -> Result<(Store, Vec<String>)> {
    open_for(folder, &circles(), plan)
}

/// Trains the shard's runs that a store lacks, in a number of chunks at most.
fn train(
    store: &Store,
    plan: &Plan,
    shard: Shard,
    schedule: Schedule,
    chunks: usize,
) -> Result<()> {
    let left = AtomicUsize::new(chunks);
    let goes_on =
        || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
    let (task, watch) = (circles(), Watch { goes_on: &goes_on, ..Watch::NONE });
    let subject = Subject::new(&task, "cpu", &[])?;
    search(&subject, plan, store, shard, &[Device::Cpu], schedule, watch)
}

/// Trains what a folder lacks, in a number of chunks at most, and returns all that it has.
pub fn run(
    folder: &Path,
    plan: &Plan,
    schedule: Schedule,
    chunks: usize,
) -> Result<Vec<Vec<Record>>> {
    let (store, _) = open(folder, plan)?;
    train(&store, plan, Shard::default(), schedule, chunks)?;
    store.records(plan)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| !path.ends_with(".lock")).collect();
    paths.sort();
    paths
}

#[test]
fn a_store_says_on_what_kind_of_device_it_was_trained() -> Result<()> {
    let (folder, grid) = (tempfile::tempdir()?, grid());
    assert_eq!(Store::device(&folder.path().join("nowhere"))?, None);
    assert_eq!(Store::device(folder.path())?, None);
    run(folder.path(), &grid, TWO_THREADS, 3)?;
    fs::write(folder.path().join("0.jsonl"), "nonsense")?;
    assert_eq!(Store::device(folder.path())?.as_deref(), Some("cpu"));
    Ok(())
}

#[test]
fn a_cell_of_a_grid_equals_the_same_experiment_alone() -> Result<()> {
    let (folder, grid) = (tempfile::tempdir()?, grid());
    let all = run(folder.path(), &grid, TWO_THREADS, usize::MAX)?;
    assert_eq!(all.len(), 5);
    let task = circles();
    let subject = Subject::new(&task, "cpu", &[])?;
    for (cell, own) in grid.cells().into_iter().zip(&all) {
        let alone = |data_seed: &u32| {
            let (data_seeds, noise) = (vec![*data_seed], vec![cell.noise.clone()]);
            let plan = Plan { data_seeds, noise, ..grid.clone() };
            train_repeats(&subject, &plan, &Device::Cpu, TWO_THREADS, Watch::NONE).unwrap().runs
        };
        let alone: Vec<Run> = grid.data_seeds.iter().flat_map(alone).collect();
        let own: Vec<Run> = own.iter().map(|record| record.run.clone()).collect();
        assert_eq!(own, alone, "{cell:?}");
    }
    Ok(())
}

#[test]
fn an_interrupted_search_continues_to_the_same_bits_and_trains_nothing_twice() -> Result<()> {
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
        after.iter().map(|f| String::from_utf8_lossy(f).matches("\"test_hits\"").count()).sum();
    assert_eq!(runs, grid.runs(), "no run is stored twice");
    Ok(())
}

#[test]
fn shards_share_every_run_out_once_and_evenly() -> Result<()> {
    let (grid, [whole, shared]) = (grid(), [tempfile::tempdir()?, tempfile::tempdir()?]);
    let expected = run(whole.path(), &grid, TWO_THREADS, usize::MAX)?;
    for index in [2, 0, 3, 1] {
        let (store, _) = open(shared.path(), &grid)?;
        let before = store.records(&grid)?.concat().len();
        train(&store, &grid, Shard::new(index, 4)?, TWO_THREADS, usize::MAX)?;
        let own = store.records(&grid)?.concat().len() - before;
        assert!((7..=8).contains(&own), "30 runs on 4 shards, received {own}");
    }
    let (store, _) = open(shared.path(), &grid)?;
    assert_eq!(store.records(&grid)?, expected);
    Ok(())
}

#[test]
fn more_repeats_strengths_and_data_seeds_only_add() -> Result<()> {
    let (folder, small) = (tempfile::tempdir()?, grid());
    let before = run(folder.path(), &small, TWO_THREADS, usize::MAX)?;
    let large =
        Plan { repeats: 5, data_seeds: vec![1, 2, 7], hidden: vec![16, 8], ..small.clone() };
    let large = large.against_baseline(&rows(&["input", "after-activation"], &[0.1, 0.3, 1.]));
    let (store, _) = open(folder.path(), &large)?;
    let is_done = |(_, trial): &(usize, Trial)| store.contains(trial).unwrap();
    assert_eq!(large.trials().filter(is_done).count(), before.concat().len());
    let all = run(folder.path(), &large, TWO_THREADS, usize::MAX)?.concat();
    assert_eq!(all.len(), large.runs());
    assert!(before.concat().iter().all(|record| all.contains(record)));
    Ok(())
}

#[test]
fn damaged_files_are_named_set_aside_and_redone() -> Result<()> {
    let (folder, grid) = (tempfile::tempdir()?, grid());
    let expected = run(folder.path(), &grid, TWO_THREADS, usize::MAX)?;
    let paths = files(folder.path());
    let whole = fs::read(&paths[0])?;
    // One file for all that it lacks, as before.
    let one_chunk = Schedule { threads: 1, chunk: None };
    let mut flipped = whole.clone();
    let digit = whole.iter().rposition(u8::is_ascii_digit).unwrap();
    flipped[digit] = if whole[digit] == b'1' { b'2' } else { b'1' };
    for damaged in [&whole[..whole.len() / 2], &whole[..20], b"", b"\xff\0", &flipped] {
        fs::write(&paths[0], damaged)?;
        let (store, warnings) = open(folder.path(), &grid)?;
        let name = paths[0].file_name().unwrap().to_str().unwrap();
        assert!(warnings.len() == 1 && warnings[0].contains(name), "{warnings:?}");
        assert!(paths[0].with_extension("damaged").exists() && !paths[0].exists());
        assert!(store.records(&grid)?.concat().len() < grid.runs());
        assert_eq!(run(folder.path(), &grid, one_chunk, usize::MAX)?, expected);
    }
    Ok(())
}

#[test]
fn a_store_of_another_experiment_or_of_a_newer_version_is_refused() -> Result<()> {
    let (folder, grid) = (tempfile::tempdir()?, grid());
    run(folder.path(), &grid, TWO_THREADS, usize::MAX)?;
    let fails = |task: Circles, plan: &Plan| {
        format!("{:#}", open_for(folder.path(), &task, plan).err().unwrap())
    };
    let others = [
        (circles(), Plan { epochs: 13, ..grid.clone() }, "expected epochs 13, received 12"),
        (Circles::new(61, 0.1)?, grid.clone(), "expected samples 61, received 60"),
        (Circles::new(60, 0.2)?, grid.clone(), "expected data noise 0.2, received 0.1"),
        (circles(), Plan { batch_size: 9, ..grid.clone() }, "expected batch size 9, received 8"),
        (
            circles(),
            Plan { validation_size: 9, ..grid.clone() },
            "expected validation size 9, received 0",
        ),
    ];
    for (task, other, expected) in others {
        let error = fails(task, &other);
        assert!(error.contains(expected) && error.contains("--fresh"), "{error}");
    }
    let path = &files(folder.path())[0];
    let newer = fs::read_to_string(path)?.replacen("\"format\":3", "\"format\":4", 1);
    fs::write(path, newer)?;
    let error = fails(circles(), &grid);
    assert!(error.contains("newer version: expected format 3, received 4"), "{error}");
    Store::remove(folder.path())?;
    assert!(!folder.path().exists(), "an empty store is removed");
    Ok(())
}

/// Several GPUs share a grid like this; a CPU twice is two devices, too.
#[test]
fn devices_share_the_chunks_and_every_run_is_done_once() -> Result<()> {
    let [one, two] = [tempfile::tempdir()?, tempfile::tempdir()?];
    let expected = run(one.path(), &grid(), TWO_THREADS, usize::MAX)?;
    let (store, _) = open(two.path(), &grid())?;
    let (task, shard) = (circles(), Shard::default());
    let subject = Subject::new(&task, "cpu", &[])?;
    let search = |devices: &[Device]| {
        search(&subject, &grid(), &store, shard, devices, TWO_THREADS, Watch::NONE)
    };
    search(&[Device::Cpu, Device::Cpu])?;
    assert_eq!(store.records(&grid())?, expected);
    let none = search(&[]).unwrap_err();
    assert!(none.to_string().contains("at least one device"), "{none}");
    Ok(())
}

#[test]
fn validation_points_are_neither_trained_nor_tested_on() -> Result<()> {
    let draw = Draw { data_seed: 1, train_size: 20, validation_size: 15, ..Draw::default() };
    let Parts { train, validation, test, .. } =
        circles().parts(&Hyper::default(), &draw, &Device::Cpu)?;
    let parts = [train, validation.unwrap(), test];
    assert_eq!(parts.each_ref().map(Samples::rows), [20, 15, 25]);
    let (mut all, mut labels) = (Vec::new(), Vec::new());
    for part in &parts {
        let (xs, ys) = part.range(0, part.rows())?;
        all.extend(xs.flatten_all()?.to_vec1::<f32>()?);
        labels.extend(ys.flatten_all()?.to_vec1::<f32>()?);
    }
    let data = circles().data(1)?;
    let expected = data.rows().flat_map(|(row, _)| row.iter().map(|x| *x as f32));
    assert!(expected.eq(all), "every row once, in order");
    assert!(data.rows().map(|(_, label)| label as f32).eq(labels));
    let (folder, grid) = (tempfile::tempdir()?, Plan { validation_size: 15, ..grid() });
    let records = run(folder.path(), &grid, TWO_THREADS, usize::MAX)?;
    let validation = records[1][0].run.get("validation_accuracy").unwrap() * 15.;
    assert!((validation - validation.round()).abs() < 1e-12 && records[0][0].test_hits.len() == 25);
    let (store, _) = open(folder.path(), &grid)?;
    let basis = store.basis();
    let conclusion = conclude(basis, &grid, &compare(basis, &grid, &records), &records).unwrap();
    assert_eq!(conclusion.choice.by, ChosenBy::ValidationScore);
    Ok(())
}

/// The plans of faulty lists and what is said of them.
#[test]
fn lists_that_make_no_plan_are_named() -> Result<()> {
    let task = circles();
    let subject = Subject::new(&task, "cpu", &[])?;
    let noise = |places: &[&str], stddevs: &[f64]| grid().against_baseline(&rows(places, stddevs));
    let cases = [
        (noise(&["input"], &[0.1, 1., 0.1]), "received [input:gaussian:0.1] twice"),
        (noise(&["after-pooling"], &[0.1]), "noise at input, before-activation, after-activation"),
        (Plan { data_seeds: vec![3, 3], ..grid() }, "data seed: expected each value once"),
        (Plan { hidden: vec![], ..grid() }, "hidden: expected at least one value"),
        (Plan { repeats: 1_000_000, ..grid() }, "at most 1000000 runs"),
        (Plan { repeats: 0, ..grid() }, "repeats must be at least 1"),
        (Plan { train_sizes: vec![30, 60], ..grid() }, "train size must leave test points"),
        (Plan { validation_size: 40, ..grid() }, "at most 39 beside 20 training points"),
        (Plan { learning_rates: vec![-1.], ..grid() }, "learning rate must be finite"),
        (Plan { batch_size: 0, ..grid() }, "batch size must be at least 1"),
    ];
    for (plan, expected) in cases {
        let error = format!("{:#}", plan.checked(&subject).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
    let cells = grid().checked(&subject)?.cells();
    assert_eq!(cells.len(), 5, "noise of strength 0 is the baseline");
    let hidden = noise(&["hidden"], &[0.1]).checked(&subject)?;
    assert_eq!(hidden.noise[1][0].place(), "before-activation");
    let two = Plan { hidden: vec![5, 6], train_sizes: vec![20, 30], ..grid() };
    assert_eq!(two.cells().iter().filter(|cell| cell.is_baseline()).count(), 4);
    Ok(())
}

/// A run has one cell, however its noises are written: those of strength 0 are no noise, and places have the
/// order of the model.
#[test]
fn no_run_counts_as_two_cells() -> Result<()> {
    let task = circles();
    let subject = Subject::new(&task, "cpu", &[])?;
    let plan = |rows: &[&str]| -> Result<Plan> {
        let rows = rows.iter().map(|row| row.parse()).collect::<candle_core::Result<Vec<_>>>()?;
        grid().against_baseline(&rows).checked(&subject)
    };
    let texts = |plan: &Plan| -> Vec<String> {
        plan.noise.iter().map(|noise| format!("{noise:?}")).collect()
    };
    let both = "[input:gaussian:0.1, before-activation:gaussian:0.1]";
    let expected = ["[]", "[before-activation:gaussian:0.1]", "[input:gaussian:0.1]", both];
    assert_eq!(texts(&plan(&["input:0,0.1 & hidden:0,0.1"])?), expected);
    assert_eq!(texts(&plan(&["hidden:0.1 & input:0.1"])?), ["[]", both]);
    for twice in [
        ["input:0,0.1 & hidden:0.1", "hidden:0.1"],
        ["input:0.1 & hidden:0.1", "hidden:0.1 & input:0.1"],
    ] {
        let error = plan(&twice).unwrap_err().to_string();
        assert!(error.contains("expected each value once"), "{error}");
    }
    Ok(())
}

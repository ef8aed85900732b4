//! Grids: what they train and keep.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use candle_core::Device;
use candle_noise::data::Samples;
use candle_noise::experiment::{
    ChosenBy, Common, Grid, Record, Run, Schedule, Settings, Shard, Source, Split, Store, Watch,
    compare, conclude, search, train_repeats,
};
use candle_noise::model::Placement;

const TWO_THREADS: Schedule = Schedule { threads: 2, chunk: None };

pub fn grid() -> Grid {
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
        ..Grid::default()
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
    let store =
        Store::open(folder, Common::new(grid, None, "cpu"), &mut |line| warnings.push(line))?;
    Ok((store, warnings))
}

fn run(folder: &Path, grid: &Grid, schedule: Schedule, chunks: usize) -> Result<Vec<Vec<Record>>> {
    let (store, _) = open(folder, grid)?;
    let watch = Chunks(AtomicUsize::new(chunks));
    search(&Source::Circles, grid, &store, Shard::default(), &[Device::Cpu], schedule, &watch)?;
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
fn shards_share_every_run_out_once_and_evenly() -> Result<()> {
    let (grid, [whole, shared]) = (grid(), [tempfile::tempdir()?, tempfile::tempdir()?]);
    let expected = run(whole.path(), &grid, TWO_THREADS, usize::MAX)?;
    for index in [2, 0, 3, 1] {
        let (store, _) = open(shared.path(), &grid)?;
        let before = records(&grid, &store).concat().len();
        let shard = Shard::new(index, 4)?;
        let watch = Chunks(AtomicUsize::new(usize::MAX));
        search(&Source::Circles, &grid, &store, shard, &[Device::Cpu], TWO_THREADS, &watch)?;
        let own = records(&grid, &store).concat().len() - before;
        assert!((7..=8).contains(&own), "30 runs on 4 shards, received {own}");
    }
    let (store, _) = open(shared.path(), &grid)?;
    assert_eq!(records(&grid, &store), expected);
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
    let newer = fs::read_to_string(path)?.replacen("\"format\":2", "\"format\":3", 1);
    fs::write(path, newer)?;
    let error = fails(&grid);
    assert!(error.contains("newer version: expected format 2, received 3"), "{error}");
    Store::remove(folder.path())?;
    assert_eq!(files(folder.path()).len(), 0);
    Ok(())
}

/// Several GPUs share a grid like this; a CPU twice is two devices, too.
#[test]
fn devices_share_the_chunks_and_every_run_is_done_once() -> Result<()> {
    let [one, two] = [tempfile::tempdir()?, tempfile::tempdir()?];
    let expected = run(one.path(), &grid(), TWO_THREADS, usize::MAX)?;
    let (store, _) = open(two.path(), &grid())?;
    let (shard, watch) = (Shard::default(), Chunks(AtomicUsize::new(usize::MAX)));
    search(
        &Source::Circles,
        &grid(),
        &store,
        shard,
        &[Device::Cpu, Device::Cpu],
        TWO_THREADS,
        &watch,
    )?;
    assert_eq!(records(&grid(), &store), expected);
    let none =
        search(&Source::Circles, &grid(), &store, shard, &[], TWO_THREADS, &watch).unwrap_err();
    assert!(none.to_string().contains("at least one device"), "{none}");
    Ok(())
}

#[test]
fn validation_points_are_neither_trained_nor_tested_on() -> Result<()> {
    let settings =
        Settings { samples: 60, train_size: 20, validation_size: 15, ..Settings::default() };
    let Split { train, validation, test, test_labels } =
        Source::Circles.split(&settings, &Device::Cpu)?;
    let parts = [train, validation.unwrap(), test];
    assert_eq!(parts.each_ref().map(Samples::rows), [20, 15, 25]);
    let mut all = Vec::new();
    for part in &parts {
        let (xs, _) = part.range(0, part.rows())?;
        all.extend(xs.flatten_all()?.to_vec1::<f32>()?);
    }
    let data = settings.circles()?;
    let expected = data.rows().flat_map(|(row, _)| row.iter().map(|x| *x as f32));
    assert!(expected.eq(all), "every row once, in order");
    assert!(data.rows().skip(35).map(|(_, label)| label).eq(test_labels));
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

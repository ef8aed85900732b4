//! Grids that attack their networks: what they score, keep and compare.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use candle_core::Device;
use candle_noise::experiment::{
    Basis, Event, Experiment, Outcome, Plan, Record, Schedule, Shard, Store, Subject, Watch, search,
};
use serde_json::Value;

use crate::cli::{files, result, run, stderr, stdout};
use crate::cli_grid::joined;
use crate::grid::{TWO_THREADS, circles, grid};

const CURVES: [&str; 5] = ["gaussian", "missing", "fgsm-linf", "pgd-linf", "pgd-l2"];

fn found(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("robustness.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|own| own.as_f64().unwrap()).collect()
}

/// The content of each file of the store.
fn store(folder: &Path) -> BTreeMap<String, String> {
    let folder = folder.join("store");
    let names = files(&folder).into_iter().filter(|name| name.ends_with(".jsonl"));
    names.map(|name| (name.clone(), fs::read_to_string(folder.join(name)).unwrap())).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

/// Rows as they are have the scores of the grid itself, and so the grid's own paired differences and intervals of
/// folds, which share training rows.
#[test]
fn folds_are_attacked_on_their_own_rows_and_compared_as_the_grid_does() {
    let folder = tempfile::tempdir().unwrap();
    let penguins = concat!(env!("CARGO_MANIFEST_DIR"), "/data/penguins.csv.gz");
    let args = format!(
        "--data {penguins} --target species --folds 3 --repeats 2 --epochs 8 --hidden 8 --no-plots -q \
         --noise input:gaussian:0.3,1 --learning-rate 0.01"
    );
    let output = run("grid_search", &format!("{args} --robustness"), folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let told = joined(&text);
    assert_eq!(told.matches("On the rows as they are the accuracy of input").count(), 1, "{told}");

    let (grid, own) = (result(folder.path()), found(folder.path()));
    let names: Vec<&Value> =
        own["models"].as_array().unwrap().iter().map(|own| &own["name"]).collect();
    assert_eq!(names, ["baseline", "input 0.3", "input 1"]);
    for model in own["models"].as_array().unwrap() {
        assert_eq!(model["dir"], folder.path().to_str().unwrap());
        assert_eq!(model["networks"], 6);
    }
    assert_eq!((&own["metric"], &own["rows"]), (&"accuracy".into(), &344.into()));
    assert_eq!(own["averages"].as_array().unwrap().len(), CURVES.len());
    let mut seen = Vec::new();
    for curve in own["curves"].as_array().unwrap() {
        let metric = curve["metric"].as_str().unwrap();
        let kind = curve["kind"].as_str().unwrap();
        let name = curve["norm"].as_str().map_or(kind.into(), |norm| format!("{kind}-{norm}"));
        for (place, model) in curve["models"].as_array().unwrap().iter().enumerate() {
            let (means, cell) = (numbers(&model["mean"]), &grid["cells"][place]);
            let clean = cell["summary"][format!("test_{metric}")]["mean"].as_f64().unwrap();
            assert!(close(means[0], clean), "{name} {metric}: {means:?}, not {clean}");
            let last = means[means.len() - 1];
            let is_worse = if metric == "nll" { last > clean } else { last < clean };
            assert!(is_worse, "{name} {metric} of {place}: {means:?}");
            if kind == "pgd" && metric == "accuracy" {
                assert!(means.windows(2).all(|pair| pair[1] <= pair[0]), "{means:?}");
            }
            let Some(place) = place.checked_sub(1).filter(|_| metric == "accuracy") else {
                continue;
            };
            let (band, expected) = (&curve["differences"][place], &cell["difference"]);
            for end in ["mean", "low", "high"] {
                let (band, expected) = (&band[end][0], expected[end].as_f64().unwrap());
                assert!(
                    close(band.as_f64().unwrap(), expected),
                    "{name} {end}: {band}, {expected}"
                );
            }
        }
        seen.push(format!("{name} {metric}"));
    }
    let expected: Vec<String> = CURVES
        .iter()
        .flat_map(|name| ["accuracy", "nll"].map(|own| format!("{name} {own}")))
        .collect();
    assert_eq!(seen, expected);

    let before = store(folder.path());
    let again = run("grid_search", &format!("{args} --robustness"), folder.path());
    assert!(again.status.success(), "{}", stderr(&again));
    assert_eq!(store(folder.path()), before, "nothing is trained again");
    fs::remove_file(folder.path().join("robustness.json")).unwrap();
    let report = ["--report", folder.path().to_str().unwrap(), "--no-plots"];
    let report = crate::cli::program("grid_search").args(report).output().unwrap();
    assert!(report.status.success(), "{}", stderr(&report));
    assert_eq!(found(folder.path()), own, "it is written from the store");
}

#[test]
fn shards_report_together_and_a_grid_without_the_flag_has_no_such_file() {
    let folder = tempfile::tempdir().unwrap();
    let args = "--epochs 5 --hidden 8 --repeats 2 --placement input --stddev 0.5 --no-plots -q";
    let shard = |own: &str| run("grid_search", &format!("{args} {own}"), folder.path());
    assert!(shard("--robustness --shard 0/2").status.success());
    assert!(!files(folder.path()).contains(&"robustness.json".to_string()));
    let output = shard("--robustness --shard 1/2");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(found(folder.path())["models"][1]["networks"], 2);
    let refused = shard("--robustness --report nowhere");
    assert_eq!(refused.status.code(), Some(2));
    // The new repeat was not attacked.
    let output = shard("--repeats 3");
    assert!(!output.status.success(), "a flag is given once");
    let more = args.replace("--repeats 2", "--repeats 3");
    let output = run("grid_search", &more, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!files(folder.path()).contains(&"robustness.json".to_string()), "no stale figures");
}

/// Trains what a folder lacks; returns the number of epochs, and all runs as the folder has them afterwards.
fn trained(folder: &Path, plan: &Plan, schedule: Schedule) -> Result<(usize, Vec<Record>)> {
    let task = circles();
    let subject = Subject::new(&task, "cpu", &[])?;
    let open = || Store::open(folder, Basis::new(&subject, plan)?, &mut |line| panic!("{line}"));
    let epochs = AtomicUsize::new(0);
    let hear = |event| {
        if let Event::Epochs(count) = event {
            epochs.fetch_add(count, Ordering::SeqCst);
        }
    };
    let watch = Watch { hear: &hear, ..Watch::NONE };
    search(&subject, plan, &open()?, Shard::default(), &[Device::Cpu], schedule, watch)?;
    Ok((epochs.into_inner(), open()?.records(plan)?.concat()))
}

fn unattacked(runs: &[Record]) -> Vec<Record> {
    let mut runs = runs.to_vec();
    runs.iter_mut().for_each(|own| own.robust.clear());
    runs
}

#[test]
fn only_what_lacks_scores_is_trained_again_to_the_same_bits() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let few = Plan { repeats: 2, ..grid() };
    let attacked = |plan: &Plan| Plan { robustness: true, ..plan.clone() };
    let (epochs, plain) = trained(folder.path(), &few, TWO_THREADS)?;
    assert_eq!(epochs, few.runs() * few.epochs);
    // Such files are those of versions that attacked nothing.
    let kept = files(folder.path());
    for name in &kept {
        assert!(!fs::read_to_string(folder.path().join(name))?.contains("robust"), "{name}");
    }
    // Chunks that are cut otherwise become other files, so that two files have the same run.
    let other = Schedule { threads: 1, chunk: Some(3) };
    let (epochs, scored) = trained(folder.path(), &attacked(&few), other)?;
    assert_eq!(epochs, few.runs() * few.epochs);
    assert!(kept.iter().all(|name| files(folder.path()).contains(name)), "old files stay");
    assert_eq!(unattacked(&scored), plain);
    for own in &scored {
        assert_eq!(own.robust.len(), 10, "{own:?}");
        for scan in &own.robust {
            let clean = own.run.get(&format!("test_{}", scan.metric));
            assert!(
                scan.scores[0].zip(clean).is_some_and(|(a, b)| close(a, b)),
                "{scan:?} {clean:?}"
            );
        }
    }
    assert_eq!(trained(folder.path(), &attacked(&few), TWO_THREADS)?, (0, scored.clone()));
    assert_eq!(trained(folder.path(), &few, TWO_THREADS)?, (0, scored), "scores are kept");

    let added = (grid().runs() - few.runs()) * few.epochs;
    let (epochs, mixed) = trained(folder.path(), &grid(), TWO_THREADS)?;
    assert_eq!((epochs, mixed.iter().filter(|own| own.is_attacked()).count()), (added, few.runs()));
    let (epochs, whole) = trained(folder.path(), &attacked(&grid()), TWO_THREADS)?;
    assert_eq!((epochs, whole.iter().all(Record::is_attacked)), (added, true));
    // Attacks on a network do not depend on its company.
    let alone = tempfile::tempdir()?;
    let single = Schedule { threads: 1, chunk: Some(1) };
    assert_eq!(trained(alone.path(), &attacked(&grid()), single)?.1, whole);
    Ok(())
}

/// Repeats of a data seed share its rows: they are one observation.
#[test]
fn data_seeds_are_paired_by_their_means() -> Result<()> {
    let task = circles();
    let settings = |plan: &mut Plan| {
        *plan = Plan { data_seeds: vec![1, 2, 3], repeats: 2, ..grid() };
    };
    let outcome: Outcome = Experiment::new(&task).plan(settings).robustness().run()?;
    let own = outcome.robustness.as_ref().unwrap();
    assert_eq!(own.models.iter().map(|own| own.networks).collect::<Vec<_>>(), [6; 5]);
    assert_eq!((own.rows, own.metric.as_str()), (40, "accuracy"));
    let conclusion = outcome.conclusion.as_ref().unwrap();
    let told = match conclusion.recommended.is_baseline() {
        true => &conclusion.cell,
        false => &conclusion.recommended,
    };
    assert_eq!(own.told.map(|place| &outcome.cells[place].cell), Some(told));
    for curve in own.curves.iter().filter(|own| own.metric == "accuracy") {
        for (band, cell) in curve.differences.iter().zip(&outcome.cells[1..]) {
            let expected = cell.difference.as_ref().unwrap();
            assert_eq!(expected.units, 3);
            assert!(close(band.mean[0].unwrap(), expected.mean), "{band:?}");
            let ends = [band.low[0], band.high[0]].into_iter().zip([expected.low, expected.high]);
            for (end, expected) in ends {
                assert!(end.zip(expected).is_none_or(|(a, b)| close(a, b)), "{band:?}");
                assert_eq!(end.is_some(), expected.is_some());
            }
        }
    }
    Ok(())
}

//! The convolutional and the recurrent network on real data, as a library and as programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_core::Device;
use candle_noise::data::{Samples, digits};
use candle_noise::experiment::{Plan, Schedule, Subject, Trained, Watch, train_repeats};
use candle_noise::metric::{Accuracy, Metric, Nll};
use candle_noise::noise::NoiseSpec;
use candle_noise::task::{Circles, Digits, Draw, Moons, Rows, Task, Vowels};
use serde_json::Value;

use crate::cli::{files, result, run, stderr, stdout};

fn inputs(samples: &Samples) -> Result<Vec<f32>> {
    Ok(samples.range(0, samples.rows())?.0.flatten_all()?.to_vec1()?)
}

fn targets(samples: &Samples) -> Result<Vec<f32>> {
    Ok(samples.range(0, samples.rows())?.1.flatten_all()?.to_vec1()?)
}

/// The published split for data seed 0; other seeds draw all parts from all rows.
#[test]
fn the_data_seed_draws_training_validation_and_test_rows() -> Result<()> {
    let task = Digits::new()?;
    let parts = |data_seed: u32| {
        let draw = Draw { data_seed, train_size: 90, validation_size: 60, ..Draw::default() };
        task.parts(&task.defaults(), &draw, &Device::Cpu)
    };
    let (first, other, again) = (parts(0)?, parts(1)?, parts(1)?);
    let pixels = |from: usize, count: usize| -> Vec<f32> {
        let data = digits().unwrap();
        let rows = data.rows().skip(from).take(count);
        rows.flat_map(|(row, _)| row.iter().map(|x| *x as f32).collect::<Vec<_>>()).collect()
    };
    assert_eq!(inputs(&first.train)?, pixels(0, 90));
    assert_eq!(inputs(first.validation.as_ref().unwrap())?, pixels(90, 60));
    assert_eq!(inputs(&first.test)?, pixels(797, 1000));

    assert_eq!(inputs(&other.train)?, inputs(&again.train)?);
    assert_ne!(inputs(&other.train)?, inputs(&first.train)?);
    assert_eq!(inputs(&other.test)?, inputs(&again.test)?);
    assert_ne!(inputs(&other.test)?, inputs(&first.test)?);
    assert_eq!(other.test.rows(), 1000);
    let mut counts = [0; 10];
    targets(&other.train)?.iter().for_each(|class| counts[*class as usize] += 1);
    assert!(counts.iter().all(|count| (8..=10).contains(count)), "{counts:?} of 90 rows");
    Ok(())
}

/// Each part has its share of each class, to within a row; smaller parts are parts of larger ones.
#[test]
fn stratified_parts_have_the_classes_in_proportion() -> Result<()> {
    let labels: Vec<u32> = (0..100).map(|row| [0, 1, 2][row / 50 + row / 80]).collect(); // 50, 30, 20
    let rows = Rows { all: 100, test: Some(30) };
    for data_seed in 1..20 {
        let split = |train_size, validation_size| {
            let draw = Draw { data_seed, train_size, validation_size, ..Draw::default() };
            draw.stratified(rows, &labels)
        };
        let [train, validation, test] = split(40, 30)?;
        for (part, expected) in
            [(&train, [20, 12, 8]), (&validation, [15, 9, 6]), (&test, [15, 9, 6])]
        {
            for (class, expected) in (0..).zip(expected) {
                let count = part.iter().filter(|row| labels[**row] == class).count();
                assert!(count.abs_diff(expected) <= 1, "{count} of {part:?}");
            }
        }
        let mut all = [train.clone(), validation, test.clone()].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..100), "each row once");
        let [fewer, _, same] = split(7, 0)?;
        assert_eq!((fewer[..].to_vec(), same), (train[..7].to_vec(), test));
        assert_eq!(fewer.iter().map(|row| labels[*row]).collect::<BTreeSet<_>>().len(), 3);
    }
    let [train, _, test] = Draw { train_size: 2, ..Draw::default() }.stratified(rows, &labels)?;
    assert_eq!((train, test), (vec![0, 1], (70..100).collect()));
    let error = Draw { train_size: 2, ..Draw::default() }.stratified(rows, &labels[1..]);
    assert!(error.unwrap_err().to_string().contains("labels of 100 rows, received 99"));
    Ok(())
}

/// A class of two rows has one for training and one to test on.
#[test]
fn rare_classes_are_in_both_parts() -> Result<()> {
    let labels: Vec<u32> = (0..30).map(|row| u32::from(row >= 28)).collect();
    let rows = Rows { all: 30, test: Some(10) };
    for data_seed in 1..20 {
        let draw = Draw { data_seed, train_size: 20, ..Draw::default() };
        let [train, _, test] = draw.stratified(rows, &labels)?;
        assert_eq!([train, test].map(|rows| rows.iter().filter(|row| **row >= 28).count()), [1, 1]);
    }
    Ok(())
}

#[test]
fn sequences_have_one_length_in_all_parts() -> Result<()> {
    let task = Vowels::new()?;
    let draw = Draw { train_size: 200, validation_size: 70, ..task.draw() };
    let parts = task.parts(&task.defaults(), &draw, &Device::Cpu)?;
    for (part, rows) in [(&parts.train, 200), (&parts.validation.unwrap(), 70), (&parts.test, 370)]
    {
        assert_eq!(part.range(0, part.rows())?.0.dims(), [rows, 29, 13]);
        assert!(targets(part)?.iter().all(|class| (0. ..9.).contains(class)));
    }
    assert_eq!(task.objective().classes(), Some(9));
    Ok(())
}

fn train(task: &dyn Task, repeats: usize, noise: Vec<NoiseSpec>, threads: usize) -> Trained {
    let subject = Subject::new(task, "cpu", &[]).unwrap();
    let plan = Plan { epochs: 2, repeats, noise: vec![noise], seed: 3, ..Plan::of(task) };
    let plan = plan.checked(&subject).unwrap();
    let schedule = Schedule { threads, chunk: None };
    train_repeats(&subject, &plan, &Device::Cpu, schedule, Watch::NONE).unwrap()
}

/// The baseline is the noise of stddev 0, and a run the same alone, in company and on two threads.
#[test]
fn runs_are_paired_and_depend_on_their_seeds_alone() -> Result<()> {
    let (digits, vowels) = (Digits::new()?, Vowels::new()?);
    let tasks: [(&dyn Task, &str); 2] = [(&digits, "after-pooling"), (&vowels, "before-dense")];
    for (task, place) in tasks {
        let noise = |stddev| vec![NoiseSpec::gaussian(place, stddev).unwrap()];
        let baseline = train(task, 2, vec![], 1);
        assert_eq!(train(task, 2, noise(0.), 2).histories, baseline.histories);
        let noisy = train(task, 2, noise(0.5), 1);
        assert_ne!(noisy.histories, baseline.histories);
        assert_ne!(noisy.histories[0], noisy.histories[1]);
        assert_eq!(train(task, 1, noise(0.5), 1).histories[0], noisy.histories[0]);
        assert_eq!(train(task, 2, noise(0.5), 2).histories, noisy.histories);

        let (hits, history) = (noisy.test_hits[1].as_ref().unwrap(), &noisy.histories[1]);
        let share = hits.iter().filter(|hit| **hit).count() as f64 / hits.len() as f64;
        assert_eq!(noisy.runs[1].get("test_accuracy"), Some(share));
        assert_eq!(history.test.score[1], share, "the last curve value is that of the end");
    }
    Ok(())
}

/// Moons are scikit-learn's, whose numbers a test of the data has; the network learns them.
#[test]
fn moons_are_a_task_like_circles() -> Result<()> {
    let task = Moons::new(100, 0.1)?;
    let subject = Subject::new(&task, "cpu", &[])?;
    let plan =
        Plan { epochs: 300, learning_rates: vec![0.01], ..Plan::of(&task) }.checked(&subject)?;
    let schedule = Schedule::default();
    let trained = train_repeats(&subject, &plan, &Device::Cpu, schedule, Watch::NONE)?;
    assert!(trained.runs[0].get("test_accuracy") > Some(0.9), "{:?}", trained.runs[0]);
    Ok(())
}

/// NLL is the cross-entropy, which is the loss of all of them.
#[test]
fn shipped_tasks_are_judged_by_their_probabilities_too() -> Result<()> {
    let (circles, moons) = (Circles::default(), Moons::default());
    let (digits, vowels) = (Digits::new()?, Vowels::new()?);
    let tasks: [&dyn Task; 4] = [&circles, &moons, &digits, &vowels];
    for task in tasks {
        let trained = train(task, 1, vec![], 2);
        let run = &trained.runs[0];
        let names: Vec<&str> = run.scores.iter().map(|(name, _)| name).take(8).collect();
        let figures = ["accuracy", "nll", "brier", "ece"];
        let expected = figures.map(|metric| ["train", "test"].map(|set| format!("{set}_{metric}")));
        assert_eq!(names, expected.concat());
        for set in ["train", "test"] {
            let [nll, loss] = ["nll", "loss"].map(|of| run.get(&format!("{set}_{of}")).unwrap());
            assert!((nll / loss - 1.).abs() < 1e-5, "{}: {nll} {loss}", task.name());
        }
    }
    Ok(())
}

/// Counted in the files of the data: 14 and 16 of the first 30 circles are of the two classes, and 36 and
/// 34 of the others; 12 of the first 100 digits are ones, as many threes, and 102 of the last 1,000 ones;
/// each of nine speakers has 30 training utterances, the first one 31 of 370 in the test.
#[test]
fn without_a_model_the_most_frequent_class_of_the_training_rows_is_predicted() -> Result<()> {
    let (circles, digits, vowels) = (Circles::default(), Digits::new()?, Vowels::new()?);
    let entropy = |shares: [f64; 2], rows: [f64; 2]| {
        -(rows[0] * shares[0].ln() + rows[1] * shares[1].ln()) / (rows[0] + rows[1])
    };
    let of_circles = entropy([14. / 30., 16. / 30.], [36., 34.]);
    let tasks: [(&dyn Task, u32, f64, Option<f64>); 3] = [
        (&circles, 1, 34. / 70., Some(of_circles)),
        (&digits, 1, 0.102, None),
        (&vowels, 0, 31. / 370., Some(9f64.ln())),
    ];
    for (task, class, accuracy, nll) in tasks {
        let [(name, rows)] = &task.references(&task.draw())?[..] else { panic!("one reference") };
        assert_eq!(*name, "majority class");
        assert!(rows.classes().all(|own| own == class), "{}", task.name());
        assert_eq!(Accuracy.score(rows), Some(accuracy), "{}", task.name());
        if let Some(nll) = nll {
            assert!((Nll.score(rows).unwrap() - nll).abs() < 1e-6, "{}", task.name());
        }
    }
    // Of validation rows nothing is counted: the last 60 circles have 28 of class 1.
    let draw = Draw { validation_size: 10, ..circles.draw() };
    assert_eq!(Accuracy.score(&circles.references(&draw)?[0].1), Some(28. / 60.));
    Ok(())
}

/// A confusion matrix has a row for each true class, and its diagonal is what is right.
#[test]
fn every_test_point_is_counted_once_in_the_confusion_matrix() -> Result<()> {
    let trained = train(&Digits::new()?, 2, vec![], 2);
    let counts = trained.confusion(10)?;
    assert_eq!(counts.iter().sum::<u64>(), 2 * 1000);
    for class in 0..10 {
        let rows = trained.test[0].labels().filter(|label| *label == class as u32).count();
        assert_eq!(counts[class * 10..][..10].iter().sum::<u64>(), 2 * rows as u64);
    }
    let hits = trained.test_hits.iter().flatten().flatten().filter(|hit| **hit).count();
    assert_eq!((0..10).map(|class| counts[class * 11]).sum::<u64>(), hits as u64);
    Ok(())
}

#[test]
fn the_programs_write_what_the_others_write_and_a_confusion_matrix() {
    for (program, placements) in
        [("cnn_noise", ["after-pooling", "input"]), ("lstm_noise", ["before-dense", "input"])]
    {
        let folder = tempfile::tempdir().unwrap();
        for placement in placements {
            let args =
                format!("--epochs 1 --repeats 2 --placement {placement} --stddev 0.3 --fresh");
            let output = run(program, &args, folder.path());
            assert!(output.status.success(), "{}", stderr(&output));
            assert!(stdout(&output).ends_with("(2 repeats)\n"), "{}", stdout(&output));
        }
        let expected = [
            "accuracy.png",
            "checkpoints",
            "confusion.png",
            "dataset.png",
            "experiment.json",
            "history.csv",
            "loss.png",
            "model.safetensors",
            "reliability.png",
            "result.json",
            "roc.png",
        ];
        assert_eq!(files(folder.path()), expected);
        let result = result(folder.path());
        assert_eq!(result["experiment"], program);
        assert_eq!(result["settings"]["noise"][0]["placement"], "input");
        for other in ["before-activation", "nowhere"] {
            let output = run(program, &format!("--placement {other}"), folder.path());
            assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
            assert!(stderr(&output).contains(other), "{}", stderr(&output));
        }
    }
}

/// An own file takes the place of the one that comes with the program, and its errors have lines.
#[test]
fn files_of_data_are_read_and_their_errors_name_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let out = |program: &str| folder.path().join(program);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let args = "--epochs 1 --no-plots --format json";
    let runs = |program: &str, args: &str| -> Value {
        let output = run(program, args, &out(program));
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["runs"].clone()
    };
    let own = data.join("digits.csv.gz");
    let own = runs("cnn_noise", &format!("{args} --data {}", own.display()));
    assert_eq!(own, runs("cnn_noise", args));
    let [train, test] =
        ["train", "test"].map(|part| data.join(format!("japanese_vowels_{part}.ts.gz")));
    let own = format!("{args} --data {},{}", train.display(), test.display());
    assert_eq!(runs("lstm_noise", &own), runs("lstm_noise", args));

    let written = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let packed = fs::read(data.join("digits.csv.gz")).unwrap();
    let line = |label: &str| [vec!["0"; 64].join(","), label.to_string()].join(",");
    let cases = [
        ("cnn_noise", written("cut.csv.gz", &packed[..5000]), "cut.csv.gz: damaged or truncated"),
        (
            "cnn_noise",
            written("label.csv", format!("{}\n{}", line("9"), line("")).as_bytes()),
            "label.csv, line 2",
        ),
        (
            "cnn_noise",
            written("few.csv", line("1").as_bytes()),
            "few.csv: expected images of at least 2 classes",
        ),
        ("cnn_noise", folder.path().join("none.csv"), "cannot read"),
    ];
    for (program, path, expected) in cases {
        let output = run(program, &format!("--data {}", path.display()), &out(program));
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains(expected) && said.lines().count() == 1, "{said}");
    }
    let narrow =
        written("narrow.ts", b"@dimensions 1\n@classLabel true 1 2\n@data\n0.5,0.25:1\n0.75:2\n");
    let pair = format!("--data {},{}", train.display(), narrow.display());
    let pair = run("lstm_noise", &pair, &out("lstm_noise"));
    let said = stderr(&pair);
    assert!(said.contains("narrow.ts, line 4: expected sequences of 12 channels"), "{said}");
}

#[test]
fn a_grid_of_a_task_has_its_defaults_and_its_placements() {
    let folder = tempfile::tempdir().unwrap();
    let help = stdout(&run("grid_search", "--task digits --help", folder.path()));
    assert!(help.contains("[default: input,after-pooling]"), "{help}");
    let args = "--task digits --stddev 0.5 --repeats 2 --epochs 1 --train-size 40 --format json";
    let output = run("grid_search", args, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["settings"]["task"], "digits");
    let cells = result["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 3);
    assert_eq!(cells[2]["placement"], "after-pooling");
    for (args, expected) in [
        ("--task digits --placement before-dense", "offers noise at input, after-pooling"),
        ("--task digits --samples 50", "have 1797 samples, received 50"),
        ("--task vowels --train-size 271", "expected 1 to 270"),
        ("--task letters", "[possible values: circles, moons, digits, vowels]"),
        ("--data x.csv", "--target COLUMN, received the task circles"),
    ] {
        let output = run("grid_search", args, folder.path());
        assert_eq!(output.status.code(), Some(2), "{args}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{args}: {}", stderr(&output));
    }
    // The folder has runs of digits.
    let output = run("grid_search", "--repeats 1 --epochs 1", folder.path());
    assert!(
        stderr(&output).contains("expected task \"circles\", received \"digits\""),
        "{}",
        stderr(&output)
    );
}

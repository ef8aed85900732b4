//! `candle-noise compare`: finished experiments against the first one, run by run.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{files, result, run, stderr, stdout};
use crate::cli_pictures::{compare, trained};

/// What `comparison.json` in a folder says.
fn comparison(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("comparison.json")).unwrap()).unwrap()
}

/// Sets the test scores of the runs of an experiment, in order.
fn set_scores(folder: &Path, scores: &[f64]) {
    let mut own = result(folder);
    let runs = own["runs"].as_array_mut().unwrap();
    assert_eq!(runs.len(), scores.len());
    for (run, score) in runs.iter_mut().zip(scores) {
        run["test_accuracy"] = json!(score);
    }
    fs::write(folder.join("result.json"), own.to_string()).unwrap();
}

fn near(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-10, "{found}, not {expected}");
}

/// Seeds 0 to 4 against 1 to 6. The differences of the pairs are 0.1, 0.2, 0.1 and 0:
///
/// ```python
/// d = np.array([.1, .2, .1, 0])
/// st.t.interval(.95, 3, d.mean(), d.std(ddof=1) / 2), st.ttest_1samp(d, 0).pvalue
/// ```
fn apart() -> (TempDir, TempDir) {
    let (first, second) =
        (trained("baseline", "--repeats 5"), trained("hidden_noise", "--repeats 6 --seed 1"));
    set_scores(first.path(), &[0., 0.5, 0.5, 0.5, 0.5]);
    set_scores(second.path(), &[0.6, 0.7, 0.6, 0.5, 1., 1.]);
    (first, second)
}

#[test]
fn pairs_are_runs_of_one_seed_and_the_others_are_counted() {
    let (first, second) = apart();
    let out = tempfile::tempdir().unwrap();
    let output = compare(&[first.path(), second.path()], "", out.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let found = comparison(out.path());
    let own = &found["experiments"][1];
    assert_eq!(own["unmatched"], json!({"own": 2, "baseline": 1}));
    assert_eq!(found["experiments"][0]["difference"], Value::Null);
    near(&own["difference"]["mean"], 0.1);
    near(&own["difference"]["p"], 0.09172111331157186);
    near(&own["difference"]["simultaneous"]["low"], -0.02992282636251109);
    near(&own["difference"]["simultaneous"]["high"], 0.2299228263625111);
    let text = stdout(&output);
    assert!(text.lines().skip(2).all(|line| line.chars().count() <= 80), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(
            "hidden_noise: before-activation 0.1 raises test accuracy by 0.100 against baseline on this \
             split (95 % interval -0.030 to +0.230, p = 0.092, 4 pairs; margin 0.01): undecided. Warning: 2 \
             runs of hidden_noise: before-activation 0.1 and 1 run of baseline without a partner of the same \
             seed are left out."
        ),
        "{words}"
    );
    assert_eq!(fs::read_to_string(out.path().join("comparison.txt")).unwrap(), text);
    // With a margin of 0.3 the whole interval matters little.
    let output = compare(&[first.path(), second.path()], "--margin 0.3", out.path());
    assert!(stdout(&output).contains("4 pairs): equivalent."), "{}", stdout(&output));
    assert_eq!(comparison(out.path())["margin"], 0.3);
}

/// Runs that differ in what they were trained with beside noise are told apart by it.
#[test]
fn experiments_are_named_by_their_recipes() {
    let [plain, mixed, both] = ["", "--mixup 0.2", "--mixup 0.2 --noise input:0.1"]
        .map(|args| trained("baseline", &format!("--repeats 2 {args}")));
    let out = tempfile::tempdir().unwrap();
    let output = compare(&[plain.path(), mixed.path(), both.path()], "--no-plots", out.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let found = comparison(out.path());
    let names = [0, 1, 2].map(|i| found["experiments"][i]["name"].as_str().unwrap().to_string());
    assert_eq!(names, ["baseline", "baseline: mixup 0.2", "baseline: input 0.1, mixup 0.2"]);
}

#[test]
fn a_table_alone_is_printed_and_replaces_other_forms() {
    let (first, second) = apart();
    let out = tempfile::tempdir().unwrap();
    for (flags, name, row) in [
        (
            "--table markdown",
            "comparison.md",
            "| hidden\\_noise: before-activation 0.1 | 0.733 ± 0.216 | +0.100 | -0.030 to +0.230 | 0.092 | undecided | 4 | 2 + 1 | ",
        ),
        (
            "--table latex",
            "comparison.tex",
            "hidden\\_noise: before-activation 0.1 & $0.733$ $\\pm$ $0.216$ & $+0.100$ & $-0.030$ to $+0.230$ & $0.092$ & undecided & $4$ & $2$ + $1$ & ",
        ),
    ] {
        let output = compare(&[first.path(), second.path()], flags, out.path());
        assert!(output.status.success(), "{}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains(row), "{text}");
        assert!(!text.contains("Train"), "{text}");
        assert_eq!(fs::read_to_string(out.path().join(name)).unwrap(), text);
        let of_tables = |name: &String| name.starts_with("comparison.");
        let found: Vec<String> = files(out.path()).into_iter().filter(of_tables).collect();
        assert_eq!(found, ["comparison.json", name]);
    }
    let output = compare(&[first.path(), second.path()], "--table html", out.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("text, markdown, latex"), "{}", stderr(&output));
    for (margin, expected) in [("0", "expected a finite number above 0"), ("2", "below 1")] {
        let flags = format!("--margin {margin}");
        let output = compare(&[first.path(), second.path()], &flags, out.path());
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    let output = compare(&[first.path(), second.path()], "--no-plots", out.path());
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(files(out.path()).iter().all(|name| !name.ends_with(".png")), "no pictures");
}

#[test]
fn results_without_runs_or_with_one_twice_are_refused() {
    let (first, second) =
        (trained("baseline", "--repeats 2"), trained("hidden_noise", "--repeats 2"));
    let out = tempfile::tempdir().unwrap();
    let whole = result(second.path());
    let refused = |runs: Value, expected: &str| {
        let mut own = whole.clone();
        own["runs"] = runs;
        fs::write(second.path().join("result.json"), own.to_string()).unwrap();
        let output = compare(&[first.path(), second.path()], "", out.path());
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    };
    refused(json!([]), "expected finished runs, received none");
    let run = &whole["runs"][0];
    refused(json!([run, run]), "expected each run once, received that of seed 0 twice");
}

#[test]
fn one_folder_and_seven_are_refused() {
    let (first, out) = (trained("baseline", "--repeats 1"), tempfile::tempdir().unwrap());
    for count in [1, 7] {
        let output = compare(&vec![first.path(); count], "", out.path());
        assert_eq!(output.status.code(), Some(2));
        let expected = format!("expected 2 to 6 folders of finished experiments, received {count}");
        assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
    }
}

#[test]
fn experiments_without_a_common_seed_are_refused() {
    let (first, second) =
        (trained("baseline", "--repeats 2"), trained("hidden_noise", "--repeats 3 --seed 20"));
    let out = tempfile::tempdir().unwrap();
    let output = compare(&[first.path(), second.path()], "", out.path());
    let expected = format!(
        "error: expected runs of the same seeds, received seeds 0 to 1 in {} and 20 to 22 in {}\n",
        first.path().display(),
        second.path().display()
    );
    assert_eq!((output.status.code(), stderr(&output)), (Some(1), expected));
    assert!(files(out.path()).is_empty());
}

/// Trains on a table of the fixtures.
fn of_table(program: &str, flags: &str) -> TempDir {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables/Pima.tr2.csv");
    let folder = tempfile::tempdir().unwrap();
    let flags = format!(
        "--data {} --target type --hidden 4 --epochs 2 --no-plots -q {flags}",
        table.display()
    );
    let output = run(program, &flags, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    folder
}

/// SE² = var (1/J + ratio): 1 / (K - 1) for K folds; for a holdout of 25 % of 300 rows 75 / 225.
#[test]
fn tables_are_compared_with_the_error_of_overlapping_training_rows() {
    let out = tempfile::tempdir().unwrap();
    for (flags, ratio, unit) in [
        ("--folds 3", 1. / 2., "fold"),
        ("--folds 3 --train-size 60", 100. / 60., "fold"),
        ("--test-size 0.25", 75. / 225., "split"),
        ("--test-size 0.25 --train-size 100", 75. / 100., "split"),
    ] {
        let first = of_table("baseline", &format!("{flags} --repeats 3"));
        // Another activation is another network on the same rows.
        let second =
            of_table("hidden_noise", &format!("{flags} --repeats 2 --stddev 3 --activation tanh"));
        let output = compare(&[first.path(), second.path()], "--fresh", out.path());
        assert!(output.status.success(), "{}", stderr(&output));
        let pair = |run: &Value| [&run["data_seed"], &run["fold"], &run["seed"]].map(Value::clone);
        let runs = |folder: &Path| result(folder)["runs"].as_array().unwrap().clone();
        let baseline = runs(first.path());
        let difference = |own: &Value| {
            let base = baseline.iter().find(|run| pair(run) == pair(own)).unwrap();
            own["test_accuracy"].as_f64().unwrap() - base["test_accuracy"].as_f64().unwrap()
        };
        let d: Vec<f64> = runs(second.path()).iter().map(difference).collect();
        let n = d.len() as f64;
        let mean = d.iter().sum::<f64>() / n;
        let var = d.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.);
        // scipy.stats.t.ppf(0.975, n - 1)
        let t = if d.len() == 6 { 2.5705818356363146 } else { 12.706204736174694 };
        let found = comparison(out.path());
        let own = &found["experiments"][1];
        assert_eq!(found["unit"], unit);
        assert_eq!(own["unmatched"]["baseline"], baseline.len() - d.len());
        near(&own["difference"]["mean"], mean);
        let high = mean + t * (var * (1. / n + ratio)).sqrt();
        near(&own["difference"]["simultaneous"]["high"], high);
        assert!(stdout(&output).contains("new rows from the same source"), "{}", stdout(&output));
    }
}

#[test]
fn other_folds_of_a_table_and_other_data_seeds_of_its_repeats_are_refused() {
    let out = tempfile::tempdir().unwrap();
    let first = of_table("baseline", "--folds 3 --repeats 2");
    let refused = |flags: &str, what: &str| {
        let other = of_table("hidden_noise", flags);
        let output = compare(&[first.path(), other.path()], "", out.path());
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.lines().count() == 1 && error.contains(what), "{error}");
    };
    refused("--folds 4", "expected experiments on the same rows, received split \"3 folds\" in");
    refused("--test-size 0.3", "received split \"3 folds\" in");
    refused("--folds 3 --train-size 100", "received train_size 200 in");
    refused("--folds 3 --repeats 2 --seed 1", "and 1 to 2 with data seeds 0 to 1 in");
}

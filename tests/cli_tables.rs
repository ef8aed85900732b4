//! Tables of one's own on the programs. The figures are those of scikit-learn and PyTorch on the same
//! folds: `tests/fixtures/tables/README.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::cli::{files, program, result, stderr, stdout};
use crate::cli_grid::joined;

fn table(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables").join(name)
}

/// Runs a program on a file, with further flags, into a folder.
fn run(name: &str, data: &Path, flags: &str, out: &Path) -> Output {
    let mut command: Command = program(name);
    command.arg("--data").arg(data).args(flags.split_whitespace()).args(["-q", "--no-plots"]);
    command.arg("--out").arg(out).output().unwrap()
}

/// Checks means over 50 networks: each may differ from the reference's by 3 standard errors of the
/// difference of two such means.
fn assert_agrees(name: &str, data: &str, flags: &str, expected: &[(&str, f64, f64)]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let output = run(name, &table(data), &format!("{flags} --repeats 10"), folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let result = result(folder.path());
    for (figure, mean, std) in expected {
        let own = &result["summary"][format!("test_{figure}")];
        assert_eq!(own["n"], 50, "{figure}");
        let difference = (own["mean"].as_f64().unwrap() - mean).abs();
        assert!(difference <= 3. * std * (2f64 / 50.).sqrt(), "{figure}: {own}, not {mean}");
    }
    result
}

#[test]
fn a_classification_agrees_with_pytorch_and_scikit_learn() {
    let expected = [
        ("accuracy", 0.70067, 0.04844),
        ("balanced_accuracy", 0.66071, 0.05935),
        ("macro_f1", 0.66025, 0.0586),
        ("nll", 0.67416, 0.10449),
        ("brier", 0.41955, 0.05606),
    ];
    let found = assert_agrees("baseline", "Pima.tr2.csv", "--target type", &expected);
    let near = |what: &str, mean: f64, std: f64| {
        let own = &found["reference"][what];
        let off = |key: &str, want: f64| (own[key].as_f64().unwrap() - want).abs();
        assert!(off("mean", mean) < 0.003 && off("std", std) < 0.003, "{what}: {own}");
    };
    near("no_model", 0.6466666666666666, 0.006734350297014758);
    near("simple_model", 0.7473333333333333, 0.03814877190927569);
    let noisy = [("accuracy", 0.713, 0.04433), ("nll", 0.5839, 0.07509)];
    assert_agrees("hidden_noise", "Pima.tr2.csv", "--target type --stddev 0.5", &noisy);
    assert_eq!((&found["better"], &found["data"]["rows"]), (&"higher".into(), &300.into()));
}

#[test]
fn a_regression_agrees_with_pytorch_and_scikit_learn_in_the_units_of_its_target() {
    let expected = [("rmse", 2.89361, 0.61283), ("mae", 2.45492, 0.53059)];
    let found = assert_agrees("baseline", "mtcars.csv", "--target mpg", &expected);
    for (what, want) in [("no_model", 5.97163007722566), ("simple_model", 2.9598625741187514)] {
        let own = found["reference"][what]["mean"].as_f64().unwrap();
        assert!((own / want - 1.).abs() < 0.001, "{what}: {own}");
    }
    let noisy = [("rmse", 2.67544, 0.61701), ("mae", 2.24252, 0.57441)];
    assert_agrees("input_noise", "mtcars.csv", "--target mpg --stddev 0.5", &noisy);
}

#[test]
fn each_row_is_predicted_once_a_repeat() {
    let [folder, other, out] = [0; 3].map(|_| tempfile::tempdir().unwrap());
    let flags = "--target species --column year=drop --epochs 5 --repeats 2";
    let noisy = run("hidden_noise", &table("penguins.csv"), flags, other.path());
    assert!(noisy.status.success(), "{}", stderr(&noisy));
    let output = run("baseline", &table("penguins.csv"), flags, folder.path());
    assert!(stdout(&output).lines().all(|line| line.chars().count() <= 80), "{}", stdout(&output));
    let line = joined(&stdout(&output));
    assert!(
        line.starts_with("Test: accuracy ") && line.contains("(5 folds × 2 repeats; "),
        "{line}"
    );
    let text = fs::read_to_string(folder.path().join("predictions.csv")).unwrap();
    let mut lines = text.lines();
    let head = "row,repeat,fold,target,prediction,p(Adelie),p(Chinstrap),p(Gentoo)";
    assert_eq!(lines.next(), Some(head));
    let source = fs::read_to_string(table("penguins.csv")).unwrap();
    let species: Vec<&str> =
        source.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    let mut seen = vec![[0; 2]; species.len()];
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let (row, repeat): (usize, usize) =
            (fields[0].parse().unwrap(), fields[1].parse().unwrap());
        assert_eq!(fields[3], species[row - 1], "{line}");
        let sum: f64 = fields[5..].iter().map(|p| p.parse::<f64>().unwrap()).sum();
        assert!((sum - 1.).abs() < 1e-5, "{line}");
        seen[row - 1][repeat] += 1;
    }
    assert!(seen.iter().all(|counts| *counts == [1; 2]));
    let history = fs::read_to_string(folder.path().join("history.csv")).unwrap();
    let mut lines = history.lines();
    assert!(lines.next().unwrap().starts_with("seed,epoch,loss,accuracy,"));
    let runs: std::collections::HashSet<(&str, &str)> = lines
        .clone()
        .map(|line| (line.split(',').next().unwrap(), line.rsplit(',').next().unwrap()))
        .collect();
    assert_eq!((lines.count(), runs.len()), (5 * 2 * 5, 5 * 2), "epochs of folds and repeats");
    let compare = || {
        let mut compare = Command::new(env!("CARGO_BIN_EXE_candle-noise"));
        compare.arg("compare").arg(folder.path()).arg(other.path()).arg("--out").arg(out.path());
        compare.output().unwrap()
    };
    let lines = stdout(&compare());
    let words = lines.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words.matches("(10 runs)").count(), 2, "{lines}");
}

#[test]
fn a_grid_of_folds_concludes_by_the_corrected_test_and_names_the_simple_model() {
    let folder = tempfile::tempdir().unwrap();
    let flags = "--target type --epochs 20 --repeats 2 --stddev 0.1,0.5 --placement input";
    let output = run("grid_search", &table("Pima.tr2.csv"), flags, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("noise chosen by the earlier folds"), "{text}");
    assert!(words.contains("for new rows from the same source"), "{text}");
    assert!(words.contains("For these rows alone, split anew by each repeat"), "{text}");
    assert!(words.contains("majority class 0.647, logistic regression 0.7"), "{text}");
    let found = result(folder.path());
    let runs: Vec<&Value> = found["cells"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|c| c["runs"].as_array().unwrap())
        .collect();
    assert_eq!(runs.len(), 3 * 10);
    let scores = |cell: usize| -> Vec<f64> {
        let runs = found["cells"][cell]["runs"].as_array().unwrap();
        runs.iter().map(|run| run["test_accuracy"].as_f64().unwrap()).collect()
    };
    // SE² = var (1/J + 1/(K - 1)) with J = 10 and K = 5; t of 9 degrees of freedom: 2.262157
    let differences: Vec<f64> = scores(1).iter().zip(scores(0)).map(|(a, b)| a - b).collect();
    let mean = differences.iter().sum::<f64>() / 10.;
    let var = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 9.;
    let reach = 2.262157 * (var * (0.1 + 0.25)).sqrt();
    let own = &found["cells"][1]["difference"];
    assert_eq!(own["test"], "nadeau-bengio");
    for (key, want) in [("mean", mean), ("low", mean - reach), ("high", mean + reach)] {
        assert!((own[key].as_f64().unwrap() - want).abs() < 1e-6, "{key}: {own}, not {want}");
    }
    // more repeats find the finished runs
    let more = run(
        "grid_search",
        &table("Pima.tr2.csv"),
        &flags.replace("--repeats 2", "--repeats 3"),
        folder.path(),
    );
    assert!(more.status.success(), "{}", stderr(&more));
    assert_eq!(result(folder.path())["cells"][1]["runs"].as_array().unwrap().len(), 15);
}

#[test]
fn a_run_of_folds_continues_from_its_checkpoints_to_the_bit() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let flags = |epochs: usize| format!("--target mpg --stddev 0.3 --repeats 2 --epochs {epochs}");
    for (folder, flags) in [
        (&whole, flags(12)),
        (&parts, flags(5) + " --checkpoint-every 5"),
        (&parts, flags(12) + " --checkpoint-every 5 --resume"),
    ] {
        let output = run("hidden_noise", &table("mtcars.csv"), &flags, folder.path());
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let runs = |folder: &Path| result(folder)["runs"].clone();
    assert_eq!(runs(parts.path()), runs(whole.path()));
}

#[test]
fn what_does_not_fit_is_named_and_nothing_is_written() {
    for (name, data, flags, code, expected) in [
        ("baseline", "mtcars.csv", "--target mpgg", 1, "did you mean mpg?"),
        ("baseline", "mtcars.csv", "--target carb", 1, "expected at least 5 rows of each class"),
        ("baseline", "mtcars.csv", "--target mpg --samples 9", 2, "cannot be used with"),
        (
            "baseline",
            "mtcars.csv",
            "--target mpg --metric accuracy",
            2,
            "expected a metric of rmse, ",
        ),
        ("baseline", "mtcars.csv", "--target mpg --group nope", 1, "nope"),
        ("baseline", "mtcars.csv", "--target mpg --folds 40", 1, "40"),
        ("baseline", "mtcars.csv", "--target mpg --hidden 3x", 2, "'3x'"),
        ("baseline", "mtcars.csv", "", 2, "--target"),
        ("grid_search", "mtcars.csv", "--target mpg --data-seeds 1,2", 2, "--repeats"),
        ("baseline", "nothing.csv", "--target mpg", 1, "nothing.csv"),
    ] {
        let out = tempfile::tempdir().unwrap();
        let output = run(name, &table(data), flags, out.path());
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{flags}: {error}");
        assert!(error.contains(expected) && error.lines().count() == 1, "{flags}: {error}");
        assert!(files(out.path()).is_empty(), "{flags}: {:?}", files(out.path()));
    }
    let out = tempfile::tempdir().unwrap();
    let mut alone = program("baseline");
    let alone = alone.args(["--target", "mpg", "--out"]).arg(out.path()).output().unwrap();
    assert_eq!(alone.status.code(), Some(2), "{}", stderr(&alone));
}

#[test]
fn networks_and_splits_of_all_kinds_train() {
    for flags in [
        "--target mpg --hidden 8x4 --activation tanh",
        "--target mpg --hidden 0 --activation gelu",
        "--target mpg --test-size 0.25 --repeats 3 --activation silu",
        "--target mpg --time wt",
        "--target mpg --group cyl --folds 3",
        "--target am --metric roc_auc --hidden 8",
        "--target cyl --early-stopping 2 --validation-size 6",
        "--target mpg --train-size 12 --metric r_squared",
    ] {
        let out = tempfile::tempdir().unwrap();
        let output =
            run("baseline", &table("mtcars.csv"), &format!("{flags} --epochs 3"), out.path());
        assert!(output.status.success(), "{flags}: {}", stderr(&output));
        let runs = result(out.path())["runs"].clone();
        let metric = result(out.path())["metric"].as_str().unwrap().to_string();
        for run in runs.as_array().unwrap() {
            assert!(run[format!("test_{metric}")].is_number(), "{flags}: {run}");
        }
    }
}

/// The names of the file need escaping on the page, and `--report` shows what the first report showed.
#[test]
fn warnings_and_columns_are_told_kept_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a & <b>.csv");
    let row = |i: usize| {
        let class = ["<no>", "yes"][usize::from(i * i % 7 > 3)];
        format!("{},{class} too,{},{class}\n", i * i % 101, ["", "x"][(i % 9).min(1)])
    };
    let rows: String = (0..60).map(row).collect();
    fs::write(&file, format!("<i>n</i>,\"copy & \"\"paste\"\"\",z,y\n{rows}")).unwrap();
    let out = folder.path().join("out");
    let flags = "--target y --epochs 2 --repeats 1 --stddev 0.1 --placement input";
    let output = run("grid_search", &file, flags, &out);
    assert!(output.status.success(), "{}", stderr(&output));
    let found = result(&out)["data"].clone();
    let warnings = found["warnings"].as_array().unwrap();
    let lines = stderr(&output);
    let told: Vec<&str> = lines.lines().filter_map(|own| own.strip_prefix("warning: ")).collect();
    let texts: Vec<&str> = warnings.iter().map(|own| own["text"].as_str().unwrap()).collect();
    assert_eq!(told, texts);
    let kinds: Vec<&str> = warnings.iter().map(|own| own["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["leakage", "duplicate-rows", "few-rows"]);
    // Python: statistics.mean and stdev of i² mod 101
    let columns = found["columns"].as_array().unwrap();
    let near = |key: &str, want: f64| (columns[0][key].as_f64().unwrap() / want - 1.).abs() < 1e-12;
    assert!(near("mean", 50.75) && near("std", 31.22017220552079), "{}", columns[0]);
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    let shown = [
        "a &amp; &lt;b&gt;.csv",
        "&lt;i&gt;n&lt;/i&gt;</th>",
        "copy &amp; &quot;paste&quot;</th>",
        "&lt;no&gt; too (",
        "11.7 %",
    ];
    shown.iter().for_each(|text| assert!(page.contains(text), "{text}"));
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(
        place("Warnings about the") < place(">Settings compared<")
            && place(">Settings compared<") < place(">Data<")
    );
    assert!(!page.contains("<i>n") && !page.contains("<no>") && !page.contains("<b>.csv"));
    let again =
        program("grid_search").arg("--report").arg(&out).arg("--no-plots").output().unwrap();
    assert!(again.status.success(), "{}", stderr(&again));
    assert_eq!(result(&out)["data"], found);
    assert_eq!(fs::read_to_string(out.join("report.html")).unwrap(), page);
}

#[test]
fn a_column_of_groups_or_times_has_its_own_role() {
    for (flags, column, role) in [("--group cyl --folds 3", 2, "group"), ("--time wt", 6, "time")] {
        let out = tempfile::tempdir().unwrap();
        let flags = format!("--target mpg {flags} --epochs 1 --repeats 1 --stddev 0.1");
        let output = run("grid_search", &table("mtcars.csv"), &flags, out.path());
        assert!(output.status.success(), "{}", stderr(&output));
        let own = result(out.path())["data"]["columns"][column].clone();
        assert_eq!((&own["role"], own.get("mean")), (&role.into(), None), "{own}");
        let page = fs::read_to_string(out.path().join("report.html")).unwrap();
        assert!(page.contains("no input: "), "{role}");
    }
}

/// Figures in small units keep their digits: a target of millionths, with errors of about a third of one.
#[test]
fn figures_in_small_units_keep_their_digits() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "x,y\n".to_string();
    for row in 0..60 {
        text += &format!("{row},{}e-6\n", 3 * row % 7 + row / 20);
    }
    let data = folder.path().join("small.csv");
    fs::write(&data, text).unwrap();
    let flags = "--target y --epochs 2 --hidden 3 --repeats 2 --stddev 9 --placement input";
    let output = run("grid_search", &data, flags, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let cell = &result(folder.path())["cells"][1];
    let (score, difference) = (&cell["summary"]["test_rmse"]["mean"], &cell["difference"]["mean"]);
    let shown = [
        format!("{:.2e}", score.as_f64().unwrap()),
        format!("{:+.2e}", difference.as_f64().unwrap()),
    ];
    for figure in shown {
        assert!(stdout(&output).contains(&figure), "{figure}: {}", stdout(&output));
    }
}

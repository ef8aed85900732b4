//! `candle-noise robustness`: trained models under noise, corruptions and attacks.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::{files, run, stderr, stdout};
use crate::cli_signals::kill;

/// A model trained in a folder of its own.
fn trained(program: &str, args: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let args = format!("{args} -q --no-plots");
    let output = run(program, &args, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    folder
}

fn robustness(models: &[&Path], args: &str, out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_candle-noise"));
    command.arg("robustness");
    for model in models {
        command.arg("--model").arg(model);
    }
    command.args(args.split_whitespace()).arg("--no-plots").arg("--out").arg(out).output().unwrap()
}

fn found(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("robustness.json")).unwrap()).unwrap()
}

fn curve<'a>(found: &'a Value, kind: &str, norm: Value, metric: &str) -> &'a Value {
    let mut all = found["curves"].as_array().unwrap().iter();
    all.find(|own| own["kind"] == kind && own["norm"] == norm && own["metric"] == metric).unwrap()
}

fn means(band: &Value) -> Vec<f64> {
    band["mean"].as_array().unwrap().iter().map(|own| own.as_f64().unwrap()).collect()
}

const SMALL: &str = "--epochs 100 --hidden 20 --repeats 3";

#[test]
fn two_models_have_curves_differences_and_sentences() {
    let (first, second) = (trained("baseline", SMALL), trained("hidden_noise", SMALL));
    let out = tempfile::tempdir().unwrap();
    let output = robustness(&[first.path(), second.path()], "--steps 5", out.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(
        text.starts_with("On the rows as they are the accuracy of before-activation 0.1 is"),
        "{text}"
    );
    let joined = text.replace('\n', " ");
    assert!(!joined.contains("can be certified: the share there"), "{text}");
    let kinds = ["uniform", "pgd linf", "certified l2"];
    assert!(kinds.iter().all(|kind| text.matches(&format!("\n  {kind} ")).count() == 1), "{text}");
    let page = fs::read_to_string(out.path().join("robustness.html")).unwrap();
    for head in [
        "Flipped predictions",
        "Means over the strengths",
        "Certificates",
        "Curvature: ",
        "linf: the",
    ] {
        assert!(page.contains(head), "{head}");
    }
    let found = found(out.path());
    assert_eq!(found["models"][1]["name"], "before-activation 0.1");
    assert_eq!(found["models"][1]["networks"], 3);
    assert_eq!(found["rows"], 70);
    let clean = {
        let result = crate::cli::result(first.path());
        result["summary"]["test_accuracy"]["mean"].as_f64().unwrap()
    };
    for (kind, norm) in [
        ("gaussian", Value::Null),
        ("uniform", Value::Null),
        ("salt-and-pepper", Value::Null),
        ("missing", Value::Null),
        ("fgsm", "linf".into()),
        ("pgd", "linf".into()),
        ("apgd", "l2".into()),
        ("worst", "l2".into()),
    ] {
        let own = curve(&found, kind, norm, "accuracy");
        let [first, second] = [0, 1].map(|model| means(&own["models"][model]));
        assert!((first[0] - clean).abs() < 1e-9, "{kind} of strength 0: {first:?}, not {clean}");
        let difference = means(&own["differences"][0]);
        for (i, difference) in difference.iter().enumerate() {
            assert!((second[i] - first[i] - difference).abs() < 1e-9, "{kind}");
        }
        if ["pgd", "apgd", "worst"].contains(&kind) {
            assert!(
                first.windows(2).all(|pair| pair[1] <= pair[0]),
                "{kind} never rises: {first:?}"
            );
        }
        assert_eq!(means(&curve(&found, kind, own["norm"].clone(), "flips")["models"][0])[0], 0.);
    }
    let certified = curve(&found, "certified", "l2".into(), "accuracy");
    let certified = means(&certified["models"][0]);
    assert!(certified.windows(2).all(|pair| pair[1] <= pair[0]), "{certified:?}");
    let radius = found["certificates"]["largest_radius"].as_f64().unwrap();
    // NormalDist().inv_cdf(0.001**0.001) * 0.25 of Python
    assert!((radius - 0.6158156536952025).abs() < 1e-9, "{radius}");
    let kinds: Vec<&Value> =
        found["geometry"].as_array().unwrap().iter().map(|own| &own["kind"]).collect();
    assert_eq!(kinds, ["margin", "distance", "jacobian", "curvature"]);
}

/// The figures do not depend on the threads, and what is finished is not done again.
#[test]
fn finished_parts_are_kept_and_threads_change_no_figure() {
    let model = trained("hidden_noise", SMALL);
    let out = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let kinds = "--steps 3 --kinds gaussian,pgd,swapped-cells";
    for (out, threads) in out.iter().zip([1, 3]) {
        let output =
            robustness(&[model.path()], &format!("--threads {threads} {kinds}"), out.path());
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let [one, three] = [0, 1].map(|own| found(out[own].path())["curves"].clone());
    assert_eq!(one, three);
    let parts = out[0].path().join("parts");
    let stamp = |name: &String| fs::metadata(parts.join(name)).unwrap().modified().unwrap();
    let before: Vec<_> = files(&parts).iter().map(stamp).collect();
    let output = robustness(&[model.path()], &format!("{kinds},uniform"), out[0].path());
    assert!(output.status.success(), "{}", stderr(&output));
    let after = files(&parts);
    assert_eq!(after.len(), before.len() + 1);
    let same = after.iter().filter(|name| before.contains(&stamp(name))).count();
    assert!(same >= before.len(), "parts were written again");
    let again = found(out[0].path())["curves"].clone();
    assert_eq!(again.as_array().unwrap().len(), one.as_array().unwrap().len() + 4);
    // A part with another figure has another checksum, and is made again.
    for name in &after {
        let part = fs::read_to_string(parts.join(name)).unwrap();
        fs::write(parts.join(name), part.replacen("0.", "0.0", 1)).unwrap();
    }
    let output = robustness(&[model.path()], &format!("{kinds},uniform"), out[0].path());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(found(out[0].path())["curves"], again);
}

/// Noise is tried first; attacks of so many steps do not end.
#[test]
fn an_interrupted_program_keeps_the_finished_parts_and_says_how_to_continue() {
    let model = trained("baseline", SMALL);
    let out = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_candle-noise"));
    command.args("robustness --kinds gaussian,pgd-linf --steps 100000 --no-plots".split(' '));
    command.arg("--model").arg(model.path()).arg("--out").arg(out.path());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    let is_part = |name: &String| name.ends_with(".part");
    let parts = || files(&out.path().join("parts")).iter().filter(|name| is_part(name)).count();
    while parts() == 0 {
        assert!(begin.elapsed() < Duration::from_secs(60), "no part after a minute");
        sleep(Duration::from_millis(5));
    }
    kill("-INT", &child);
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    let expected = format!("the finished parts are in {}; continue: ", out.path().display());
    assert!(said.contains(&expected), "{said}");
    assert!(
        said.trim_end().contains("robustness --kinds gaussian,pgd-linf --steps 100000"),
        "{said}"
    );
    assert_eq!((parts(), out.path().join("robustness.json").exists()), (1, false));
}

#[test]
fn a_table_needs_a_file_and_rows_of_the_training_are_named() {
    let penguins = concat!(env!("CARGO_MANIFEST_DIR"), "/data/penguins.csv.gz");
    let args = format!("--data {penguins} --target species --epochs 20 --hidden 8 --test-size 0.3");
    let model = trained("baseline", &args);
    let out = tempfile::tempdir().unwrap();
    let refused = robustness(&[model.path()], "", out.path());
    assert_eq!(refused.status.code(), Some(2));
    let told = stderr(&refused);
    assert!(told.contains("expected --data FILE, rows with targets, because"), "{told}");
    let args = format!("--data {penguins} --kinds missing,wrong-category,pgd-linf --steps 3");
    let output = robustness(&[model.path()], &args, out.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output).replace('\n', " ");
    assert!(text.contains("was trained on") && text.contains("optimistic"), "{text}");
    let found = found(out.path());
    assert_eq!(found["curves"][0]["kind"], "missing");
    let warning = found["warnings"][0].as_str().unwrap();
    assert!(warning.contains("was trained on") && warning.contains("optimistic"), "{warning}");
    let strengths = &curve(&found, "wrong-category", Value::Null, "accuracy")["strengths"];
    assert_eq!(*strengths, serde_json::json!([0., 1., 2., 3., 4., 5.]));
}

#[test]
fn bad_flags_models_and_rows_are_one_clear_line() {
    let (circles, other) =
        (trained("baseline", SMALL), trained("baseline", "--epochs 5 --data-seed 7"));
    let out = tempfile::tempdir().unwrap();
    let (circles, other) = (circles.path(), other.path());
    let file = circles.join("model.safetensors");
    for (models, args, code, expected) in [
        (
            vec![circles],
            "--strengths 0,0.2,0.1",
            2,
            "expected strengths that increase, received 0.1 after 0.2",
        ),
        (vec![circles], "--strengths=-1,0", 2, "expected strengths from 0 to 1e15, received -1e0"),
        (vec![circles], "--strengths 0.5,1", 2, "expected strengths from 0 on, received 0.5 first"),
        (
            vec![circles],
            "--strengths 0,1e39",
            2,
            "expected strengths from 0 to 1e15, received 1e39",
        ),
        (vec![circles], "--sigma 1e300", 2, "expected a number above 0, at most 1e15"),
        (vec![circles], "--alpha 1e-300", 2, "expected a number of at least 1e-12"),
        (vec![circles], "--average 3", 2, "expected a model that was trained with noise"),
        (vec![circles], "--strengths abc", 2, "expected a number, such as 0.1, received 'abc'"),
        (
            vec![circles],
            "--kinds zzz",
            2,
            "expected one of gaussian, uniform, salt-and-pepper, missing, additive, shifted, scaled, missing-cells, \
             swapped-cells, fgsm, pgd, apgd, worst, certified, received 'zzz'",
        ),
        (
            vec![circles],
            "--kinds pgd-l3",
            2,
            "--kinds: expected a kind for these rows, received 'pgd-l3'; did you mean pgd-l2?",
        ),
        (vec![circles], "--separator ;", 2, "--separator: expected --data FILE, whose text it is"),
        (vec![circles], "--no-header", 2, "--no-header: expected --data FILE, whose text it is"),
        (vec![circles], "--decimal-comma", 2, "--decimal-comma: expected --data FILE, whose text"),
        (vec![circles, circles], "", 2, "expected each model once"),
        (vec![circles, &file], "", 2, "expected each model once"),
        (vec![circles], "--kinds blur", 2, "--kinds: blur is for images, received others"),
        (
            vec![circles],
            "--kinds time-warp",
            2,
            "--kinds: time-warp is for sequences, received others",
        ),
        (
            vec![circles],
            "--kinds wrong-category",
            2,
            "is for tables with categories, received others",
        ),
        (vec![circles, other], "", 1, "expected models with the same test rows"),
        (vec![out.path()], "", 1, "expected a trained model"),
        (vec![circles], "--data nothing.csv", 1, "cannot read nothing.csv"),
        (vec![circles], "--alpha 1", 2, "expected a number of at least 1e-12 and below 1"),
    ] {
        let output = robustness(&models, args, &out.path().join("new"));
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args}: {told}");
        assert!(told.contains(expected) && told.trim_end().lines().count() == 1, "{args}: {told}");
        assert!(files(&out.path().join("new")).is_empty(), "{args}");
    }
    fs::write(out.path().join("model.safetensors"), "none of this is a model").unwrap();
    let damaged = robustness(&[out.path()], "", &out.path().join("new"));
    let expected = format!(
        "--model: {}: expected a trained model, a whole safetensors file, received 23 bytes that are none",
        out.path().join("model.safetensors").display()
    );
    assert!(stderr(&damaged).contains(&expected), "{}", stderr(&damaged));
    let own = robustness(&[circles], "", circles);
    assert_eq!(own.status.code(), Some(2));
    assert!(stderr(&own).contains("received that of a model"), "{}", stderr(&own));
    let own = robustness(&[&file], "--fresh", circles);
    assert_eq!((own.status.code(), file.exists()), (Some(2), true), "{}", stderr(&own));
}

/// A certified accuracy is that of the smoothed model, not of the rows as they are; shares end at 1.
#[test]
fn certificates_alone_say_nothing_of_the_rows_as_they_are() {
    let model = trained("baseline", SMALL);
    let out = tempfile::tempdir().unwrap();
    let args = "--kinds certified,missing --certify-draws 20 --strengths 0,0.5,2";
    let output = robustness(&[model.path()], args, out.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let found = found(out.path());
    let missing = curve(&found, "missing", Value::Null, "accuracy");
    assert_eq!(missing["strengths"], serde_json::json!([0., 0.5]));
    let clean = format!("{:.3}", means(&missing["models"][0])[0]);
    assert!(stderr(&output).contains("missing: expected shares up to 1, left out 2"));
    let sentence = found["sentences"][0].as_str().unwrap();
    assert!(sentence.contains(&format!("the accuracy is {clean}")), "{sentence}, not {clean}");
    // NormalDist().inv_cdf(0.001**(1/20)) * 0.25 of Python
    let beyond = "With 20 draws and alpha 0.001 no radius from 0.137 on can be certified";
    assert!(found["sentences"].to_string().contains(beyond), "{}", found["sentences"]);
}

/// A point without a coordinate counts as one at 0, which a score hides.
#[test]
fn points_with_empty_cells_are_told() {
    let model = trained("baseline", SMALL);
    let out = tempfile::tempdir().unwrap();
    let data = out.path().join("points.csv");
    fs::write(&data, "x1,x2,label\n0.5,0.5,0\n,0.2,1\n-1,0.3,1\n,0.1,0\n").unwrap();
    let args = format!("--data {} --kinds gaussian", data.display());
    let output = robustness(&[model.path()], &args, &out.path().join("new"));
    assert!(output.status.success(), "{}", stderr(&output));
    let expected = "column 'x1' has no number in 2 rows: it counts as 0 there, because no training row lacks it";
    let found = found(&out.path().join("new"));
    assert_eq!(found["warnings"], serde_json::json!([expected]));
    let page = fs::read_to_string(out.path().join("new/robustness.html")).unwrap();
    assert_eq!(page.matches("it counts as 0 there").count(), 1);
    assert!(!stderr(&output).contains("counts as"), "{}", stderr(&output));
    // Other targets are other rows.
    let rows = fs::read_to_string(&data).unwrap();
    fs::write(&data, rows.replace("0.1,0\n", "0.1,1\n")).unwrap();
    let refused = robustness(&[model.path()], &args, &out.path().join("new"));
    assert_eq!(refused.status.code(), Some(1));
    let told = stderr(&refused);
    assert!(told.contains("holds other results: expected content of the rows"), "{told}");
}

//! Results are named by their content: what is found again, what is refused, what is left alone.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cli::{files, result, run, stderr};

/// The digits that come with the program, as text.
fn digits() -> String {
    let packed = fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits.csv.gz"));
    std::io::read_to_string(flate2::read::GzDecoder::new(packed.unwrap())).unwrap()
}

/// The digits with every class changed to the next.
fn edited() -> String {
    let line = |line: &str| {
        let (pixels, label) = line.rsplit_once(',').unwrap();
        format!("{pixels},{}\n", (label.parse::<u32>().unwrap() + 1) % 10)
    };
    digits().lines().map(line).collect()
}

/// The finished runs of a grid, by the names of their files.
fn runs(out: &Path) -> Vec<(String, Vec<u8>)> {
    let store = out.join("store");
    let names = files(&store).into_iter().filter(|name| name.ends_with(".jsonl"));
    names.map(|name| (name.clone(), fs::read(store.join(name)).unwrap())).collect()
}

const GRID: &str = "--task digits --epochs 1 --repeats 1 --hidden 2 --train-size 20 --stddev 0.1 \
                    --placement input --no-plots --test-size 1000 --data-seeds 0";

#[test]
fn a_grid_finds_its_runs_by_the_content_of_the_data() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [first, second] = ["a.csv", "b b.csv"].map(|name| folder.path().join(name));
    fs::write(&first, digits()).unwrap();
    let grid = |data: Option<&PathBuf>, more: &str| {
        let mut command = crate::cli::command("grid_search", &format!("{GRID} {more}"), out.path());
        command.args(data.iter().flat_map(|path| [Path::new("--data"), path]));
        let output = command.output().unwrap();
        (output.status.code(), stderr(&output))
    };
    assert_eq!(grid(Some(&first), "").0, Some(0));
    let (stored, results) = (runs(out.path()), result(out.path()));

    // Under another name, and as the data that come with the program: nothing is trained again.
    fs::rename(&first, &second).unwrap();
    for data in [Some(&second), None] {
        assert_eq!(grid(data, "").0, Some(0));
        assert_eq!(runs(out.path()), stored);
        assert_eq!(result(out.path())["cells"], results["cells"]);
    }

    // The same name, other content.
    fs::write(&second, edited()).unwrap();
    let reported = fs::read(out.path().join("result.json")).unwrap();
    let (code, error) = grid(Some(&second), "");
    assert_eq!(code, Some(1));
    assert!(error.contains("expected content of the data"), "{error}");
    assert!(error.contains("--fresh") && error.lines().count() == 1, "{error}");
    assert_eq!(runs(out.path()), stored);
    assert!(fs::read(out.path().join("result.json")).unwrap() == reported);
    assert_eq!(grid(Some(&second), "--fresh").0, Some(0));
    assert_ne!(runs(out.path()), stored);
    assert_ne!(result(out.path())["cells"], results["cells"]);
}

#[test]
fn a_checkpoint_continues_with_the_same_data_only() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [first, second] = ["a.csv", "b.csv"].map(|name| folder.path().join(name));
    fs::write(&first, digits()).unwrap();
    let train = |data: &Path, more: &str| {
        let args = "--hidden 2 --train-size 20 --test-size 1000 --data-seed 0 --no-plots \
                    --checkpoint-every 1";
        let args = format!("{args} {more}");
        let mut command = crate::cli::command("cnn_noise", &args, out.path());
        let output = command.arg("--data").arg(data).output().unwrap();
        (output.status.code(), stderr(&output))
    };
    assert_eq!(train(&first, "--epochs 1").0, Some(0));
    fs::rename(&first, &second).unwrap();
    assert_eq!(train(&second, "--epochs 2 --resume"), (Some(0), String::new()));
    // More repeats extend it, too.
    assert_eq!(train(&second, "--epochs 2 --resume --repeats 2"), (Some(0), String::new()));
    assert_eq!(result(out.path())["runs"].as_array().unwrap().len(), 2);
    fs::write(&second, edited()).unwrap();
    let (code, error) = train(&second, "--epochs 3 --resume");
    assert_eq!(code, Some(1));
    assert!(error.contains("holds other results: expected content of the data \""), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

/// A folder of the version before: its runs might have other bits on this CPU.
#[test]
fn what_an_earlier_version_wrote_is_named_and_left_alone() {
    let earlier = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/earlier");
    let [folder, other] = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let (store, checkpoints) = (folder.path().join("store"), other.path().join("checkpoints"));
    let copied = |to: &Path, names: &[&str]| {
        fs::create_dir(to).unwrap();
        for name in names {
            fs::copy(earlier.join(name), to.join(name)).unwrap();
        }
    };
    copied(&store, &["grid.json", "runs.jsonl"]);
    copied(&checkpoints, &["seeds-0-0.epoch-3.safetensors"]);

    let grid = "--epochs 2 --repeats 1 --hidden 2 --stddev 0.1 --placement input --no-plots";
    let output = run("grid_search", grid, folder.path());
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("earlier version: expected format 3, received 1; name"), "{error}");
    let program = env!("CARGO_BIN_EXE_grid_search");
    let report = std::process::Command::new(program).arg("--report").arg(folder.path()).output();
    let error = stderr(&report.unwrap());
    assert!(error.contains("earlier version: expected format 3, received 1"), "{error}");

    let args = "--epochs 4 --hidden 2 --no-plots --resume";
    let output = run("hidden_noise", args, other.path());
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("earlier version: expected format 3, received 1; name"), "{error}");

    assert_eq!(files(folder.path()), ["store"], "nothing describes what was refused");
    assert_eq!(files(&store), ["grid.json", "runs.jsonl"]);
    assert_eq!(files(&checkpoints), ["seeds-0-0.epoch-3.safetensors"]);
    assert_eq!(
        run("grid_search", &format!("{grid} --fresh"), folder.path()).status.code(),
        Some(0)
    );
}

/// A file with a correct checksum is never called damaged, whatever its fields are.
#[test]
fn unknown_and_missing_fields_are_another_versions() {
    let folder = tempfile::tempdir().unwrap();
    let grid = "--epochs 2 --repeats 1 --hidden 2 --stddev 0.1 --placement input --no-plots";
    assert_eq!(run("grid_search", grid, folder.path()).status.code(), Some(0));
    let path = folder.path().join("store").join(&runs(folder.path())[0].0);
    let whole = fs::read_to_string(&path).unwrap();
    let (head, body) = whole.trim_end().split_once('\n').unwrap();
    let without = |key: &str, end: &str| {
        let start = body.find(&format!("\"{key}\":")).unwrap();
        let len = body[start..].find(end).unwrap() + end.len();
        format!("{}{}", &body[..start], &body[start + len..])
    };
    let name = body.split_once("\"trials\":[\"").unwrap().1.split('"').next().unwrap();
    let edits = [
        ("a run without a figure", without("train_loss", ",")),
        ("a setting less", without("batch_size", ",")),
        ("no names", without("trials", "],")),
        ("a figure more", body.replacen("\"train_loss\"", "\"f1\":0.5,\"train_loss\"", 1)),
        ("a setting more", body.replacen("{\"batch_size\"", "{\"a\":0.1,\"batch_size\"", 1)),
        ("another name", body.replacen(name, &"0".repeat(64), 1)),
        ("another seed under the name", body.replacen("\"seed\":0", "\"seed\":5", 1)),
        ("no object", "[]".to_string()),
    ];
    let check = |text: String, name: &str| {
        fs::write(&path, text).unwrap();
        let before = runs(folder.path());
        let output = run("grid_search", grid, folder.path());
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {error}");
        assert!(error.contains("was written by another version"), "{name}: {error}");
        assert_eq!(error.lines().count(), 1, "{name}: {error}");
        assert_eq!(runs(folder.path()), before, "{name}");
    };
    for (name, edited) in edits {
        assert_ne!(edited, body, "{name}");
        let sum = Sha256::digest(edited.as_bytes());
        let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        check(format!("{{\"format\":3,\"sha256\":\"{sum}\"}}\n{edited}\n"), name);
    }
    check(format!("{}\n{body}\n", head.replacen("\"format\":3,", "", 1)), "no format");
    check(format!("{{\"format\":3}}\n{body}\n"), "no checksum");
    check(format!("{}\n{body}\n", head.replacen('}', ",\"x\":1}", 1)), "a field more in the head");
    fs::write(&path, &whole).unwrap();
    assert_eq!(run("grid_search", grid, folder.path()).status.code(), Some(0), "as it was");
}

/// A path is for people; what is no Unicode in it is replaced in `result.json`.
#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_not_unicode_is_a_path() {
    use std::os::unix::ffi::OsStringExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(std::ffi::OsString::from_vec(b"n\xff.csv".to_vec()));
    fs::write(&path, digits()).unwrap();
    let small = "--epochs 1 --hidden 2 --train-size 20 --no-plots";
    for (program, args) in [("cnn_noise", small), ("grid_search", GRID)] {
        let out = folder.path().join(program);
        let mut command = crate::cli::command(program, args, &out);
        let output = command.arg("--data").arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let file = result(&out)["settings"]["files"][0].as_str().unwrap().to_string();
        assert!(file.ends_with("n\u{fffd}.csv"), "{file}");
    }
}

#[test]
fn negative_zero_is_zero() {
    let out = tempfile::tempdir().unwrap();
    let grid = "--epochs 2 --repeats 1 --hidden 2 --stddev 0.1 --placement input --no-plots";
    for noise in ["--data-noise 0", "--data-noise=-0"] {
        let output = run("grid_search", &format!("{grid} {noise}"), out.path());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    assert_eq!(runs(out.path()).len(), 2);
}

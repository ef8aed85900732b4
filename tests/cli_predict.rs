//! Trained models on new files: `candle-noise predict`, and all programs as subcommands.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::cli::{result, run, stderr, stdout};

pub fn tool(args: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_candle-noise"));
    command.args(args.split_whitespace()).output().unwrap()
}

/// Runs a program into a folder; it is to succeed.
fn trained(program: &str, args: &str, out: &Path) {
    let output = run(program, &format!("{args} -q --no-plots"), out);
    assert!(output.status.success(), "{}", stderr(&output));
}

/// Predicts a file; this is to succeed. Returns the table without its head, and what is told.
fn predicted(model: &Path, data: &Path) -> (Vec<Vec<String>>, String) {
    let output = tool(&format!("predict --model {} --data {}", model.display(), data.display()));
    assert!(output.status.success(), "{}", stderr(&output));
    let table = stdout(&output);
    let mut rows = table.lines().map(|line| line.split(',').map(str::to_string).collect());
    rows.next();
    (rows.collect(), stderr(&output))
}

const PENGUINS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/penguins.csv.gz");

/// What a bundle says of itself.
fn about(folder: &Path) -> Value {
    let bytes = fs::read(folder.join("model.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    serde_json::from_str(header["__metadata__"]["candle_noise"].as_str().unwrap()).unwrap()
}

#[test]
fn a_table_is_predicted_with_columns_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    let args = format!("--data {PENGUINS} --target species --epochs 40 --repeats 2 --stddev 0.3");
    trained("hidden_noise", &args, &model);
    let (rows, told) = predicted(&model, Path::new(PENGUINS));
    assert_eq!((rows.len(), rows[0].len()), (344, 9), "row, target, prediction, 3 p, 3 std");
    let right = rows.iter().filter(|row| row[1] == row[2]).count();
    assert!(right > 330, "{right} of 344");
    assert!(told.contains("trained on 344 of the 344 rows"), "{told}");
    assert!(told.contains("Scores of 344 rows by 2 networks together"), "{told}");
    let accuracy = format!("accuracy          {:.3}", right as f64 / 344.);
    assert!(told.contains(&accuracy), "{accuracy}: {told}");
    for row in &rows {
        let sum: f64 = row[3..6].iter().map(|p| p.parse::<f64>().unwrap()).sum();
        assert!((sum - 1.).abs() < 1e-6, "{row:?}");
    }

    // The same penguin without its species, in another order, from standard input.
    let new = "year,sex,flipper_length_mm,body_mass_g,bill_depth_mm,bill_length_mm,island,extra\n\
               2007,male,181,3750,18.7,39.1,Torgersen,x\n";
    let path = folder.path().join("new.csv");
    fs::write(&path, new).unwrap();
    let (again, told) = predicted(&model, &path);
    assert_eq!(again[0], [&rows[0][..1], &rows[0][2..]].concat());
    assert!(told.contains("extra") && told.contains("trained on 1 of the 1 rows"), "{told}");

    let out = folder.path().join("out.csv");
    let line = format!("predict --model {} --data {PENGUINS} -q --out", model.display());
    let output = tool(&format!("{line} {}", out.display()));
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert!(stdout(&output).starts_with("Scores of 344 rows"), "{}", stdout(&output));
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 345);
    let weights = fs::read(model.join("model.safetensors")).unwrap();
    let again = folder.path().join("again");
    trained("hidden_noise", &args, &again);
    assert!(weights == fs::read(again.join("model.safetensors")).unwrap(), "the same bytes");
}

#[test]
fn numbers_are_predicted_and_scored_in_their_units() {
    let folder = tempfile::tempdir().unwrap();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tables/mtcars.csv");
    trained("baseline", &format!("--data {data} --target mpg --epochs 400"), folder.path());
    let (rows, told) = predicted(folder.path(), Path::new(data));
    let pairs = rows.iter().map(|row| [&row[1], &row[2]].map(|x| x.parse::<f64>().unwrap()));
    let squares: f64 = pairs.map(|[target, own]| (target - own).powi(2)).sum();
    let rmse = (squares / rows.len() as f64).sqrt();
    assert!(rmse > 0.1 && rmse < 4., "miles per gallon: {rmse}");
    assert!(told.contains(&format!("{rmse:.3}")), "{rmse}: {told}");
    assert_eq!(rows[0].len(), 4, "row, target, prediction, std");
}

#[test]
fn early_stopping_gives_the_median_best_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let args = format!("--data {PENGUINS} --target species --epochs 60 --early-stopping 5");
    trained("baseline", &format!("{args} --learning-rate 0.03"), folder.path());
    let history = fs::read_to_string(folder.path().join("history.csv")).unwrap();
    let mut lines = history.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = |name: &str| head.iter().position(|own| *own == name).unwrap();
    let mut best = vec![(f64::INFINITY, 0usize); 5];
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let fold: usize = cells[at("fold")].parse().unwrap();
        let loss: f64 = cells[at("val_loss")].parse().unwrap();
        if loss < best[fold].0 {
            best[fold] = (loss, cells[at("epoch")].parse().unwrap());
        }
    }
    let mut epochs: Vec<usize> = best.into_iter().map(|(_, epoch)| epoch).collect();
    epochs.sort_unstable();
    assert!(epochs[0] < 60, "{epochs:?}");
    assert_eq!(about(folder.path())["epochs"], epochs[2], "{epochs:?}");
}

#[test]
fn a_grid_bundles_what_it_recommends() {
    let folder = tempfile::tempdir().unwrap();
    let args = format!("--data {PENGUINS} --target species --epochs 5 --repeats 2 --stddev 0.1,50");
    trained("grid_search", &args, folder.path());
    let (own, conclusion) = (about(folder.path()), &result(folder.path())["conclusion"]);
    let noise = match conclusion["verdict"].as_str().unwrap() {
        "helps" => conclusion["cell"]["noise"].clone(),
        _ => serde_json::json!([]),
    };
    assert_eq!((&own["noise"], &own["seeds"]), (&noise, &serde_json::json!([0, 1])));
    let model = folder.path().join("model.safetensors");
    let before = fs::read(&model).unwrap();
    trained("grid_search", &args, folder.path());
    let output = tool(&format!("grid_search --report {} -q --no-plots", folder.path().display()));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(before == fs::read(&model).unwrap(), "the same bytes");
    assert_eq!(predicted(folder.path(), Path::new(PENGUINS)).0.len(), 344);
}

/// The accuracy on the test rows, counted in the predictions, is that in the results.
#[test]
fn the_tutorials_networks_predict_the_points_of_circles() {
    let folder = tempfile::tempdir().unwrap();
    let [model, points] = ["model", "points"].map(|name| folder.path().join(name));
    trained("hidden_noise", "--epochs 200 --hidden 50", &model);
    trained("circles", "", &points);
    let (rows, told) = predicted(&model, &points.join("dataset.csv"));
    let right = rows[30..].iter().filter(|row| row[1] == row[2]).count();
    let accuracy = result(&model)["runs"][0]["test_accuracy"].as_f64().unwrap();
    assert_eq!(right as f64 / 70., accuracy);
    assert!(told.contains("trained on 30 of the 100 rows"), "{told}");
}

#[test]
fn images_and_sequences_are_predicted_with_classes_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let [cnn, lstm] = ["cnn", "lstm"].map(|name| folder.path().join(name));
    let mut text = String::new();
    for row in 0..40 {
        let class = row % 2;
        (0..42).for_each(|i| text += &format!("{},", (i * row + 67 * class) % 201));
        text += ["cat\n", "dog\n"][class];
    }
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let images = write("images.csv", &text);
    trained(
        "cnn_noise",
        &format!("--data {} --shape 6x7 --epochs 2 --hidden 3", images.display()),
        &cnn,
    );
    let (rows, told) = predicted(&cnn, &images);
    assert_eq!((rows.len(), rows[0].len()), (40, 7), "row, target, prediction, 2 p, 2 std");
    assert!(told.contains("trained on 26 of the 40 rows"), "a third tests: {told}");
    let bare: Vec<&str> = text.lines().map(|line| line.rsplit_once(',').unwrap().0).collect();
    let (again, told) = predicted(&cnn, &write("bare.csv", &bare.join("\n")));
    assert!(again.iter().zip(&rows).all(|(a, b)| a[1..] == b[2..]) && !told.contains("Scores"));

    let folder_of_ts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ts");
    let files =
        ["TRAIN", "TEST"].map(|part| format!("{folder_of_ts}/PickupGestureWiimoteZ_{part}.ts.gz"));
    trained("lstm_noise", &format!("--data {} --epochs 1 --hidden 4", files.join(" ")), &lstm);
    let (rows, told) = predicted(&lstm, Path::new(&files[1]));
    assert_eq!(rows.len(), 50);
    let accuracy = result(&lstm)["runs"][0]["test_accuracy"].as_f64().unwrap();
    let right = rows.iter().filter(|row| row[1] == row[2]).count();
    assert_eq!(right as f64 / 50., accuracy, "{told}");
    assert!(!told.contains("was trained on"), "{told}");
}

/// A bundle remembers its noise, and the strength that it learned: draws add to the spread of one network.
#[test]
fn draws_of_the_noise_of_training_spread_the_predictions() {
    let folder = tempfile::tempdir().unwrap();
    trained("baseline", "--epochs 30 --noise input:0.5:learned", folder.path());
    let points = folder.path().join("points.csv");
    fs::write(&points, "x1,x2\n0.5,0.1\n-0.2,0.9\n").unwrap();
    let model = folder.path().display();
    let of =
        |draws: &str| tool(&format!("predict --model {model} --data {} {draws}", points.display()));
    let (clean, noisy) = (stdout(&of("")), stdout(&of("--draws 20")));
    assert!(clean.lines().count() == 3 && noisy.lines().count() == 3, "{noisy}");
    assert_ne!(clean, noisy);
    assert_eq!(noisy, stdout(&of("--draws 20")), "the same draws each time");
    assert_ne!(noisy, stdout(&of("--draws 20 --per device")));
    fs::write(&points, "x1,x2,label\n0.5,0.1,1\n-0.2,0.9,0\n").unwrap();
    let told = stderr(&of("--draws 20"));
    assert!(told.contains("Scores of 2 rows by 20 draws together:"), "{told}");
    assert!(told.contains("(one draw "), "{told}");
    trained("baseline", "--epochs 3 --fresh", folder.path());
    let refused = of("--draws 20");
    assert_eq!(refused.status.code(), Some(1));
    let error = stderr(&refused);
    assert!(
        error.contains("--draws: expected a model that was trained with noise in its layers"),
        "{error}"
    );
}

/// A learned strength is that of the trained network: in the table, its sentences, and its multiples in a picture.
#[test]
fn a_diagnosis_shows_the_strength_that_was_learned() {
    let folder = tempfile::tempdir().unwrap();
    trained("baseline", "--epochs 30 --repeats 2 --noise input:0.5:learned", folder.path());
    let path = folder.path().join(candle_noise::bundle::Bundle::FILE);
    let weights = candle_core::safetensors::load(path, &candle_core::Device::Cpu).unwrap();
    let moved = weights["noise.input.strength"].flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let softplus = |r: f64| r.exp().ln_1p();
    let own = moved.iter().map(|v| softplus(0.5f64.exp_m1().ln() + f64::from(*v)));
    let learned = own.sum::<f64>() / moved.len() as f64;
    assert!(moved.len() == 2 && (learned - 0.5).abs() > 0.001, "{moved:?}");

    let text = stdout(&tool(&format!("diagnose --model {}", folder.path().display())));
    let row = text.lines().find(|line| line.starts_with("  input ")).unwrap();
    let shown: f64 = row.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!((shown - learned).abs() < 1e-3, "{learned}: {text}");
    let noise = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let noise = noise
        .split("input adds noise of standard deviation ")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next();
    let noise: f64 = noise.unwrap().parse().unwrap();
    assert!((noise / learned - 1.).abs() < 0.05, "{learned}: {text}");
    assert!(text.contains("on input is learned: it began with 0.5"), "{text}");
}

/// "I added noise and nothing changed."
#[test]
fn a_diagnosis_says_what_noise_does_and_why_nothing_changed() {
    let folder = tempfile::tempdir().unwrap();
    let of = |args: &str, flags: &str| {
        trained("baseline", &format!("--epochs 200 --repeats 3 --fresh {args}"), folder.path());
        let output = tool(&format!("diagnose --model {} {flags}", folder.path().display()));
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(
            stdout(&output).lines().all(|line| line.chars().count() <= 80),
            "{}",
            stdout(&output)
        );
        stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let strong = of("--noise input:0.3 --noise labels:flip:0.1 --noise weights:gaussian:0.05", "");
    assert!(strong.contains("site strength ratio flips loss penalty steps"), "{strong}");
    let (_, said) = strong.split_once("input adds noise of standard deviation ").unwrap();
    let measured: f64 = said.split(' ').next().unwrap().parse().unwrap();
    // Of 3 × 70 × 2 numbers in 20 draws: four standard errors of 0.3 / √(2 · 8400).
    assert!((measured - 0.3).abs() < 0.0093, "{strong}");
    assert!(strong.contains("weights.fc1.weight adds"), "{strong}");
    assert!(strong.contains("Noise on labels acts on training alone"), "{strong}");
    // 200 epochs of one batch of 30 rows.
    assert!(strong.contains(" 200 "), "{strong}");
    let pictures = tempfile::tempdir().unwrap();
    let picture = |name: &str| pictures.path().join(name);
    let (png, svg) = (picture("penalty.png"), picture("penalty.svg"));
    for path in [&png, &svg] {
        of("--noise input:0.3", &format!("--draws 2 --plot {}", path.display()));
    }
    assert!(std::fs::read(png).unwrap().starts_with(b"\x89PNG"));
    let svg = std::fs::read_to_string(svg).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("How much noise adds to the loss"), "{svg}");
    let refused = tool(&format!("diagnose --model {} --plot penalty.pdf", folder.path().display()));
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("penalty.png or penalty.svg"), "{}", stderr(&refused));
    let weak = of("--noise input:0.0000001", "");
    let said = "less than 1 % of what another seed does";
    assert!(weak.contains(said) && !strong.contains(said), "{weak}");
    let none = of("", "");
    assert_eq!(none, "The model was trained without noise: there is nothing to diagnose.");
    let points = folder.path().join("points.csv");
    fs::write(&points, "x1,x2\n0.5,0.1\n-0.2,0.9\n").unwrap();
    trained("baseline", "--epochs 3 --fresh --noise input:0.1", folder.path());
    let on = |text: &str| {
        fs::write(&points, text).unwrap();
        let (model, points) = (folder.path().display(), points.display());
        tool(&format!("diagnose --model {model} --data {points}"))
    };
    let refused = stderr(&on("x1,x2\n0.5,0.1\n-0.2,0.9\n"));
    assert!(
        refused.contains("expected the target label, received the columns x1, x2"),
        "{refused}"
    );
    // A row without a target is left out, as of training.
    let two = "x1,x2,label\n0.5,0.1,1\n-0.2,0.9,0\n";
    let (all, some) = (on(two), on(&format!("{two}0.3,0.3,\n")));
    assert!(all.status.success() && stdout(&all) == stdout(&some), "{}", stderr(&some));
    assert!(stderr(&some).contains("1 row without a target: dropped, 2 left"), "{}", stderr(&some));
}

#[test]
fn files_that_do_not_fit_the_model_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tables/Pima.tr2.csv");
    trained("baseline", &format!("--data {data} --target type --epochs 1"), &model);
    let head = "npreg,glu,bp,skin,bmi,ped,age,type\n";
    let line = "5,86,68,28,30.2,0.364,24,";
    let new = folder.path().join("new.csv");
    let name = new.display();
    for (text, expected) in [
        ("npreg,glu\n1,2\n".to_string(), "bp, skin, bmi, ped, age"),
        (format!("{head}{}", line.replace("86", "high") + "No\n"), "line 2, column glu"),
        (format!("{head}{line}No\n{line}Maybe\n"), "line 3, column type"),
        (head.to_string(), "received no rows"),
        (String::new(), "the file is empty"),
    ] {
        fs::write(&new, &text).unwrap();
        let out = folder.path().join("out.csv");
        let output = tool(&format!(
            "predict --model {} --data {name} --out {}",
            model.display(),
            out.display()
        ));
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(expected) && told.contains(&name.to_string()), "{expected}: {told}");
        assert!(!out.exists(), "nothing is written");
    }
    fs::write(&new, format!("{head}{line}No\n")).unwrap();
    let with = |flags: &str| {
        let output = tool(&format!("predict {flags}"));
        (output.status.code(), stderr(&output))
    };
    let same = with(&format!("--model {} --data {name} --out {name}", model.display()));
    assert!(same.0 == Some(2) && same.1.contains("another file than --data"), "{same:?}");
    let results = ["model.safetensors", "result.json", "experiment.json"];
    for result in results.map(|name| model.join(name)) {
        let before = fs::read(&result).unwrap();
        for own in [model.clone(), model.join("model.safetensors")] {
            let flags = format!("--data {name} --out {}", result.display());
            let refused = with(&format!("--model {} {flags}", own.display()));
            assert!(refused.0 == Some(2) && refused.1.contains("results beside it"), "{refused:?}");
        }
        assert!(before == fs::read(&result).unwrap(), "{}", result.display());
    }
    let none = with(&format!("--model {} --data {name}", folder.path().display()));
    assert!(none.0 == Some(1) && none.1.contains("model.safetensors"), "{none:?}");
    let missing = with(&format!("--data {name}"));
    assert!(missing.0 == Some(2) && missing.1.contains("--model"), "{missing:?}");
}

/// Devices and pipes are written into, never replaced.
#[cfg(unix)]
#[test]
fn predictions_are_written_into_devices_and_pipes() {
    let folder = tempfile::tempdir().unwrap();
    trained("baseline", &format!("--data {PENGUINS} --target species --epochs 1"), folder.path());
    let predict = |out: &str| {
        let model = folder.path().display();
        let output = tool(&format!("predict --model {model} --data {PENGUINS} -q --out {out}"));
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let (code, table, scores) = predict("-");
    assert!(
        code == Some(0) && table.starts_with("row,") && scores.starts_with("Scores"),
        "{scores}"
    );
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let read = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    let (code, scores, told) = predict(&pipe.display().to_string());
    assert!(code == Some(0) && scores.starts_with("Scores"), "{told}");
    assert_eq!(read.join().unwrap(), table);
    use std::os::unix::fs::FileTypeExt;
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo(), "it is still a pipe");
}

/// The strength of a schedule is that of the end of the training, and noise that is off is named.
#[test]
fn a_diagnosis_is_of_the_noise_that_is_left_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let of = |noise: &str| {
        trained("baseline", &format!("--epochs 9 --fresh {noise}"), folder.path());
        let output = tool(&format!("diagnose --draws 2 --model {}", folder.path().display()));
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let rising = of("--noise input:0..0.3:linear --noise hidden:0");
    let row = rising.lines().find(|line| line.trim_start().starts_with("input")).unwrap();
    assert_eq!(row.split_whitespace().nth(1), Some("0.3"), "{rising}");
    assert!(rising.contains("before-activation is off: its strength is 0."), "{rising}");
    assert!(of("--noise input:0").contains("input is off"));
}

/// The rows of a task that has its data with it, as those of a grid, need no file.
#[test]
fn a_diagnosis_finds_the_test_rows_of_its_task() {
    let folder = tempfile::tempdir().unwrap();
    let [cnn, grid] = ["cnn", "grid"].map(|name| folder.path().join(name));
    trained("cnn_noise", "--epochs 1 --noise input:0.1", &cnn);
    trained("grid_search", "--epochs 20 --repeats 2 --noise input:3 --noise input:2", &grid);
    for model in [cnn, grid] {
        let output = tool(&format!("diagnose --draws 1 --model {}", model.display()));
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let picture = folder.path().join("none/penalty.png");
    let late = tool(&format!(
        "diagnose --draws 100000 --model {} --plot {}",
        folder.path().join("cnn").display(),
        picture.display()
    ));
    assert_eq!(late.status.code(), Some(1));
    let error = stderr(&late);
    assert!(error.contains("there is no folder") && !error.contains(".candle-noise"), "{error}");
}

#[test]
fn programs_are_subcommands_too() {
    let folder = tempfile::tempdir().unwrap();
    let [alone, as_tool] = ["alone", "tool"].map(|name| folder.path().join(name));
    let args = "--epochs 3 --hidden 4 --no-plots";
    let output = run("input_noise", args, &alone);
    let again = tool(&format!("input-noise {args} --out {}", as_tool.display()));
    assert_eq!(stdout(&output), stdout(&again));
    let bytes = |folder: &Path| fs::read(folder.join("model.safetensors")).unwrap();
    assert!(bytes(&alone) == bytes(&as_tool));
    let help = stdout(&tool("lstm_noise --help"));
    assert!(help.contains("[default: 64]"), "the defaults of its task: {help}");
    let help = stdout(&tool("grid_search --task digits --help"));
    assert!(help.contains("[default: 32]"), "the defaults of the named task: {help}");
    let output = tool("hidden_nois");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean 'hidden_noise'?"), "{}", stderr(&output));
}

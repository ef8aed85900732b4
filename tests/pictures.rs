//! What pictures show: the colours, lines and texts of their SVG.

use std::collections::HashMap;
use std::sync::OnceLock;

use anyhow::Result;
use candle_core::{Device, Tensor};
use candle_noise::data::Dataset;
use candle_noise::experiment::{
    Experiment, Field, Outcome, Plan, Schedule, Subject, Watch, boundary, train_repeats,
};
use candle_noise::metric::{Predicted, calibration_error, reliability};
use candle_noise::noise::NoiseRow;
use candle_noise::report::plot::Scene;
use candle_noise::report::{
    Picture, Points, Trainings, boundary_picture, grid_pictures, loss_picture, regression_pictures,
    reliability_picture, roc_picture, score_picture,
};
use candle_noise::stats::{area, roc_curve};
use candle_noise::train::ReplicaHistory;

use crate::grid::{circles, rows};

/// A part of a picture, in the order of drawing.
#[derive(Clone, Debug)]
enum Part {
    Path(Path),
    /// A copy of a shape at a place.
    Mark([f64; 2]),
    /// A text without its spaces.
    Text(String),
}

#[derive(Clone, Debug)]
struct Path {
    points: Vec<[f64; 2]>,
    fill: String,
    stroke: String,
    width: String,
}

/// Returns the parts of a picture.
fn read(scene: &Scene) -> Vec<Part> {
    let svg = scene.svg("p").unwrap();
    let (mut parts, mut text) = (Vec::new(), None);
    for tag in svg.split_once("</defs>").unwrap().1.split('<') {
        let of = |name: &str| {
            let value = tag.split_once(&format!(" {name}=\""));
            value.map_or("", |(_, rest)| rest.split('"').next().unwrap()).to_string()
        };
        let place = || ["x", "y"].map(|name| of(name).parse().unwrap());
        let href = of("href");
        let glyph = href.strip_prefix("#p_g");
        if tag.starts_with("g transform") {
            text = Some(String::new());
        } else if let (Some(text), Some(glyph)) = (&mut text, glyph) {
            text.push(font().get(&glyph.parse().unwrap()).copied().unwrap_or('?'));
        } else if href.starts_with("#p_m") {
            parts.push(Part::Mark(place()));
        } else if tag.starts_with("/g") {
            parts.extend(text.take().map(Part::Text));
        } else if tag.starts_with("path ") {
            let style = |points| Path {
                points,
                fill: of("fill"),
                stroke: of("stroke"),
                width: of("stroke-width"),
            };
            parts.extend(lines(&of("d")).into_iter().map(style).map(Part::Path));
        }
    }
    parts
}

/// Returns the lines of path data: `M` begins one, `l` and `L` go on by or to a point.
fn lines(data: &str) -> Vec<Vec<[f64; 2]>> {
    let mut lines: Vec<Vec<[f64; 2]>> = Vec::new();
    for (at, step) in data.match_indices(['M', 'l', 'L']) {
        let rest = data[at + 1..].split(['M', 'l', 'L', 'Z']).next().unwrap().replace('-', " -");
        let numbers: Vec<f64> = rest.split_whitespace().map(|own| own.parse().unwrap()).collect();
        let last = match step {
            "M" => {
                lines.push(Vec::new());
                [0.; 2]
            }
            "l" => lines.last().and_then(|line| line.last()).copied().unwrap(),
            _ => [0.; 2],
        };
        lines.last_mut().unwrap().push([last[0] + numbers[0], last[1] + numbers[1]]);
    }
    lines
}

/// Returns the characters of the font by their glyphs, learned from titles.
fn font() -> &'static HashMap<u32, char> {
    static FONT: OnceLock<HashMap<u32, char>> = OnceLock::new();
    let titled = |title: &[char]| -> Vec<(u32, char)> {
        let text: String = title.iter().collect();
        let svg = loss_picture(&text, "", &[]).svg("p").unwrap();
        // a title has 21 pixels to 2048 units
        let own = svg.split("matrix(0.01025").nth(1).unwrap().split("</g>").next().unwrap();
        let glyphs = own.split("#p_g").skip(1).map(|own| own.split('"').next().unwrap().parse());
        let glyphs: Vec<u32> = glyphs.map(Result::unwrap).collect();
        assert_eq!(glyphs.len(), title.len(), "{text}");
        glyphs.into_iter().zip(title.iter().copied()).collect()
    };
    FONT.get_or_init(|| {
        let all: Vec<char> = ('!'..='~').chain(['±']).collect();
        all.chunks(20).flat_map(titled).collect()
    })
}

fn texts(parts: &[Part]) -> Vec<&str> {
    parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// Returns whether a picture has a text, in one line or several.
fn says(parts: &[Part], text: &str) -> bool {
    texts(parts).concat().contains(&text.replace(' ', ""))
}

/// Returns the lines of a width that come before the part of a number, the last first.
fn before<'a>(parts: &'a [Part], end: usize, width: &'a str) -> impl Iterator<Item = &'a Path> {
    parts[..end].iter().rev().filter_map(move |part| match part {
        Part::Path(path) if path.width == width => Some(path),
        _ => None,
    })
}

/// Returns the colour of a line in a legend.
fn colour<'a>(parts: &'a [Part], name: &str, width: &'a str) -> &'a str {
    let name = name.replace(' ', "");
    let is_name =
        |part: &Part| matches!(part, Part::Text(text) if text.split('|').any(|own| own == name));
    let place =
        parts.iter().position(is_name).unwrap_or_else(|| panic!("{name}: {:?}", texts(parts)));
    &before(parts, place, width).next().unwrap().stroke
}

/// Trains the baseline and noises for two epochs.
fn outcome(noises: Vec<NoiseRow>, change: impl FnOnce(&mut Plan)) -> Outcome {
    let task = circles();
    let experiment = noises.into_iter().fold(Experiment::new(&task), Experiment::noise);
    let small = |plan: &mut Plan| {
        (plan.epochs, plan.hidden, plan.batch_size) = (2, vec![3], 20);
        change(plan);
    };
    experiment.plan(small).run().unwrap()
}

/// Returns the pictures of a grid with their captions: by strength, heat map, runs, curves.
fn drawn(outcome: &Outcome) -> [(String, Vec<Part>); 4] {
    let picture = |picture: Result<Picture>| {
        let Picture { caption, scene, .. } = picture.unwrap();
        (caption, read(&scene))
    };
    grid_pictures(outcome).map(picture).collect::<Vec<_>>().try_into().unwrap()
}

/// 3 widths, 4 learning rates and 3 sizes are 36 panels.
#[test]
fn many_variants_are_panels_and_the_caption_says_how_many_are_left_out() {
    let outcome = outcome(rows(&["input", "after-activation"], &[0.1]), |plan| {
        plan.hidden = vec![2, 3, 4];
        plan.learning_rates = vec![0.001, 0.01, 0.02, 0.1];
        plan.train_sizes = vec![20, 25, 30];
    });
    assert_eq!(outcome.cells.len(), 36 * 3);
    let [by_stddev, _, _, curves] = drawn(&outcome);
    let left_out = "12 more panels are left out; cells.csv has their figures.";
    let caption = format!("Mean test accuracy by strength of the noise. {left_out}");
    assert_eq!(by_stddev.0, caption);
    assert!(curves.0.ends_with(left_out), "{}", curves.0);
    for (_, parts) in [&by_stddev, &curves] {
        let panels: Vec<&str> = texts(parts).into_iter().filter(|t| t.starts_with("h=")).collect();
        assert_eq!(panels.len(), 24);
        assert_eq!(panels[..2], ["h=2,lr=0.001,n=20", "h=2,lr=0.01,n=20"]);
        let once: std::collections::HashSet<&&str> = panels.iter().collect();
        assert_eq!(once.len(), 24);
        // a legend for all of them
        let names = texts(parts).into_iter().filter(|text| text.starts_with("input"));
        assert_eq!(names.count(), 1);
    }
}

#[test]
fn a_noise_has_one_colour_in_all_pictures() {
    let outcome = outcome(rows(&["input", "after-activation"], &[0.1]), |plan| {
        (plan.hidden, plan.train_sizes, plan.repeats) = (vec![5, 6], vec![20, 40], 2);
    });
    let [by_stddev, _, runs, curves] = drawn(&outcome);
    for parts in [&by_stddev.1, &curves.1] {
        let panels: Vec<&str> = texts(parts).into_iter().filter(|t| t.starts_with("h=")).collect();
        assert_eq!(panels, ["h=5,n=20", "h=6,n=20", "h=5,n=40", "h=6,n=40"]);
    }
    let noises = ["input", "after-activation"];
    let own = noises.map(|noise| colour(&by_stddev.1, noise, "2.5"));
    let baseline = colour(&by_stddev.1, "no noise", "1.5");
    assert!(own[0] != own[1] && !own.contains(&baseline), "{own:?} {baseline}");
    assert_eq!(noises.map(|noise| colour(&curves.1, &format!("{noise} 0.1"), "2.5")), own);
    assert_eq!(colour(&curves.1, "baseline", "2.5"), baseline);
    // a box ends with the black line of its median
    let is_median =
        |part: &Part| matches!(part, Part::Path(p) if p.width == "2" && p.stroke == "#000000");
    let medians = (0..runs.1.len()).filter(|i| is_median(&runs.1[*i]));
    let boxes: Vec<&str> =
        medians.map(|i| before(&runs.1, i, "1.5").next().unwrap().stroke.as_str()).collect();
    let expected = outcome.cells.iter().map(|cell| match cell.cell.noise.first() {
        None => baseline,
        Some(spec) => own[usize::from(spec.place() != "input")],
    });
    assert_eq!(boxes, expected.collect::<Vec<_>>());
    assert_eq!(boxes.len(), 12);
}

#[test]
fn labels_say_that_a_figure_is_a_mean_and_of_how_many_runs() {
    let noises = || {
        let places = ["input", "before-activation", "after-activation", "weights", "gradients"];
        rows(&places, &[0.1])
    };
    let one = drawn(&outcome(noises(), |_| {}));
    for (caption, parts) in &one {
        assert!(says(parts, "test accuracy (share of rows)"), "{caption}");
        assert!(!says(parts, "mean of") && !says(parts, "interval"), "{caption}");
        assert!(!caption.contains("interval"), "{caption}");
    }
    let mut several = outcome(noises(), |plan| plan.repeats = 3);
    let [by_stddev, heatmap, _, curves] = drawn(&several);
    let label = "test accuracy (share of rows), mean of 3 runs";
    assert!(says(&by_stddev.1, &format!("{label}, 95 % interval")), "{:?}", texts(&by_stddev.1));
    assert!(says(&heatmap.1, label) && says(&curves.1, label));
    let caption = "Mean test accuracy by strength of the noise, with 95 % intervals.";
    assert_eq!(by_stddev.0, caption);
    several.cells[1].runs.pop();
    assert!(says(&drawn(&several)[0].1, "mean of 2 to 3 runs"));
}

/// The last noise of a cell gives its place on a line; the others and the places distinguish lines.
#[test]
fn more_than_ten_noises_are_parts_each_with_the_baseline() {
    let strengths: Vec<String> = (1..=12).map(|i| format!("0.{i:02}")).collect();
    let row = format!("input:{} & before-activation:0.1", strengths.join(","));
    let [by_stddev, _, _, curves] = drawn(&outcome(vec![row.parse().unwrap()], |_| {}));
    for (caption, parts) in [&by_stddev, &curves] {
        let panels: Vec<&str> =
            texts(parts).into_iter().filter(|t| t.starts_with("part")).collect();
        assert_eq!(panels, ["part1", "part2"], "{caption}");
        assert!(!caption.contains("left out"), "{caption}");
    }
    let noise =
        |i: usize| format!("input {} & before-activation", strengths[i - 1].trim_end_matches('0'));
    let colours: Vec<&str> = (1..=12).map(|i| colour(&by_stddev.1, &noise(i), "2.5")).collect();
    assert_eq!(colours[..2], colours[10..], "ten colours");
    let once: std::collections::HashSet<&&str> = colours.iter().collect();
    assert_eq!(once.len(), 10);
    // each panel has the dashed line of the baseline, beside that of the legend
    let level = colour(&by_stddev.1, "no noise", "1.5");
    let lines = |parts: &[Part], width: &str, ink: &str| {
        before(parts, parts.len(), width).filter(|path| path.stroke == ink).count()
    };
    assert_eq!(lines(&by_stddev.1, "1.5", level), 1 + 2);
    assert_eq!(lines(&curves.1, "2", level), 2);
    for (i, ink) in colours.iter().enumerate() {
        assert_eq!(colour(&curves.1, &format!("{} 0.1", noise(i + 1)), "2.5"), *ink);
    }
}

/// Returns curves of one value each.
fn history(score: f64) -> ReplicaHistory {
    let mut history = ReplicaHistory::default();
    for curves in history.curves_mut() {
        (curves.loss, curves.score) = (vec![0.5], vec![score]);
    }
    history
}

#[test]
fn experiments_side_by_side_have_their_names_and_their_runs_are_counted() {
    let histories = [history(0.5), history(0.75), history(1.)];
    let training = |name: &str, runs: usize, noise: bool| Trainings {
        name: name.to_string(),
        histories: &histories[..runs],
        noise,
    };
    let both = [training("first one", 3, false), training("second one", 3, true)];
    let parts = read(&score_picture("a title", "accuracy", &both));
    assert!(says(&parts, "accuracy (share of rows), mean of 3 runs"), "{:?}", texts(&parts));
    assert!(says(&parts, "first one") && says(&parts, "second one"));
    for name in ["train, noise on", "train", "test", "validation"] {
        assert_eq!(
            texts(&parts).iter().filter(|t| **t == name.replace(' ', "")).count(),
            1,
            "{name}"
        );
    }
    let other = [training("", 3, false), training("", 2, false)];
    let parts = read(&loss_picture("a title", "loss (nats)", &other));
    assert!(says(&parts, "loss (nats), mean of the runs") && !says(&parts, "noise on"));
    let alone = read(&score_picture("a title", "r_squared", &[training("", 1, false)]));
    assert!(says(&alone, "r squared") && !says(&alone, "mean"), "{:?}", texts(&alone));
    let none = Trainings { name: String::new(), histories: &[], noise: true };
    assert!(says(&read(&loss_picture("", "loss", &[none])), "no finite values to draw"));
}

/// What scikit-learn 1.7 says of random predictions: `roc_auc_score`, of several classes with
/// `multi_class="ovr", average="macro"`; and the calibration error in 15 bins.
struct Reference {
    probabilities: Vec<Vec<f64>>,
    targets: Vec<usize>,
    auc: f64,
    ece: f64,
}

fn references() -> Vec<Reference> {
    let all: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("fixtures/metrics.json")).unwrap();
    let reference = |own: &serde_json::Value| {
        let score = |name: &str| own["scores"][name].as_f64().unwrap();
        Reference {
            probabilities: serde_json::from_value(own["probabilities"].clone()).unwrap(),
            targets: serde_json::from_value(own["targets"].clone()).unwrap(),
            auc: score("roc_auc"),
            ece: score("ece"),
        }
    };
    all.iter().filter(|own| own["classes"] != 0).map(reference).collect()
}

impl Reference {
    fn classes(&self) -> usize {
        self.probabilities[0].len()
    }

    /// Returns the predictions as logits.
    fn predicted(&self) -> Predicted {
        let logits = self.probabilities.iter().flat_map(|row| match row[..] {
            [zero, one] => vec![(one / zero).ln()],
            _ => row.iter().map(|p| p.ln()).collect(),
        });
        let outputs = if self.classes() == 2 { 1 } else { self.classes() };
        let targets = self.targets.iter().map(|class| *class as f32).collect();
        Predicted::new(outputs, logits.map(|z| z as f32).collect(), targets).unwrap()
    }
}

fn names(classes: usize) -> Vec<String> {
    (0..classes).map(|class| format!("class {class}")).collect()
}

/// Returns the number after a word in texts.
fn numbers(parts: &[Part], word: &str) -> Vec<f64> {
    let number = |text: &&str| {
        let (_, rest) = text.split_once(word)?;
        rest.split([')', ',', 'm']).next()?.parse().ok()
    };
    texts(parts).iter().filter_map(number).collect()
}

#[test]
fn areas_and_calibration_errors_are_those_of_scikit_learn() {
    assert_eq!(references().len(), 3);
    for own in references() {
        let of_class = |class: usize| {
            let scores = own.probabilities.iter().map(|row| row[class]);
            let scored = scores.zip(own.targets.iter().map(|target| *target == class));
            area(&roc_curve(&scored.collect::<Vec<_>>()).unwrap())
        };
        let first = if own.classes() == 2 { 1 } else { 0 };
        let auc: Vec<f64> = (first..own.classes()).map(of_class).collect();
        let macro_auc = auc.iter().sum::<f64>() / auc.len() as f64;
        assert!((macro_auc - own.auc).abs() < 1e-9, "{macro_auc} {}", own.auc);
        let confidence = |(row, target): (&Vec<f64>, &usize)| {
            let most = row.iter().copied().fold(0., f64::max);
            (most, row[*target] == most)
        };
        let confidences = own.probabilities.iter().zip(&own.targets).map(confidence);
        let ece = calibration_error(&reliability(&confidences.collect::<Vec<_>>(), 15));
        assert!((ece - own.ece).abs() < 1e-9, "{ece} {}", own.ece);

        // the same in the pictures, of logits
        let predicted = own.predicted();
        for (row, expected) in predicted.probabilities().zip(&own.probabilities) {
            assert!(row.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{row:?}");
        }
        let picture = roc_picture("", &names(own.classes()), &[&predicted]).unwrap();
        let shown = numbers(&read(&picture), "(AUC");
        assert_eq!(shown.len(), auc.len());
        assert!(shown.iter().zip(&auc).all(|(a, b)| (a - b).abs() < 6e-4), "{shown:?} {auc:?}");
        let picture = reliability_picture("", &[&predicted]).unwrap();
        let shown = numbers(&read(&picture), "(ECE");
        assert!((shown[0] - own.ece).abs() < 6e-4, "{shown:?}");
    }
}

/// 1 / (1 + e⁻ᶻ), and eᶻ over the sum of all, by hand.
#[test]
fn probabilities_of_large_logits_are_numbers() -> Result<()> {
    let near = |own: Predicted, expected: &[&[f64]]| {
        for (row, expected) in own.probabilities().zip(expected) {
            assert!(row.len() == expected.len(), "{row:?}");
            assert!(row.iter().zip(*expected).all(|(a, b)| (a - b).abs() < 1e-7), "{row:?}");
        }
    };
    let (ln2, ln3) = (2f32.ln(), 3f32.ln());
    let sigmoids = vec![1000., -1000., 0., ln3, f32::MAX, f32::MIN];
    let own = Predicted::new(1, sigmoids, vec![0.; 6])?;
    let expected: [&[f64]; 6] =
        [&[0., 1.], &[1., 0.], &[0.5, 0.5], &[0.25, 0.75], &[0., 1.], &[1., 0.]];
    near(own, &expected);
    let softmax = [[1000., -1000., 0.], [-1000.; 3], [0., ln2, 2. * ln2], [f32::MIN, f32::MAX, 0.]];
    let own = Predicted::new(3, softmax.concat(), vec![0.; 4])?;
    let third = 1. / 3.;
    let sevenths: [f64; 3] = [1. / 7., 2. / 7., 4. / 7.];
    near(own, &[&[1., 0., 0.], &[third; 3], &sevenths, &[0., 1., 0.]]);
    Ok(())
}

/// Two rows a class, with scores that order them perfectly and with equal ones: the curves are 1 and x,
/// their mean (1 + x) / 2, their standard deviation (1 - x) / √2, and the areas 1 and ½.
#[test]
fn the_curve_of_several_runs_is_their_mean_at_equal_rates() -> Result<()> {
    let targets = || vec![0., 0., 1., 1.];
    let perfect = Predicted::new(1, vec![-2., -1., 1., 2.], targets())?;
    let guess = Predicted::new(1, vec![0.; 4], targets())?;
    let parts = read(&roc_picture("", &names(2), &[&perfect, &guess]).unwrap());
    assert!(says(&parts, "class 1 (AUC 0.750)"), "{:?}", texts(&parts));
    assert!(says(&parts, "true positive rate (share of its rows), mean of 2 runs"));
    let ink = colour(&parts, "class 1 (AUC 0.750)", "2.5");
    let lines = before(&parts, parts.len(), "2").filter(|path| path.stroke == ink);
    let line = lines.max_by_key(|path| path.points.len()).unwrap();
    let (low, high) = (line.points[0], line.points[line.points.len() - 1]);
    let share = |at: &[f64; 2]| [0, 1].map(|i| (at[i] - low[i]) / (high[i] - low[i]));
    let near = |a: f64, b: f64| (a - b).abs() < 1e-3;
    assert_eq!(line.points.len(), 1 + 101);
    for (i, at) in line.points[1..].iter().enumerate() {
        let [x, y] = share(at);
        assert!(near(x, i as f64 / 100.) && near(y, (1. + x) / 2.), "{i}: {x} {y}");
    }
    let band = |part: &Part| match part {
        Part::Path(path) if path.fill == ink && path.points.len() == 2 * 101 => Some(path.clone()),
        _ => None,
    };
    let band = parts.iter().find_map(band).unwrap();
    for (lower, upper) in band.points.iter().zip(band.points.iter().rev()).take(101) {
        let ([x, lower], [_, upper]) = (share(lower), share(upper));
        let (mean, std) = ((1. + x) / 2., (1. - x) / 2f64.sqrt());
        assert!(near(lower, (mean - std).max(0.)) && near(upper, (mean + std).min(1.)), "{x}");
    }
    Ok(())
}

#[test]
fn classes_without_rows_have_no_curve() -> Result<()> {
    let logits = || (0..12).map(|i| ((i * 5) % 7) as f32).collect();
    let own = Predicted::new(3, logits(), vec![0., 1., 1., 0.])?;
    let parts = read(&roc_picture("", &names(3), &[&own]).unwrap());
    assert_eq!(numbers(&parts, "(AUC").len(), 2);
    assert!(
        says(&parts, "class 0 (AUC") && says(&parts, "class 1 (AUC") && !says(&parts, "class 2")
    );
    // one class only, no runs, no rows, and scores that are no numbers
    let one = Predicted::new(3, logits(), vec![1.; 4])?;
    assert!(roc_picture("", &names(3), &[&one]).is_none());
    let empty = Predicted::new(3, vec![], vec![])?;
    let nan = Predicted::new(1, vec![f32::NAN; 2], vec![0., 1.])?;
    for runs in [&[][..], &[&empty], &[&nan]] {
        assert!(roc_picture("", &names(2), runs).is_none());
        assert!(reliability_picture("", runs).is_none());
    }
    // a class has its curve from the runs that have one
    let sure = Predicted::new(1, vec![-1., 1.], vec![0., 1.])?;
    let parts = read(&roc_picture("", &names(2), &[&sure, &nan]).unwrap());
    assert!(says(&parts, "class 1 (AUC 1.000)"), "{:?}", texts(&parts));
    // ten colours, ten curves
    let many = Predicted::new(
        12,
        (0..288).map(|i| ((i * 7) % 13) as f32).collect(),
        (0..24).map(|i| (i % 12) as f32).collect(),
    )?;
    let parts = read(&roc_picture("", &names(12), &[&many]).unwrap());
    assert_eq!(numbers(&parts, "(AUC").len(), 10);
    Ok(())
}

/// The mean of 8 and 12 is 10, of 20 and 26 it is 23, and 20 - 23 = -3.
#[test]
fn predictions_and_residuals_are_means_of_the_runs() -> Result<()> {
    let run = |values: [f32; 3]| Predicted::new(1, values.to_vec(), vec![0., 10., 20.]);
    let (first, second) = (run([0., 8., 20.])?, run([0., 12., 26.])?);
    let pictures = regression_pictures("", "value (units)", &[&first, &second]).unwrap();
    let [predicted, residuals] = pictures.each_ref().map(read);
    assert!(says(&predicted, "true value (units)") && says(&predicted, "predicted value (units)"));
    assert!(says(&residuals, "true - predicted value (units)"), "{:?}", texts(&residuals));
    assert!([&predicted, &residuals].iter().all(|p| says(p, "test row, mean of 2 runs")));
    let marks = |parts: &[Part]| -> Vec<[f64; 2]> {
        let marks: Vec<_> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Mark(at) => Some(*at),
                _ => None,
            })
            .collect();
        assert_eq!(marks.len(), 1 + 3, "in the legend, and of the rows");
        marks[1..].to_vec()
    };
    let share = |marks: &[[f64; 2]], way: usize| {
        (marks[1][way] - marks[0][way]) / (marks[2][way] - marks[0][way])
    };
    let near = |a: f64, b: f64| (a - b).abs() < 1e-3;
    let own = marks(&predicted);
    assert!(near(share(&own, 0), 10. / 20.) && near(share(&own, 1), 10. / 23.), "{own:?}");
    // equal scales
    let scales = [0, 1].map(|way| (own[2][way] - own[0][way]).abs());
    assert!(near(scales[1] / scales[0], 23. / 20.), "{own:?}");
    let own = marks(&residuals);
    assert!(near(share(&own, 0), 10. / 23.) && own[0][1] == own[1][1] && own[2][1] > own[1][1]);

    let alone = regression_pictures("", "value", &[&first]).unwrap();
    assert!(!says(&read(&alone[0]), "mean") && !says(&read(&alone[0]), "standard deviation"));
    let two = Predicted::new(2, vec![0.; 6], vec![0.; 6])?;
    assert!(regression_pictures("", "value", &[&two]).is_none());
    assert!(regression_pictures("", "value", &[]).is_none());
    assert!(regression_pictures("", "value", &[&Predicted::new(1, vec![], vec![])?]).is_none());
    Ok(())
}

const SCHEDULE: Schedule = Schedule { threads: 2, chunk: None };

/// A replica with weights that are NaN is left out: the field is the mean of the others'.
#[test]
fn a_boundary_is_the_mean_of_the_replicas_with_finite_weights() -> Result<()> {
    let task = circles();
    let subject = Subject::new(&task, "cpu", &[])?;
    let plan = Plan { epochs: 2, repeats: 3, hidden: vec![4], ..Plan::of(&task) };
    let plan = plan.checked(&subject)?;
    let trained = train_repeats(&subject, &plan, &Device::Cpu, SCHEDULE, Watch::NONE)?;
    let hyper = plan.hyper_of(plan.cells()[0].variant);
    let data = task.data(1)?;
    let field = |weights: &[(String, Tensor)]| boundary(&task, &hyper, weights, &data, 5, SCHEDULE);
    let only = |replica: usize| -> Result<Field> {
        let own = trained
            .weights
            .iter()
            .map(|(name, all)| Ok((name.clone(), all.narrow(0, replica, 1)?)));
        Ok(field(&own.collect::<Result<Vec<_>>>()?)?.unwrap())
    };
    let spoiled = |replicas: &[f32]| -> Result<Vec<(String, Tensor)>> {
        let mut weights = trained.weights.clone();
        let (_, last) = weights.last_mut().unwrap();
        let mut shape = vec![1; last.rank()];
        shape[0] = 3;
        *last = last.broadcast_add(&Tensor::new(replicas, &Device::Cpu)?.reshape(shape)?)?;
        Ok(weights)
    };
    let both = field(&spoiled(&[0., f32::NAN, 0.])?)?.unwrap();
    let (first, third) = (only(0)?, only(2)?);
    assert_ne!(first, third);
    for ((mean, a), b) in
        both.probabilities.iter().zip(&first.probabilities).zip(&third.probabilities)
    {
        assert!((mean - (a + b) / 2.).abs() < 1e-11, "{mean} {a} {b}");
    }
    assert_eq!(field(&spoiled(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY])?)?, None);

    // a logit 0 everywhere, over the points and a tenth of their range on each side
    let zero = trained.weights.iter().map(|(name, all)| Ok((name.clone(), all.zeros_like()?)));
    let zero = field(&zero.collect::<Result<Vec<_>>>()?)?.unwrap();
    assert_eq!((zero.columns, zero.rows, &zero.probabilities), (5, 5, &vec![0.5; 25]));
    let ends = |way: usize| {
        let values = || data.rows().map(move |(row, _)| row[way]);
        let (low, high) = (values().fold(9., f64::min), values().fold(-9., f64::max));
        [low - 0.1 * (high - low), high + 0.1 * (high - low)]
    };
    assert_eq!([zero.x, zero.y], [ends(0), ends(1)]);
    assert!(boundary(&task, &hyper, &trained.weights, &data, 1, SCHEDULE).is_err());
    Ok(())
}

#[test]
fn boundaries_side_by_side_are_over_one_plane() -> Result<()> {
    let data = Dataset::new(2, vec![0., 0., 1., 1.], vec![0, 1])?;
    let points = Points { data: &data, train: 1, validation: 0 };
    let field = Field {
        x: [0., 1.],
        y: [0., 1.],
        columns: 2,
        rows: 2,
        probabilities: vec![0., 1., 0., 1.],
    };
    let draw = |other: &Field| {
        let fields = [("first one".to_string(), &field), ("other one".to_string(), other)];
        boundary_picture("a title", &fields, &points)
    };
    let parts = read(&draw(&field)?);
    assert!(says(&parts, "first one") && says(&parts, "other one"));
    let moved = draw(&Field { x: [0., 2.], ..field.clone() }).unwrap_err().to_string();
    assert!(moved.contains("expected fields over the same plane"), "{moved}");
    let short = draw(&Field { probabilities: vec![0.5], ..field.clone() }).unwrap_err().to_string();
    assert!(short.contains("rows x columns values"), "{short}");
    assert!(boundary_picture("", &[], &points).is_err());
    Ok(())
}

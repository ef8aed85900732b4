//! A task, a metric and a kind of noise from outside the crate, in the whole machinery.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use candle_core::{Device, Tensor};
use candle_nn::{Activation, Module, VarBuilder, linear};
use candle_noise::data::{Dataset, Samples};
use candle_noise::experiment::{
    Basis, Experiment, Outcome, Plan, Schedule, Shard, Subject, Watch, forecast_search,
};
use candle_noise::metric::{Better, Metric, Predicted};
use candle_noise::nn::{Model, seq_t};
use candle_noise::noise::{Change, Kind, NoiseSpec, Slots, Strength};
use candle_noise::objective::{CrossEntropy, MeanSquaredError, Objective};
use candle_noise::rng::Address;
use candle_noise::task::{Draw, Fingerprint, Hyper, Parts, Rows, Task};

/// Rows of two numbers, whose class is the larger one or neither.
#[derive(Clone)]
struct Larger {
    rows: Dataset,
    activation: Activation,
    outputs: usize,
    fingerprint: Fingerprint,
}

impl Larger {
    fn new() -> Self {
        let value = |i: usize| f64::from(((i * 7919 + 13) % 2003) as u32) / 1001.5 - 1.;
        let features: Vec<f64> = (0..180).map(value).collect();
        let class = |row: &[f64]| match row[0] - row[1] {
            difference if difference > 0.5 => 0,
            difference if difference < -0.5 => 1,
            _ => 2,
        };
        let labels = features.chunks(2).map(class).collect();
        let rows = Dataset::new(2, features, labels).unwrap();
        let fingerprint = Fingerprint::of(&rows);
        Self { rows, activation: Activation::Relu, outputs: 3, fingerprint }
    }
}

impl Task for Larger {
    fn name(&self) -> &str {
        "larger"
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint.clone()
    }

    fn rows(&self) -> Rows {
        Rows::new(self.rows.len())
    }

    fn objective(&self) -> Arc<dyn Objective> {
        Arc::new(CrossEntropy { classes: 3 })
    }

    fn defaults(&self) -> Hyper {
        Hyper { hidden: 8, epochs: 15, batch_size: 16, learning_rate: 0.02, ..Hyper::default() }
    }

    fn parts(&self, _: &Hyper, draw: &Draw, device: &Device) -> candle_core::Result<Parts> {
        Parts::new(&draw.shuffled(self.rows())?, |rows| {
            self.rows.select(rows)?.to_samples(&[2], device)
        })
    }

    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> candle_core::Result<Model> {
        Ok(Model::new(
            seq_t()
                .add(slots.at("input")?)
                .add(linear(2, hyper.hidden, vb.pp("fc1"))?)
                .add(slots.at("hidden")?)
                .add(self.activation)
                .add(linear(hyper.hidden, self.outputs, vb.pp("fc2"))?),
        ))
    }
}

/// The smallest share of a class that is found.
#[derive(Debug)]
struct WorstRecall;

impl Metric for WorstRecall {
    fn name(&self) -> &str {
        "worst_recall"
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        let recall = |class: u32| {
            let own = rows.labels().zip(rows.classes()).filter(|(label, _)| *label == class);
            let (all, found) = own.fold((0, 0), |(all, found), (label, predicted)| {
                (all + 1, found + usize::from(label == predicted))
            });
            (all > 0).then(|| found as f64 / f64::from(all))
        };
        (0..3).filter_map(recall).reduce(f64::min)
    }
}

/// Turns the sign of a share of the elements.
#[derive(Clone)]
struct SignFlip;

impl Kind for SignFlip {
    const STRENGTH: Strength = Strength::rate("rate");

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        address.fill_uniform(row, draws.len(), draws);
    }

    fn at(&self, rate: f64, _real: usize) -> impl Fn(f32) -> Change {
        move |u| match f64::from(u) {
            u if u <= rate => Change::Affine { factor: -1., offset: 0. },
            _ => Change::Keep,
        }
    }
}

fn experiment<'a>(task: &'a Larger, folder: Option<&Path>) -> Experiment<'a> {
    let experiment = Experiment::new(task)
        .noise("hidden:gaussian:0.1,0.5".parse().unwrap())
        .noise(NoiseSpec::own("input", "sign-flip", SignFlip, 0.2).unwrap().into())
        .metric(WorstRecall)
        .plan(|plan| plan.data_seeds = vec![0, 1])
        .repeats(3);
    match folder {
        Some(folder) => experiment.folder(folder),
        None => experiment,
    }
}

/// Everything that an outcome says but for times.
fn findings(outcome: &Outcome) -> String {
    format!("{:?} {:?}", outcome.cells, outcome.conclusion)
}

#[test]
fn an_own_task_metric_and_kind_make_a_grid() -> Result<()> {
    let task = Larger::new();
    let outcome = experiment(&task, None).run()?;
    assert_eq!((outcome.cells.len(), outcome.finished()), (4, 24));
    assert!(outcome.is_complete());
    assert!(outcome.sentence().contains("noise helps"), "{}", outcome.sentence());
    let baseline = &outcome.cells[0];
    assert!(baseline.summary.get("test_accuracy").mean > Some(0.6), "{:?}", baseline.summary);
    let (worst, all) =
        (baseline.runs[0].get("test_worst_recall"), baseline.runs[0].get("test_accuracy"));
    assert!(worst.is_some() && worst <= all, "{worst:?} {all:?}");
    let runs: Vec<_> = outcome.cells.iter().map(|own| &own.runs[0]).collect();
    assert!((1..4).all(|k| runs[k].get("train_loss") != runs[0].get("train_loss")), "{runs:?}");
    let forecast = {
        let subject = Subject::new(&task, "cpu", &[])?;
        let schedule = Schedule { threads: 2, chunk: None };
        forecast_search(&subject, &outcome.plan, &[Device::Cpu], schedule)?
    };
    assert!(forecast.as_secs_f64() > 0.);
    Ok(())
}

/// Networks without a replica axis are attacked one by one. What follows their gradients lowers their scores.
#[test]
fn its_rows_of_numbers_are_attacked() -> Result<()> {
    let outcome = experiment(&Larger::new(), None).robustness().run()?;
    let found = outcome.robustness.as_ref().unwrap();
    assert_eq!(found.models.iter().map(|own| own.networks).collect::<Vec<_>>(), [6; 4]);
    // The task has no metric of probabilities.
    assert!(found.curves.iter().all(|own| own.metric == "accuracy"), "{:?}", found.curves);
    for curve in &found.curves {
        for (place, (band, cell)) in curve.models.iter().zip(&outcome.cells).enumerate() {
            let (first, last) = (band.mean[0].unwrap(), band.mean[band.mean.len() - 1].unwrap());
            let clean = cell.summary.get("test_accuracy").mean.unwrap();
            // A network that predicts one class alone does not fall.
            let is_worse =
                curve.norm.is_none() || if place == 0 { last < first } else { last <= first };
            assert!((first - clean).abs() < 1e-6 && is_worse, "{}: {band:?}", curve.kind);
        }
    }
    assert_eq!(experiment(&Larger::new(), None).run()?.robustness, None);
    Ok(())
}

/// Ended after some chunks, continued by two shards, and reported on by the one that finds all runs finished.
#[test]
fn it_is_resumed_and_shared_out_to_the_same_bits() -> Result<()> {
    let (task, folder) = (Larger::new(), tempfile::tempdir()?);
    let expected = findings(&experiment(&task, None).run()?);
    let left = AtomicUsize::new(3);
    let goes_on =
        || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
    let watch = Watch { goes_on: &goes_on, ..Watch::NONE };
    let broken = experiment(&task, Some(folder.path())).watch(watch).run()?;
    assert_eq!((broken.finished(), broken.is_complete()), (3, false));
    let mut finished = broken.finished();
    for index in [1, 0] {
        let shard = experiment(&task, Some(folder.path())).shard(Shard::new(index, 2)?);
        let outcome = shard.run()?;
        assert!(outcome.finished() > finished, "{} {finished}", outcome.finished());
        finished = outcome.finished();
    }
    let files = std::fs::read_dir(folder.path())?.count();
    let outcome = experiment(&task, Some(folder.path())).run()?;
    assert_eq!(findings(&outcome), expected);
    assert_eq!(std::fs::read_dir(folder.path())?.count(), files, "nothing is trained again");
    Ok(())
}

/// Trains in the folder that the variable names, until the process is killed.
#[test]
#[ignore = "a process of the test below"]
fn train_until_killed() -> Result<()> {
    let task = Larger::new();
    let slow = |_| std::thread::sleep(std::time::Duration::from_millis(2));
    let watch = Watch { hear: &slow, ..Watch::NONE };
    experiment(&task, Some(Path::new(&std::env::var(FOLDER)?))).watch(watch).run()?;
    Ok(())
}

const FOLDER: &str = "CANDLE_NOISE_TEST_FOLDER";

#[cfg(unix)]
#[test]
fn a_killed_process_loses_nothing_that_it_has_finished() -> Result<()> {
    let (task, folder) = (Larger::new(), tempfile::tempdir()?);
    let mut child = std::process::Command::new(std::env::current_exe()?)
        .args(["--exact", "own::train_until_killed", "--ignored"])
        .env(FOLDER, folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()?;
    let finished = || -> Result<usize> {
        let names = std::fs::read_dir(folder.path())?.map(|entry| Ok(entry?.path()));
        let names = names.collect::<Result<Vec<_>>>()?;
        Ok(names.iter().filter(|name| name.extension().is_some_and(|e| e == "jsonl")).count())
    };
    while finished()? < 4 {
        assert!(child.try_wait()?.is_none(), "it must be killed on the way");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill()?; // SIGKILL
    child.wait()?;
    let before = finished()?;
    let outcome = experiment(&task, Some(folder.path())).run()?;
    assert_eq!(findings(&outcome), findings(&experiment(&task, None).run()?));
    assert_eq!(finished()?, 24, "a file for each run of a plain model, and {before} were there");
    Ok(())
}

/// What `grid_search` writes is there for a task of one's own, too.
#[cfg(feature = "cli")]
#[test]
fn it_is_reported_on() -> Result<()> {
    use candle_noise::report;
    let outcome = experiment(&Larger::new(), None).run()?;
    let pictures: Vec<_> = report::grid_pictures(&outcome).collect::<Result<_>>()?;
    assert_eq!(pictures.len(), 4);
    for picture in &pictures {
        assert!(picture.scene.png()?.len() > 1000, "{}", picture.name);
    }
    let page = String::from_utf8(report::report_html(&outcome, &pictures)?)?;
    assert!(page.contains("input sign-flip") && page.contains(&outcome.sentence()), "{page}");
    let table = report::grid_text(&outcome);
    assert_eq!(table.lines().filter(|line| line.contains("  hidden  ")).count(), 4, "{table}");
    assert!(page.contains(">test worst recall<") && table.contains("worst"), "{page}{table}");
    let csv = String::from_utf8(report::cells_csv(&outcome)?)?;
    let head: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    assert!(head.contains(&"test_worst_recall_mean") && head.contains(&"noise"), "{head:?}");
    assert!(csv.lines().all(|line| line.split(',').count() == head.len()), "{csv}");
    let json: serde_json::Value = serde_json::from_slice(&report::grid_json(&outcome)?)?;
    let run = &json["cells"][3]["runs"][0];
    assert!(run["test_worst_recall"].is_f64() && run["train_loss"].is_f64(), "{run}");
    assert_eq!(json["cells"][3]["noise"][0], "input:sign-flip:0.2");
    Ok(())
}

/// The names of runs follow from the model: another one has other runs.
#[test]
fn another_build_is_another_experiment() -> Result<()> {
    let (task, folder) = (Larger::new(), tempfile::tempdir()?);
    experiment(&task, Some(folder.path())).run()?;
    let fails =
        |task: &Larger| format!("{:#}", experiment(task, Some(folder.path())).run().unwrap_err());
    let smooth = Larger { activation: Activation::Gelu, ..task.clone() };
    let error = fails(&smooth);
    assert!(error.contains("a network whose loss is") && error.contains("--fresh"), "{error}");

    let data = Larger { fingerprint: Fingerprint::text("other rows"), ..task.clone() };
    let error = fails(&data);
    assert!(error.contains("expected content of the data"), "{error}");

    let id = |task: &Larger, hidden: usize| -> Result<String> {
        let subject = Subject::new(task, "cpu", &[])?;
        let plan = Plan { hidden: vec![hidden], ..Plan::of(task) };
        let (_, trial) = plan.trials().next().unwrap();
        Ok(Basis::new(&subject, &plan)?.id(&trial)?.to_string())
    };
    assert_eq!(id(&task, 8)?, id(&Larger::new(), 8)?);
    assert_ne!(id(&task, 8)?, id(&task, 9)?);
    assert_ne!(id(&task, 8)?, id(&data, 8)?);
    Ok(())
}

/// An own task whose parts do not fit each other, and nothing is written.
#[test]
fn parts_that_do_not_fit_are_named() -> Result<()> {
    let parent = tempfile::tempdir()?;
    let fails = |task: &Larger| {
        let error = experiment(task, Some(&parent.path().join("out"))).run().unwrap_err();
        format!("{error:#}")
    };
    let two = Larger { outputs: 2, ..Larger::new() };
    let error = fails(&two);
    assert!(error.contains("expected a model of 3 outputs a row"), "{error}");
    let nameless = Larger { fingerprint: Fingerprint::text(""), ..Larger::new() };
    let error = fails(&nameless);
    assert!(error.contains("fingerprint of its data, received that of nothing"), "{error}");

    let task = Larger::new();
    let error = experiment(&task, None).noise(SPEC().into()).run().unwrap_err().to_string();
    let offer = "noise at input, hidden, weights, gradients, labels, received output";
    assert!(error.contains(offer), "{error}");
    for kind in ["gaussian", "flip", "Sign Flip", ""] {
        assert!(NoiseSpec::own("input", kind, SignFlip, 0.1).is_err(), "{kind:?}");
    }
    assert!(NoiseSpec::own("weights", "sign-flip", SignFlip, 0.1).is_err());
    let error = NoiseSpec::own("input", "sign-flip", SignFlip, 1.).unwrap_err().to_string();
    assert!(error.contains("below 1, received 1"), "{error}");
    let error = experiment(&task, None).metric(WorstRecall).run().unwrap_err().to_string();
    assert!(error.contains("worst_recall twice"), "{error}");
    assert_eq!(std::fs::read_dir(parent.path())?.count(), 0);
    Ok(())
}

/// A task whose parts, places or variables contradict its settings.
struct Broken {
    inner: Larger,
    fault: Fault,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    OwnVariables,
    FewerRows,
    ReservedPlace,
    NoPlaceName,
    FailingParts,
    BeyondClasses,
    NotFinite,
}

impl Task for Broken {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.inner.fingerprint()
    }

    fn rows(&self) -> Rows {
        self.inner.rows()
    }

    fn objective(&self) -> Arc<dyn Objective> {
        self.inner.objective()
    }

    fn defaults(&self) -> Hyper {
        self.inner.defaults()
    }

    fn parts(&self, hyper: &Hyper, draw: &Draw, device: &Device) -> candle_core::Result<Parts> {
        let draw = match self.fault {
            Fault::FewerRows => Draw { train_size: draw.train_size - 1, ..draw.clone() },
            Fault::FailingParts => candle_core::bail!("no rows today"),
            _ => draw.clone(),
        };
        let mut parts = self.inner.parts(hyper, &draw, device)?;
        let (xs, ys) = parts.test.range(0, parts.test.rows())?;
        let ys = ys.squeeze(0)?;
        match self.fault {
            Fault::BeyondClasses => parts.test = Samples::new(&xs, &(ys + 3.)?)?,
            Fault::NotFinite => parts.test = Samples::new(&(xs * f64::NAN)?, &ys)?,
            _ => {}
        }
        Ok(parts)
    }

    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> candle_core::Result<Model> {
        let own = candle_nn::VarMap::new();
        let vb = match self.fault {
            Fault::OwnVariables => VarBuilder::from_varmap(&own, vb.dtype(), vb.device()),
            _ => vb,
        };
        match self.fault {
            Fault::ReservedPlace => drop(slots.at("labels")?),
            Fault::NoPlaceName => drop(slots.at("My Place")?),
            _ => {}
        }
        self.inner.build(hyper, vb, slots)
    }
}

#[test]
fn a_task_that_contradicts_itself_is_refused_before_training() -> Result<()> {
    let parent = tempfile::tempdir()?;
    for (fault, expected) in [
        (Fault::OwnVariables, "a model on variables of `vb`, received one that takes none"),
        (
            Fault::FewerRows,
            "expected parts of 59 training and 0 validation rows, received 58 and 0",
        ),
        (Fault::ReservedPlace, "labels are no place for a layer"),
        (Fault::NoPlaceName, "expected a place of lower-case letters"),
        (Fault::FailingParts, "no rows today"),
        (
            Fault::BeyondClasses,
            "targets of the test rows, for cross-entropy of 3 classes: expected class numbers from \
             0 to 2, received",
        ),
        (
            Fault::NotFinite,
            "inputs of the test rows: expected finite numbers, received NaN in row 0, column 0",
        ),
    ] {
        let task = Broken { inner: Larger::new(), fault };
        let experiment = Experiment::new(&task).noise("hidden:0.1".parse()?);
        let error = experiment.folder(parent.path().join("out")).run().unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(expected) && error.contains("task larger"), "{error}");
    }
    assert_eq!(std::fs::read_dir(parent.path())?.count(), 0);
    let error = Experiment::new(&Larger::new()).noise("hidden:0".parse()?).run().unwrap_err();
    assert!(error.to_string().contains("a strength above 0"), "{error}");
    Ok(())
}

/// A score that is no number is undefined, in memory and from the disk.
#[derive(Debug)]
struct Undefined(f64);

impl Metric for Undefined {
    fn name(&self) -> &str {
        "undefined"
    }

    fn score(&self, _: &Predicted) -> Option<f64> {
        Some(self.0)
    }
}

#[test]
fn scores_that_are_no_numbers_are_undefined() -> Result<()> {
    let task = Larger::new();
    for value in [f64::NAN, f64::INFINITY] {
        let folder = tempfile::tempdir()?;
        let run = || experiment(&task, Some(folder.path())).metric(Undefined(value)).run();
        let (first, again) = (run()?, run()?);
        assert_eq!(findings(&first), findings(&again));
        assert_eq!(first.cells[1].runs[0].get("test_undefined"), None);
    }
    Ok(())
}

/// Noise that is put into the plan counts as well as that of `noise`.
#[test]
fn noise_of_the_plan_is_compared() -> Result<()> {
    let task = Larger::new();
    let noise: NoiseSpec = "hidden:0.1".parse()?;
    let plan = Experiment::new(&task).plan(|plan| plan.noise = vec![vec![noise.clone()]]);
    let (plan, row) = (plan.run()?, Experiment::new(&task).noise(noise.clone().into()).run()?);
    assert_eq!(findings(&plan), findings(&row));
    let error = Experiment::new(&task).noise(noise.into()).plan(|plan| plan.task = "other".into());
    assert!(error.run().unwrap_err().to_string().contains("expected a plan of the task larger"));
    Ok(())
}

const SPEC: fn() -> NoiseSpec = || "output:0.1".parse().unwrap();

/// A regression: no accuracy, a score of the whole set, and verdicts in its terms.
struct Sum(Dataset);

impl Task for Sum {
    fn name(&self) -> &str {
        "sum"
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }

    fn rows(&self) -> Rows {
        Rows::new(self.0.len())
    }

    fn objective(&self) -> Arc<dyn Objective> {
        Arc::new(MeanSquaredError { outputs: 1 })
    }

    fn defaults(&self) -> Hyper {
        Hyper { hidden: 4, epochs: 30, batch_size: 16, learning_rate: 0.05, ..Hyper::default() }
    }

    fn parts(&self, _: &Hyper, draw: &Draw, device: &Device) -> candle_core::Result<Parts> {
        Parts::new(&draw.in_order(self.rows())?, |rows| {
            let (xs, _) = self.0.select(rows)?.to_tensors(device)?;
            candle_noise::data::Samples::new(&xs, &xs.sum(1)?)
        })
    }

    fn build(&self, _: &Hyper, vb: VarBuilder, slots: &Slots) -> candle_core::Result<Model> {
        Ok(Model::new(seq_t().add(slots.at("input")?).add(linear(2, 1, vb)?)))
    }
}

/// The mean of |prediction - target|.
#[derive(Debug)]
struct AbsoluteError;

impl Metric for AbsoluteError {
    fn name(&self) -> &str {
        "absolute_error"
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn score(&self, rows: &Predicted) -> Option<f64> {
        let sum: f64 = rows.iter().map(|(zs, ys)| f64::from((zs[0] - ys[0]).abs())).sum();
        Some(sum / rows.len() as f64)
    }
}

#[test]
fn a_regression_is_judged_by_its_own_metric() -> Result<()> {
    let task = Sum(Larger::new().rows);
    let experiment = || Experiment::new(&task).noise("input:2".parse().unwrap()).repeats(4);
    let outcome = experiment().metric(AbsoluteError).run()?;
    assert_eq!((outcome.metric.as_str(), outcome.figure()), ("r_squared", "test_r_squared".into()));
    assert!(
        outcome.sentence().starts_with("Noise hurts: input 2 lowers test r squared by"),
        "{}",
        outcome.sentence()
    );
    let [clean, noisy] =
        [0, 1].map(|cell: usize| outcome.cells[cell].summary.get("test_absolute_error").mean);
    assert!(clean < noisy, "{clean:?} {noisy:?}");
    assert!(!outcome.all_diverged(), "no accuracy is no divergence");
    let error = experiment().noise("labels:flip:0.1".parse()?).run().unwrap_err();
    assert!(
        error.to_string().contains("expected targets that are classes, received numbers"),
        "{error}"
    );
    Ok(())
}

/// Candle's own modules are models, alone and shared.
#[test]
fn models_of_any_type_are_shared() -> Result<()> {
    let layer = Arc::new(candle_nn::Linear::new(Tensor::new(&[[2f32]], &Device::Cpu)?, None));
    let model = seq_t().add(Model::from(layer.clone()));
    let xs = Tensor::new(&[[3f32]], &Device::Cpu)?;
    let ys = candle_nn::ModuleT::forward_t(&model, &xs, true)?;
    assert_eq!(ys.to_vec2::<f32>()?, layer.forward(&xs)?.to_vec2::<f32>()?);
    Ok(())
}

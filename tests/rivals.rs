//! Other remedies against overfitting as cells of a grid.

use anyhow::Result;
use candle_core::Device;
use candle_noise::experiment::{
    Basis, Experiment, Outcome, Plan, Record, Rival, Run, Schedule, Seconds, Store, Subject, Watch,
    bundle_cell, cell_name, train_repeats,
};
use candle_noise::task::{self, Circles, Recipe, Source, Task};
use candle_noise::train::EarlyStopping;

use crate::grid::{TWO_THREADS, circles, grid, run};

/// A grid that overfits soon, so that patience ends its runs.
fn plan() -> Plan {
    Plan { validation_size: 15, epochs: 60, learning_rates: vec![0.1], ..grid() }
}

fn rivals() -> Vec<Rival> {
    let dropout = "after-activation:dropout:0.5".parse().unwrap();
    vec![
        Rival::EarlyStopping { patience: 3 },
        Rival::Dropout(dropout),
        Rival::WeightDecay(1.),
        Rival::LabelSmoothing(0.1),
    ]
}

fn usual(task: &dyn Task, change: impl FnOnce(&mut Plan)) -> Result<Vec<String>> {
    let mut plan = Plan { validation_size: 5, train_sizes: vec![20], ..Plan::of(task) };
    change(&mut plan);
    let plan = plan.with_rivals(&Subject::new(task, "cpu", &[])?)?;
    let text = |rival: &Rival| match rival {
        Rival::EarlyStopping { patience } => format!("{rival} {patience}"),
        Rival::Dropout(noise) => noise.to_string(),
        _ => rival.to_string(),
    };
    Ok(plan.rivals.iter().map(text).collect())
}

#[test]
fn the_usual_rivals_fit_the_task() -> Result<()> {
    let others = ["weight decay 0.01", "weight decay 0.1", "weight decay 1", "label smoothing 0.1"];
    for (name, place) in
        [("circles", "after-activation"), ("digits", "after-pooling"), ("vowels", "before-dense")]
    {
        let task = task::open(name, &Source::default())?;
        let found = usual(&*task, |plan| plan.epochs = 400)?;
        let dropout = [0.2, 0.5].map(|rate| format!("{place}:dropout:{rate}"));
        assert_eq!(found[0], "early stopping 40", "{name}");
        assert_eq!((&found[1..3], &found[3..]), (&dropout[..], &others.map(String::from)[..]));
    }
    for (epochs, patience) in [(5, 5), (12, 10), (109, 10), (110, 11)] {
        let found = usual(&circles(), |plan| plan.epochs = epochs)?;
        assert_eq!(found[0], format!("early stopping {patience}"), "{epochs} epochs");
    }
    Ok(())
}

#[test]
fn rivals_leave_out_the_remedies_of_the_plan() -> Result<()> {
    let found = usual(&circles(), |plan| {
        plan.epochs = 400;
        plan.noise.push(vec!["after-activation:dropout:0.5".parse().unwrap()]);
        let both = ["input:0.1", "after-activation:dropout:0.2"].map(|text| text.parse().unwrap());
        plan.noise.push(both.to_vec());
        (plan.recipe.weight_decay, plan.recipe.label_smoothing) = (0.1, 0.1);
        plan.early_stopping = Some(EarlyStopping::new(40).restore_best());
    })?;
    let left = ["after-activation:dropout:0.2", "weight decay 0.01", "weight decay 1"];
    assert_eq!(found, left);
    Ok(())
}

#[test]
fn cells_of_rivals_follow_those_of_the_noises_of_their_variant() -> Result<()> {
    let plan = Plan { hidden: vec![8, 16], rivals: rivals(), ..plan() };
    let cells = plan.cells();
    let names: Vec<String> = cells.iter().map(|cell| cell_name(&plan, cell)).collect();
    assert_eq!((names.len(), &*names[0]), (2 * (5 + 4), "baseline, 8 hidden"));
    let expected = ["early stopping", "dropout 0.5", "weight decay 1", "label smoothing 0.1"];
    for (i, hidden) in [8, 16].into_iter().enumerate() {
        for (k, name) in expected.into_iter().enumerate() {
            let (own, baseline) = (&cells[9 * i + 5 + k], &cells[9 * i]);
            assert_eq!(names[9 * i + 5 + k], format!("{name}, {hidden} hidden"));
            assert!(!own.is_baseline() && own.baseline() == *baseline);
            let json = serde_json::to_value(own)?;
            assert_eq!(json["rival"], name);
        }
    }
    assert_eq!(serde_json::to_value(&cells[6])?["noise"][0], "after-activation:dropout:0.5");
    assert_eq!(plan.trials().count(), plan.runs());
    let json = serde_json::to_value(&cells[1])?;
    assert!(json.get("rival").is_none(), "{json}");
    Ok(())
}

/// Plans and runs without rivals are written as ever, so that finished ones are found.
#[test]
fn a_plan_without_rivals_is_written_as_before() -> Result<()> {
    let text = serde_json::to_string(&plan())?;
    assert!(!text.contains("rival"), "{text}");
    assert_eq!(serde_json::from_str::<Plan>(&text)?, plan());
    let with = Plan { rivals: rivals(), ..plan() };
    assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&with)?)?, with);
    let task = circles();
    let basis = Basis::new(&Subject::new(&task, "cpu", &[])?, &with)?;
    assert_eq!(basis, Basis::new(&Subject::new(&task, "cpu", &[])?, &plan())?);
    let names = |plan: &Plan| plan.trials().map(|(_, trial)| basis.id(&trial)).collect();
    let (own, all): (Result<Vec<_>>, Result<Vec<_>>) = (names(&plan()), names(&with));
    let (own, mut all) = (own?, all?);
    assert_eq!(all[..own.len()], own);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), with.runs(), "each run has its own name");
    // Dropout has the name of the noise that it is.
    let dropout = "after-activation:dropout:0.5".parse()?;
    let noise = Plan { noise: vec![vec![dropout]], ..plan() };
    let [noise, rival]: [Result<Vec<_>>; 2] =
        [noise, Plan { rivals: rivals()[1..2].to_vec(), noise: Vec::new(), ..plan() }]
            .map(|plan| names(&plan));
    assert_eq!(noise?, rival?);
    Ok(())
}

/// Runs of a plan that has the hyperparameters of a rival for all cells.
fn alone(plan: &Plan) -> Vec<Run> {
    let task = circles();
    let subject = Subject::new(&task, "cpu", &[]).unwrap();
    let on = |data_seed: &u32| {
        let plan = Plan { data_seeds: vec![*data_seed], ..plan.clone() };
        train_repeats(&subject, &plan, &Device::Cpu, TWO_THREADS, Watch::NONE).unwrap().runs
    };
    plan.data_seeds.iter().flat_map(on).collect()
}

fn runs(records: &[Record]) -> Vec<Run> {
    records.iter().map(|record| record.run.clone()).collect()
}

#[test]
fn a_rival_has_the_bits_of_the_same_training_alone_and_after_an_interruption() -> Result<()> {
    let plan = Plan { rivals: rivals(), ..plan() };
    let [whole, broken] = [tempfile::tempdir()?, tempfile::tempdir()?];
    let found = run(whole.path(), &plan, TWO_THREADS, usize::MAX)?;
    let draws = |cell| plan.trials_of(cell).map(|trial| trial.draw).collect::<Vec<_>>();
    let first = draws(plan.cells()[0].clone());
    assert!(plan.cells().into_iter().all(|cell| draws(cell) == first), "all have the same rows");

    let rule = EarlyStopping::new(3).restore_best();
    let [mut decay, mut smoothing] = [Recipe::default(); 2];
    (decay.weight_decay, smoothing.label_smoothing) = (1., 0.1);
    let base = Plan { rivals: Vec::new(), noise: vec![Vec::new()], ..plan.clone() };
    let recipe = |recipe| Plan { recipe, ..base.clone() };
    let dropout = vec!["after-activation:dropout:0.5".parse()?];
    let expected = [
        Plan { early_stopping: Some(rule), ..base.clone() },
        Plan { noise: vec![dropout], ..base.clone() },
        recipe(decay),
        recipe(smoothing),
    ];
    let baseline = alone(&base);
    assert_eq!(runs(&found[0]), baseline);
    for (own, expected) in found[5..].iter().zip(&expected) {
        let own = runs(own);
        assert_eq!(own, alone(expected));
        assert_ne!(own, baseline, "it changes the training");
    }
    let stopped = found[5].iter().filter(|own| own.run.early_stopped_epoch.is_some()).count();
    assert!(stopped > 0 && found[5].iter().all(|own| own.run.restored_epoch.is_some()));

    // Chunks that are cut otherwise and end on the way.
    let mut done = Vec::new();
    for (threads, chunk) in [(1, None), (2, Some(2)), (1, Some(4))] {
        let found = run(broken.path(), &plan, Schedule { threads, chunk }, 5)?;
        done.push(found.concat().len());
    }
    assert!(done.windows(2).all(|pair| pair[0] < pair[1]) && done[2] < plan.runs(), "{done:?}");
    assert_eq!(run(broken.path(), &plan, TWO_THREADS, usize::MAX)?, found);
    Ok(())
}

#[test]
fn rivals_that_are_added_later_leave_what_is_finished() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let before = run(folder.path(), &plan(), TWO_THREADS, usize::MAX)?;
    let plan = Plan { rivals: rivals(), ..plan() };
    // No chunk is left for what is finished.
    let untrained = run(folder.path(), &plan, TWO_THREADS, 0)?;
    assert_eq!(untrained[..5], before);
    assert!(untrained[5..].iter().all(Vec::is_empty));
    assert_eq!(run(folder.path(), &plan, TWO_THREADS, usize::MAX)?[..5], before);
    Ok(())
}

/// Noise is compared with rivals, but they are none: what is said of noise is the same without them.
#[test]
fn the_conclusion_is_about_noise_alone() -> Result<()> {
    let (folder, task) = (tempfile::tempdir()?, circles());
    let plan = Plan { rivals: rivals(), ..plan() };
    let plan_rivals = plan.rivals.len();
    run(folder.path(), &plan, TWO_THREADS, usize::MAX)?;
    let subject = Subject::new(&task, "cpu", &[])?;
    let store = Store::open(folder.path(), Basis::new(&subject, &plan)?, &mut |_| {})?;
    let with = Outcome::of(&plan, &store, "cpu", Seconds::default())?;
    let without = Plan { rivals: Vec::new(), ..plan };
    let without = Outcome::of(&without, &store, "cpu", Seconds::default())?;
    assert!(with.conclusion.is_some());
    let mut conclusion = with.conclusion.clone().unwrap();
    assert!(conclusion.rival.take().is_some());
    assert_eq!(Some(conclusion), without.conclusion);
    assert_eq!(with.cells[..5], without.cells);
    for own in &with.cells[5..] {
        let difference = own.difference.as_ref().unwrap();
        assert_eq!((difference.n, difference.p_holm), (6, None), "{:?}", own.cell);
        let together = plan_rivals as f64;
        assert_eq!(difference.p_adjusted, difference.p.map(|p| (together * p).min(1.)));
    }
    Ok(())
}

#[test]
fn an_experiment_adds_the_usual_rivals() -> Result<()> {
    let task = Circles::new(60, 0.1)?;
    let experiment = |validation_size| {
        let plan = |plan: &mut Plan| {
            (plan.epochs, plan.hidden) = (3, vec![8]);
            (plan.train_sizes, plan.validation_size) = (vec![20], validation_size);
        };
        let noise = "input:0.1".parse().unwrap();
        Experiment::new(&task).noise(noise).rivals().plan(plan).repeats(2).run()
    };
    let outcome = experiment(10)?;
    assert_eq!((outcome.cells.len(), outcome.finished()), (2 + 7, 18));
    let error = format!("{:#}", experiment(0).unwrap_err());
    assert!(error.contains("expected a validation size of at least 1"), "{error}");
    Ok(())
}

/// Networks that are trained once more have the rival's settings; the epoch is the median of those that
/// the runs restored.
#[test]
fn a_bundle_of_a_rival_is_trained_as_the_rival() -> Result<()> {
    let (folder, task) = (tempfile::tempdir()?, circles());
    let plan = Plan { data_seeds: vec![1], rivals: rivals(), ..plan() };
    let found = run(folder.path(), &plan, TWO_THREADS, usize::MAX)?;
    let subject = Subject::new(&task, "cpu", &[])?;
    let store = Store::open(folder.path(), Basis::new(&subject, &plan)?, &mut |_| {})?;
    let cells = plan.cells();
    let bundle = |cell: usize| {
        let cell = &cells[cell];
        let own = bundle_cell(&subject, &plan, &store, cell, None, &Device::Cpu, TWO_THREADS);
        own.map(Option::unwrap)
    };
    let mut restored: Vec<usize> =
        found[5].iter().filter_map(|own| own.run.restored_epoch).collect();
    restored.sort_unstable();
    let stopped = bundle(5)?;
    assert_eq!(stopped.about().training.epochs, restored[1], "{restored:?}");
    assert_eq!(stopped.about().training.settings["early_stopping"]["patience"], 3);
    let (baseline, decayed) = (bundle(0)?, bundle(7)?);
    assert_eq!((baseline.about().training.epochs, decayed.about().training.epochs), (60, 60));
    assert_eq!(decayed.about().training.settings["recipe"]["weight_decay"], 1.);
    let weights = |own: &candle_noise::bundle::Bundle| -> Result<Vec<f32>> {
        Ok(own.weights()[1].1.flatten_all()?.to_vec1()?)
    };
    let norm = |weights: Vec<f32>| weights.iter().map(|x| x * x).sum::<f32>();
    assert!(norm(weights(&decayed)?) < 0.9 * norm(weights(&baseline)?));
    Ok(())
}

#[test]
fn rivals_that_cannot_be_compared_are_named() -> Result<()> {
    let task = circles();
    let subject = Subject::new(&task, "cpu", &[])?;
    let dropout = |text: &str| Rival::Dropout(text.parse().unwrap());
    let own = |rivals: &[Rival]| Plan { rivals: rivals.to_vec(), ..plan() };
    let noise = vec![Vec::new(), vec!["before-activation:dropout:0.5".parse()?]];
    let mut decayed = own(&[Rival::WeightDecay(0.5)]);
    decayed.recipe.weight_decay = 0.5;
    let stopping = Rival::EarlyStopping { patience: 3 };
    let cases = [
        (own(&[Rival::WeightDecay(1.), Rival::WeightDecay(1.)]), "rival: expected each value once"),
        (decayed, "received weight decay 0.5, which all cells or one with noise have"),
        (Plan { noise, ..own(&[dropout("hidden:dropout:0.5")]) }, "received dropout 0.5, which"),
        (own(&[dropout("input:speckle:0.5")]), "of a rate above 0, received input:speckle:0.5"),
        (own(&[dropout("input:dropout:0")]), "of a rate above 0, received input:dropout:0"),
        (own(&[dropout("nowhere:dropout:0.1")]), "gradients, labels, received nowhere"),
        (own(&[Rival::WeightDecay(-1.)]), "weight decay must be finite and at least 0"),
        (own(&[Rival::LabelSmoothing(1.5)]), "label smoothing must lie in [0, 1], received 1.5"),
        (own(&[Rival::EarlyStopping { patience: 0 }]), "must be at least 1, received 0"),
        (Plan { validation_size: 0, ..own(&[stopping]) }, "validation size of at least 1"),
        (Plan { repeats: 100_000, ..own(&rivals()) }, "at most 1000000 runs, received 1800000"),
    ];
    for (plan, expected) in cases {
        let error = format!("{:#}", plan.checked(&subject).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}

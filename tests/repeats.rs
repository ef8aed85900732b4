//! Repeats are replicas: the same bits alone or in company, whatever the schedule.

use std::collections::BTreeSet;

use candle_core::Device;
use candle_noise::experiment::{Plan, Schedule, Subject, Trained, Watch, boundary, train_repeats};
use candle_noise::noise::NoiseSpec;
use candle_noise::task::Circles;
use candle_noise::train::EarlyStopping;

const ONE_THREAD: Schedule = Schedule { threads: 1, chunk: None };

fn plan(repeats: usize, noise: Vec<NoiseSpec>) -> Plan {
    Plan {
        epochs: 40,
        batch_size: 13,
        hidden: vec![60],
        seed: 7,
        repeats,
        noise: vec![noise],
        ..Plan::of(&Circles::default())
    }
}

fn hidden(stddev: f64) -> Vec<NoiseSpec> {
    ["input", "before-activation"].map(|p| NoiseSpec::gaussian(p, stddev).unwrap()).to_vec()
}

fn with_schedule(plan: &Plan, schedule: Schedule) -> anyhow::Result<Trained> {
    let task = Circles::default();
    let subject = Subject::new(&task, "cpu", &[])?;
    let plan = plan.clone().checked(&subject)?;
    train_repeats(&subject, &plan, &Device::Cpu, schedule, Watch::NONE)
}

fn train(plan: &Plan, threads: usize, chunk: Option<usize>) -> Trained {
    with_schedule(plan, Schedule { threads, chunk }).unwrap()
}

/// The probabilities around the points, and the points.
fn field(
    plan: &Plan,
    trained: &Trained,
    threads: usize,
) -> Option<candle_noise::experiment::Field> {
    let task = Circles::default();
    let (hyper, data) = (plan.hyper_of(plan.variants().next().unwrap()), task.data(1).unwrap());
    boundary(&task, &hyper, &trained.weights, &data, 21, Schedule { threads, chunk: None }).unwrap()
}

fn weights(trained: &Trained, replica: usize) -> Vec<Vec<u32>> {
    let own = trained.weights.iter().map(|(_, w)| w.get(replica).unwrap().flatten_all().unwrap());
    own.map(|w| w.to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits).collect()).collect()
}

#[test]
fn replica_k_of_five_equals_its_solo_run_for_every_chunk_and_thread_count() {
    let all = plan(5, hidden(0.1));
    let solo: Vec<Trained> =
        (0..5).map(|k| train(&Plan { seed: 7 + k, repeats: 1, ..all.clone() }, 1, None)).collect();
    assert_ne!(weights(&solo[0], 0), weights(&solo[1], 0), "replicas differ");
    for (threads, chunk) in [(1, Some(5)), (1, Some(2)), (2, Some(1)), (3, Some(3)), (2, None)] {
        let together = train(&all, threads, chunk);
        for (k, solo) in solo.iter().enumerate() {
            let name = format!("replica {k}, {threads} threads, chunk {chunk:?}");
            assert_eq!(together.histories[k], solo.histories[0], "{name}");
            assert_eq!(weights(&together, k), weights(solo, 0), "{name}");
        }
    }
}

#[test]
fn the_baseline_is_the_noise_arm_with_stddev_zero() {
    let (baseline, zero) = (train(&plan(2, vec![]), 1, None), train(&plan(2, hidden(0.)), 2, None));
    assert_eq!(baseline.histories, zero.histories);
    assert_eq!(weights(&baseline, 1), weights(&zero, 1));
    let noisy = train(&plan(2, hidden(0.1)), 1, None);
    assert_ne!(baseline.histories, noisy.histories);
}

#[test]
fn the_boundary_does_not_depend_on_the_schedule_and_lies_between_the_classes() {
    let plan = Plan { epochs: 400, learning_rates: vec![0.01], ..plan(3, vec![]) };
    let (one, other) = (train(&plan, 1, Some(3)), train(&plan, 2, Some(1)));
    let found = field(&plan, &one, 1).unwrap();
    assert_eq!(Some(&found), field(&plan, &other, 3).as_ref());
    let field = found;
    assert_eq!((field.columns, field.rows, field.probabilities.len()), (21, 21, 441));
    // The inner circle is class 1, the outside class 0.
    assert!(field.probabilities[0] < 0.5, "{}", field.probabilities[0]);
    assert!(field.probabilities.iter().any(|&p| p > 0.5));
    assert!(field.probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
}

#[test]
fn stopped_replicas_keep_their_number_across_chunks() {
    let plan = Plan { learning_rates: vec![1e30], ..plan(3, vec![]) };
    let trained = train(&plan, 1, Some(2));
    for (k, history) in trained.histories.iter().enumerate() {
        let stop = history.stopped.as_ref().unwrap();
        assert_eq!((stop.replica, stop.seed), (k, 7 + k as u64));
    }
    assert_eq!(field(&plan, &trained, 1), None);
}

/// Replicas that stop at different epochs have the same weights in every company: none.
#[test]
fn stopped_replicas_do_not_depend_on_the_schedule() {
    let plan = Plan {
        epochs: 60,
        learning_rates: vec![8e18],
        hidden: vec![3],
        repeats: 8,
        ..Plan::of(&Circles::default())
    };
    let (together, alone) = (train(&plan, 1, Some(8)), train(&plan, 2, Some(1)));
    let stops = together.histories.iter().filter_map(|history| history.stopped.as_ref());
    let epochs: std::collections::BTreeSet<usize> = stops.map(|stop| stop.epoch).collect();
    assert!(epochs.len() > 1, "replicas must stop at different epochs: {epochs:?}");
    assert_eq!(together.histories, alone.histories);
    for k in 0..8 {
        assert_eq!(weights(&together, k), weights(&alone, k), "replica {k}");
    }
}

/// With early stopping a run that diverges has the weights and the figures of its best epoch, in
/// every company, and its loss that was not finite stays on record.
#[test]
fn runs_that_diverge_end_with_their_best_weights() {
    let plan = Plan {
        epochs: 60,
        learning_rates: vec![8e18],
        hidden: vec![3],
        repeats: 8,
        validation_size: 20,
        early_stopping: Some(EarlyStopping::new(60).restore_best()),
        ..Plan::of(&Circles::default())
    };
    let (together, alone) = (train(&plan, 1, Some(8)), train(&plan, 2, Some(1)));
    assert_eq!((&together.histories, &together.runs), (&alone.histories, &alone.runs));
    let (mut restored, mut failed) = (0, 0);
    for (k, run) in together.runs.iter().enumerate() {
        let (history, own) = (&together.histories[k], weights(&together, k));
        assert_eq!(own, weights(&alone, k), "replica {k}");
        let is_finite = own.iter().flatten().all(|bits| f32::from_bits(*bits).is_finite());
        assert_eq!(is_finite, !run.has_failed());
        let Some(stop) = &run.stopped else { continue };
        match run.restored_epoch {
            Some(epoch) => {
                restored += 1;
                assert!(epoch < stop.epoch && run.early_stopped_epoch.is_none(), "{run:?}");
                let loss = f64::from(history.val.loss[epoch - 1]);
                assert_eq!(run.get("validation_loss"), Some(loss));
                assert!(history.val.loss.iter().all(|other| f64::from(*other) >= loss));
                let score = history.test.score[epoch - 1];
                assert_eq!(run.get("test_accuracy"), Some(score), "the weights are of this epoch");
                assert_eq!(together.test_hits[k].as_ref().map(Vec::len), Some(50));
            }
            None => {
                failed += 1;
                assert_eq!((stop.epoch, run.get("test_accuracy")), (1, None));
            }
        }
    }
    assert!(restored > 1, "{restored} restored, {failed} failed");
    let counts = together.confusion(2).unwrap();
    assert_eq!(counts.iter().sum::<u64>(), (8 - failed) * 50);
    assert!(field(&plan, &together, 1).is_some());
}

#[test]
fn a_confusion_matrix_has_all_classes() {
    let trained = train(&plan(1, vec![]), 1, None);
    assert_eq!(trained.confusion(2).unwrap().iter().sum::<u64>(), 70);
    let error = trained.confusion(1).unwrap_err().to_string();
    assert!(error.contains("expected 1 classes, received a test row of class"), "{error}");
}

/// One rectifier makes logits of at most 0 if its output weight is negative: all rows are of class 0,
/// which 36 of the 70 test points have.
#[test]
fn networks_that_predict_one_class_are_told() {
    let trained = train(&Plan { epochs: 1, hidden: vec![1], ..plan(12, vec![]) }, 2, None);
    let mut seen = BTreeSet::new();
    for (run, rows) in trained.runs.iter().zip(&trained.test) {
        let predicted: BTreeSet<u32> = rows.classes().collect();
        assert_eq!(run.one_class, predicted.len() == 1, "{run:?}");
        if predicted == BTreeSet::from([0]) {
            assert_eq!(run.get("test_accuracy"), Some(36. / 70.));
        }
        seen.insert(run.one_class);
    }
    assert_eq!(seen, BTreeSet::from([false, true]));
}

#[test]
fn plans_out_of_range_are_errors() {
    let good = plan(2, vec![]);
    for bad in [
        Plan { hidden: vec![0], ..good.clone() },
        Plan { epochs: 0, ..good.clone() },
        Plan { batch_size: 0, ..good.clone() },
        Plan { repeats: 0, ..good.clone() },
        Plan { train_sizes: vec![100], ..good.clone() },
        Plan { learning_rates: vec![-1.], ..good.clone() },
        Plan { noise: vec![[hidden(0.1), hidden(0.1)].concat()], ..good.clone() },
        Plan { noise: vec![vec![], hidden(0.1)], ..good.clone() },
    ] {
        assert!(with_schedule(&bad, ONE_THREAD).is_err(), "{bad:?}");
    }
    assert!(Circles::new(100, f64::NAN).is_err());
    let none = Schedule { threads: 0, chunk: None };
    assert!(with_schedule(&good, none).is_err());
}

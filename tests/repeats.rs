//! Repeats are replicas: the same bits alone or in company, whatever the schedule.

use candle_core::Device;
use candle_noise::experiment::{Noise, Schedule, Settings, Trained, boundary, train_repeats};
use candle_noise::model::Placement;

const ONE_THREAD: Schedule = Schedule { threads: 1, chunk: None };

fn settings(repeats: usize, noise: Vec<Noise>) -> Settings {
    Settings {
        epochs: 40,
        batch_size: 13,
        hidden: 60,
        seed: 7,
        repeats,
        noise,
        ..Default::default()
    }
}

fn hidden(stddev: f64) -> Vec<Noise> {
    vec![
        Noise { placement: Placement::Input, stddev },
        Noise { placement: Placement::BeforeActivation, stddev },
    ]
}

fn train(settings: &Settings, threads: usize, chunk: Option<usize>) -> Trained {
    train_repeats(settings, &Device::Cpu, Schedule { threads, chunk }, || ()).unwrap()
}

fn weights(trained: &Trained, replica: usize) -> Vec<Vec<u32>> {
    let own = trained.weights.iter().map(|(_, w)| w.get(replica).unwrap().flatten_all().unwrap());
    own.map(|w| w.to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits).collect()).collect()
}

#[test]
fn replica_k_of_five_equals_its_solo_run_for_every_chunk_and_thread_count() {
    let all = settings(5, hidden(0.1));
    let solo: Vec<Trained> = (0..5)
        .map(|k| train(&Settings { seed: 7 + k, repeats: 1, ..all.clone() }, 1, None))
        .collect();
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
    let (baseline, zero) =
        (train(&settings(2, vec![]), 1, None), train(&settings(2, hidden(0.)), 2, None));
    assert_eq!(baseline.histories, zero.histories);
    assert_eq!(weights(&baseline, 1), weights(&zero, 1));
    let noisy = train(&settings(2, hidden(0.1)), 1, None);
    assert_ne!(baseline.histories, noisy.histories);
}

#[test]
fn the_boundary_does_not_depend_on_the_schedule_and_lies_between_the_classes() {
    let settings = Settings { epochs: 400, learning_rate: 0.01, ..settings(3, vec![]) };
    let data = settings.circles().unwrap();
    let (one, other) = (train(&settings, 1, Some(3)), train(&settings, 2, Some(1)));
    let field = boundary(&settings, &one, &data, 21, ONE_THREAD).unwrap().unwrap();
    let threads = Schedule { threads: 3, chunk: None };
    assert_eq!(Some(&field), boundary(&settings, &other, &data, 21, threads).unwrap().as_ref());
    assert_eq!((field.columns, field.rows, field.probabilities.len()), (21, 21, 441));
    // The inner circle is class 1, the outside class 0.
    assert!(field.probabilities[0] < 0.5, "{}", field.probabilities[0]);
    assert!(field.probabilities.iter().any(|&p| p > 0.5));
    assert!(field.probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
}

#[test]
fn stopped_replicas_keep_their_number_across_chunks() {
    let settings = Settings { learning_rate: 1e30, ..settings(3, vec![]) };
    let trained = train(&settings, 1, Some(2));
    for (k, history) in trained.histories.iter().enumerate() {
        let stop = history.stopped.as_ref().unwrap();
        assert_eq!((stop.replica, stop.seed), (k, 7 + k as u64));
    }
    let data = settings.circles().unwrap();
    assert_eq!(boundary(&settings, &trained, &data, 21, ONE_THREAD).unwrap(), None);
}

/// Replicas that stop at different epochs have the same weights in every company: none.
#[test]
fn stopped_replicas_do_not_depend_on_the_schedule() {
    let settings =
        Settings { learning_rate: 8e18, epochs: 60, hidden: 3, repeats: 8, ..Default::default() };
    let (together, alone) = (train(&settings, 1, Some(8)), train(&settings, 2, Some(1)));
    let stops = together.histories.iter().filter_map(|history| history.stopped.as_ref());
    let epochs: std::collections::BTreeSet<usize> = stops.map(|stop| stop.epoch).collect();
    assert!(epochs.len() > 1, "replicas must stop at different epochs: {epochs:?}");
    assert_eq!(together.histories, alone.histories);
    for k in 0..8 {
        assert_eq!(weights(&together, k), weights(&alone, k), "replica {k}");
    }
}

#[test]
fn settings_out_of_range_are_errors() {
    let good = settings(2, vec![]);
    let twice = vec![Noise { placement: Placement::Input, stddev: 0.1 }; 2];
    for bad in [
        Settings { hidden: 0, ..good.clone() },
        Settings { epochs: 0, ..good.clone() },
        Settings { batch_size: 0, ..good.clone() },
        Settings { repeats: 0, ..good.clone() },
        Settings { train_size: 100, ..good.clone() },
        Settings { data_noise: f64::NAN, ..good.clone() },
        Settings { learning_rate: -1., ..good.clone() },
        Settings { noise: twice, ..good.clone() },
    ] {
        assert!(train_repeats(&bad, &Device::Cpu, ONE_THREAD, || ()).is_err(), "{bad:?}");
    }
    let none = Schedule { threads: 0, chunk: None };
    assert!(train_repeats(&good, &Device::Cpu, none, || ()).is_err());
}

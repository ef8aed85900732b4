//! Properties that hold for any settings, on settings drawn at random.
//!
//! Each test has a fixed number of cases from a fixed seed, so every run draws the same ones, and a
//! failure recurs with `cargo test --test tests properties`. It prints the smallest settings
//! that fail; a fixed fault gets its own test with these settings.

mod grids;
mod splits;
mod texts;

use candle_core::Device;
use candle_noise::data::Samples;
use candle_noise::task::{Circles, Moons, Task};
use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

pub fn config(cases: u32) -> ProptestConfig {
    let (failure_persistence, rng_seed) = (None, RngSeed::Fixed(16));
    ProptestConfig { cases, failure_persistence, rng_seed, ..ProptestConfig::default() }
}

/// A task, and all its rows of a data seed: those to train on, and those that are always for testing.
type Whole = (Box<dyn Task>, [Option<Samples>; 2]);

fn points(name: &str, samples: usize, data_seed: u32) -> Whole {
    let (task, data): (Box<dyn Task>, _) = match name {
        "circles" => {
            let task = Circles::new(samples, 0.1).unwrap();
            (Box::new(task.clone()), task.data(data_seed))
        }
        _ => {
            let task = Moons::new(samples, 0.1).unwrap();
            (Box::new(task.clone()), task.data(data_seed))
        }
    };
    let all = data.unwrap().to_samples(&[2], &Device::Cpu).unwrap();
    (task, [Some(all), None])
}

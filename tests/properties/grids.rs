//! A run depends on its own settings and seeds alone, whatever else is trained, in which order and how.

use std::collections::BTreeMap;

use candle_core::Device;
use candle_noise::experiment::{
    Basis, Plan, Record, Schedule, Shard, Store, Subject, Watch, search,
};
use candle_noise::noise::{NoiseRow, NoiseSpec};
use candle_noise::task::Circles;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{config, points};

/// Cells of a grid that differ in all that a cell can.
const CELLS: [&str; 9] = [
    "input:0.1",
    "input:0.3",
    "input:dropout:0.5",
    "before-activation:0.1",
    "after-activation:laplace:0.2",
    "input:0.1 & before-activation:uniform:0.1",
    "weights:0.05",
    "gradients:0.01",
    "labels:flip:0.2",
];

fn cells(names: &[&str]) -> Vec<Vec<NoiseSpec>> {
    let own = names.iter().flat_map(|name| name.parse::<NoiseRow>().unwrap().0);
    [Vec::new()].into_iter().chain(own).collect()
}

fn schedule() -> impl Strategy<Value = Schedule> {
    (1usize..4, prop::option::of(1usize..7))
        .prop_map(|(threads, chunk)| Schedule { threads, chunk })
}

/// A small grid, and the task of it.
fn grid() -> impl Strategy<Value = (Plan, &'static str)> {
    let name = select(vec!["circles", "moons"]);
    let cells = subsequence(CELLS.to_vec(), 1..4).prop_map(|names| cells(&names));
    let data_seeds = subsequence(vec![1u32, 2, 3], 1..3);
    let small = (2usize..5, 1usize..6, 1usize..4, 4usize..8, 0usize..3);
    (name, cells, data_seeds, small, any::<u32>(), 1usize..4).prop_map(
        |(name, noise, data_seeds, small, seed, repeats)| {
            let (epochs, batch_size, hidden, train_size, validation_size) = small;
            let (hidden, train_sizes, learning_rates) =
                (vec![hidden], vec![train_size], vec![0.01]);
            let plan = Plan {
                task: name.to_string(),
                epochs,
                batch_size,
                hidden,
                train_sizes,
                learning_rates,
                validation_size,
                data_seeds,
                noise,
                seed: seed.into(),
                repeats,
                ..Plan::of(&Circles::default())
            };
            (plan, name)
        },
    )
}

/// Trains a plan, shard by shard, and returns each run by cell, data seed and seed.
fn trained(plan: &Plan, schedule: Schedule, shards: usize) -> BTreeMap<String, Record> {
    let (task, _) = points(&plan.task, 12, 1);
    let subject = Subject::new(&*task, "cpu", &[]).unwrap();
    let plan = plan.clone().checked(&subject).unwrap();
    let store = Store::in_memory(Basis::new(&subject, &plan).unwrap());
    for index in 0..shards {
        let shard = Shard::new(index, shards).unwrap();
        search(&subject, &plan, &store, shard, &[Device::Cpu], schedule, Watch::NONE).unwrap();
    }
    let run = |(_, trial)| (format!("{trial:?}"), store.get(&trial).unwrap().unwrap());
    plan.trials().map(run).collect()
}

const ALONE: Schedule = Schedule { threads: 1, chunk: Some(1) };

proptest! {
    #![proptest_config(config(64))]

    /// Cells and data seeds in another order, repeats in parts, other threads, chunks and shards.
    #[test]
    fn the_order_and_layout_of_the_work_change_no_run(
        (plan, noise, data_seeds) in grid().prop_flat_map(|(plan, _)| {
            let (noise, data_seeds) = (plan.noise.clone(), plan.data_seeds.clone());
            (Just(plan), Just(noise).prop_shuffle(), Just(data_seeds).prop_shuffle())
        }),
        (schedule, shards, first) in (schedule(), 1usize..4, 0usize..4),
    ) {
        let expected = trained(&plan, ALONE, 1);
        let other = Plan { noise, data_seeds, ..plan.clone() };
        prop_assert_eq!(&trained(&other, schedule, shards), &expected);
        // The repeats from the last to the first, in two parts.
        let first = first % plan.repeats;
        let later = Plan { seed: plan.seed + first as u64, repeats: plan.repeats - first, ..other };
        let mut parts = trained(&later, schedule, shards);
        if first > 0 {
            parts.extend(trained(&Plan { repeats: first, ..plan }, schedule, shards));
        }
        prop_assert_eq!(parts, expected);
    }

    /// More cells, widths, learning rates, training sizes, data seeds and repeats.
    #[test]
    fn adding_to_a_grid_changes_no_other_run(
        (plan, _) in grid(),
        more in subsequence(CELLS.to_vec(), 0..4),
        [width, rate, size, data_seed, repeat] in any::<[bool; 5]>(),
        schedule in schedule(),
    ) {
        let expected = trained(&plan, schedule, 1);
        let mut larger = plan.clone();
        for cell in cells(&more).into_iter().filter(|cell| !plan.noise.contains(cell)) {
            larger.noise.insert(1, cell);
        }
        larger.hidden.extend(width.then_some(7));
        larger.learning_rates.extend(rate.then_some(0.1));
        larger.train_sizes.extend(size.then_some(3));
        larger.data_seeds.extend(data_seed.then_some(9));
        larger.repeats += usize::from(repeat);
        let all = trained(&larger, schedule, 1);
        prop_assert_eq!(all.len(), larger.runs());
        for (trial, record) in expected {
            prop_assert_eq!(all.get(&trial), Some(&record), "{}", trial);
        }
    }
}

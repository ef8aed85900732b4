//! The parts of a draw cover the rows of a task, each once.

use std::collections::HashMap;

use candle_core::Device;
use candle_noise::data::{Samples, digits, japanese_vowels};
use candle_noise::task::{Digits, Draw, Hyper, Rows, Task, Vowels};
use proptest::prelude::*;
use proptest::sample::select;

use super::{Whole, config, points};

/// How often each row is in a set: its inputs and targets, bit by bit.
fn counted<'a>(sets: impl IntoIterator<Item = &'a Samples>) -> HashMap<Vec<u32>, usize> {
    let mut counts = HashMap::new();
    for samples in sets {
        let (rows, (xs, ys)) = (samples.rows(), samples.range(0, samples.rows()).unwrap());
        let [xs, ys] = [xs, ys].map(|t| t.reshape((rows, ())).unwrap().to_vec2::<f32>().unwrap());
        for (x, y) in xs.iter().zip(&ys) {
            *counts.entry(x.iter().chain(y).map(|x| x.to_bits()).collect()).or_default() += 1;
        }
    }
    counts
}

fn images() -> Whole {
    let (task, all) = (Digits::new().unwrap(), digits().unwrap());
    let first = task.rows().trainable();
    let samples = |data: candle_core::Result<candle_noise::data::Dataset>| {
        Some(data.unwrap().to_samples(&[1, 8, 8], &Device::Cpu).unwrap())
    };
    let sets = [samples(all.range(0..first)), samples(all.range(first..all.len()))];
    (Box::new(task), sets)
}

fn utterances() -> Whole {
    let (train, test) = japanese_vowels().unwrap();
    let longest = train.lengths().chain(test.lengths()).max();
    let sets = [train, test].map(|set| Some(set.to_samples(longest, &Device::Cpu).unwrap()));
    (Box::new(Vowels::new().unwrap()), sets)
}

/// Whether the parts of a draw are rows of the task, each once, or are refused exactly if no rows of a
/// part are left.
fn check_split((task, [to_train, to_test]): &Whole, draw: &Draw) -> Result<(), TestCaseError> {
    let (rows, &Draw { train_size, validation_size, .. }) = (task.rows(), draw);
    let parts = task.parts(&Hyper::default(), draw, &Device::Cpu);
    let fits = train_size >= 1 && train_size + validation_size <= rows.trainable();
    prop_assert_eq!(parts.is_ok(), fits, "{:?} of {:?}", draw, rows);
    let Ok(parts) = parts else { return Ok(()) };
    let validated = parts.validation.as_ref().map_or(0, Samples::rows);
    prop_assert_eq!((parts.train.rows(), validated), (train_size, validation_size));
    prop_assert_eq!(parts.test.rows(), draw.test_size(rows));

    let (used, mut all) = match to_test {
        // All parts are drawn from all rows.
        Some(to_test) if draw.data_seed > 0 => {
            let sets = [&parts.train, &parts.test].into_iter().chain(&parts.validation);
            (counted(sets), counted(to_train.iter().chain([to_test])))
        }
        Some(to_test) => {
            prop_assert_eq!(counted([&parts.test]), counted([to_test]));
            (counted([&parts.train].into_iter().chain(&parts.validation)), counted(to_train))
        }
        None => {
            let sets = [&parts.train, &parts.test].into_iter().chain(&parts.validation);
            (counted(sets), counted(to_train))
        }
    };
    for (row, count) in used {
        let left = all.get_mut(&row).and_then(|left| left.checked_sub(count).map(|n| *left = n));
        prop_assert!(left.is_some(), "a row is in two parts, or none of the task");
    }
    let others =
        if to_test.is_some() { rows.trainable() - train_size - validation_size } else { 0 };
    prop_assert_eq!(all.into_values().sum::<usize>(), others);
    Ok(())
}

/// Sizes of a draw, some of them beyond the rows of a task.
fn sizes(trainable: usize) -> impl Strategy<Value = (usize, usize)> {
    (0..=trainable + 1).prop_flat_map(move |train| {
        let left = trainable.saturating_sub(train);
        (Just(train), prop_oneof![Just(0), Just(left), 0..=left + 1])
    })
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn splits_of_points_cover_all_rows_once(
        name in select(vec!["circles", "moons"]),
        (samples, (train_size, validation_size)) in
            (2usize..60).prop_flat_map(|n| (Just(n), sizes(n - 1))),
        data_seed in any::<u32>(),
    ) {
        let draw = Draw { data_seed, train_size, validation_size, ..Draw::default() };
        check_split(&points(name, samples, data_seed), &draw)?;
    }

    #[test]
    fn sizes_that_leave_no_rows_are_refused_before_a_row_is_listed(
        all in 1usize << 40.., more in 0usize..9, data_seed in any::<u32>()
    ) {
        let (rows, train_size) = (Rows::new(all), all.saturating_add(more));
        for draw in [
            Draw { data_seed, train_size, ..Draw::default() },
            Draw { data_seed, train_size: 1, validation_size: train_size, ..Draw::default() },
        ] {
            prop_assert!(draw.in_order(rows).is_err() && draw.shuffled(rows).is_err());
        }
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn splits_of_real_data_cover_all_rows_once(
        of_digits in sizes(797), of_vowels in sizes(270), data_seed in prop_oneof![Just(0), 0..u32::MAX]
    ) {
        let draw = |(train_size, validation_size)| Draw { data_seed, train_size, validation_size, ..Draw::default() };
        check_split(&images(), &draw(of_digits))?;
        check_split(&utterances(), &draw(of_vowels))?;
    }
}

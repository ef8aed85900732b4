//! Properties of splits and preparations, on rows drawn at random.

use candle_noise::data::prepared::Preparation;
use candle_noise::data::split::{Parts, Size, Sizes, Split};
use candle_noise::data::table::{Table, TargetValues};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{classes, numbers, parts, table, texts};
use crate::properties::config;

/// Labels with at least 5 rows of each class.
fn labels() -> impl Strategy<Value = Vec<u32>> {
    (1u32..5, vec(0u32..100, 0..60)).prop_flat_map(|(classes, more)| {
        let all: Vec<u32> = (0..5 * classes).chain(more).map(|label| label % classes).collect();
        Just(all).prop_shuffle()
    })
}

/// Whether parts cover all rows, each once.
fn partition(parts: &Parts, rows: usize) -> bool {
    let others = parts.validation.iter().chain(&parts.test);
    let mut all: Vec<usize> = parts.train.as_slice().iter().chain(others).copied().collect();
    all.sort();
    all.into_iter().eq(0..rows)
}

fn counts(rows: &[usize], labels: &[u32]) -> Vec<usize> {
    let count = |class| rows.iter().filter(|row| labels[**row] == class).count();
    (0..=*labels.iter().max().unwrap()).map(count).collect()
}

proptest! {
    #![proptest_config(config(64))]

    /// The rows of a class in two folds differ by one at most, and so do the rows of all classes.
    #[test]
    fn folds_cover_the_rows_with_the_classes_in_proportion(
        labels in labels(), folds in 2usize..6, seed: u32,
    ) {
        for values in [classes(&labels), TargetValues::Numbers(vec![0.; labels.len()])] {
            let tests = parts(&Split::Folds(folds), &table(Vec::new(), values.clone()), seed);
            let mut tested: Vec<usize> = tests.iter().flat_map(|fold| &fold.test).copied().collect();
            tested.sort();
            prop_assert!(tested.into_iter().eq(0..labels.len()));
            prop_assert!(tests.iter().all(|fold| partition(fold, labels.len())));
            let even = |sizes: Vec<usize>| sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1;
            prop_assert!(even(tests.iter().map(|fold| fold.test.len()).collect()));
            if let TargetValues::Classes { names, .. } = values {
                for class in 0..names.len() {
                    let sizes = tests.iter().map(|fold| counts(&fold.test, &labels)[class]);
                    prop_assert!(even(sizes.collect()));
                }
            }
        }
    }

    /// A class has its share of the test and validation rows, up to one row.
    #[test]
    fn a_holdout_has_the_classes_in_proportion(
        labels in labels(), test in 0.25f64..0.5, seed: u32,
    ) {
        let table = table(Vec::new(), classes(&labels));
        let sizes = Sizes { validation: Some(Size::Share(0.4)), ..Sizes::default() };
        let split = Split::Holdout(Size::Share(test));
        let fold = split.parts(&table, &sizes, seed).unwrap().swap_remove(0);
        prop_assert!(partition(&fold, labels.len()));
        prop_assert_eq!(fold.test.len(), (test * labels.len() as f64).ceil() as usize);
        let all: Vec<usize> = (0..labels.len()).collect();
        let share = fold.test.len() as f64 / labels.len() as f64;
        for (own, whole) in counts(&fold.test, &labels).iter().zip(counts(&all, &labels)) {
            prop_assert!((*own as f64 - share * whole as f64).abs() < 1.);
        }
        prop_assert_eq!(split.parts(&table, &sizes, seed).unwrap(), vec![fold]);
    }

    #[test]
    fn groups_never_straddle(
        groups in vec(0u8..12, 10..80), folds in 2usize..5, seed: u32, validation in 1usize..4,
    ) {
        let values: Vec<f64> = groups.iter().map(|group| f64::from(*group)).collect();
        let mut distinct = groups.clone();
        distinct.sort();
        distinct.dedup();
        prop_assume!(distinct.len() >= 3 * folds);
        let table = table(Vec::new(), TargetValues::Numbers(values.clone()));
        let split = Split::Grouped { groups: numbers("group", &values), folds };
        let sizes = Sizes { validation: Some(Size::Rows(validation)), train: None };
        // A group may be all that is left: then the validation rows are refused.
        for fold in split.parts(&table, &sizes, seed).unwrap_or(parts(&split, &table, seed)) {
            prop_assert!(partition(&fold, groups.len()) && !fold.test.is_empty());
            let sets = [fold.train.as_slice(), &fold.validation, &fold.test];
            for group in &distinct {
                let holds = |rows: &&&[usize]| rows.iter().any(|row| groups[*row] == *group);
                prop_assert_eq!(sets.iter().filter(holds).count(), 1);
            }
        }
    }

    /// What stands in test and validation rows changes no bit of a preparation.
    #[test]
    fn a_preparation_knows_nothing_of_test_rows(
        cells in vec((prop::option::of(-9f64..9.), 0usize..4), 12..50),
        others in vec((prop::option::of(-99f64..99.), 0usize..9), 50),
        seed: u32,
    ) {
        const NAMES: [&str; 9] = ["", "m", "q", "t", "a", "b", "n", "y", "z"];
        let whole = |cells: &[(Option<f64>, usize)]| -> Table {
            let xs: Vec<f64> = cells.iter().map(|(x, _)| x.unwrap_or(f64::NAN)).collect();
            let names: Vec<&str> = cells.iter().map(|(_, name)| NAMES[*name]).collect();
            let targets = cells.iter().map(|(x, name)| x.unwrap_or(0.) + *name as f64).collect();
            table(vec![numbers("x", &xs), texts("c", &names)], TargetValues::Numbers(targets))
        };
        let first = whole(&cells);
        let sizes = Sizes { validation: Some(Size::Share(0.2)), train: None };
        for fold in Split::Folds(3).parts(&first, &sizes, seed).unwrap() {
            let mut changed = cells.clone();
            for row in fold.test.iter().chain(&fold.validation) {
                changed[*row] = others[*row];
            }
            let second = whole(&changed);
            let json = [&first, &second].map(|table| {
                serde_json::to_string(&Preparation::fit(table, &fold.train).unwrap()).unwrap()
            });
            prop_assert_eq!(&json[0], &json[1]);
            let preparation: Preparation = serde_json::from_str(&json[0]).unwrap();
            let train = fold.train.as_slice();
            let prepared = [&first, &second].map(|table| preparation.apply(table, train).unwrap());
            prop_assert_eq!(&prepared[0], &prepared[1]);
            prop_assert!(prepared[0].unknown.is_empty() && prepared[0].outside == 0);
            prop_assert!(prepared[0].values.iter().all(|x| x.is_finite()));
        }
    }
}

//! A table followed by its test rows, and the task that tests on them.

use candle_core::Device;
use candle_noise::data::split::{Size, Split};
use candle_noise::data::table::{Cells, Column, Table, TargetValues};
use candle_noise::task::{Draw, Fingerprint, Hyper, Tabular, Task};

use super::{numbers, table, texts};

fn named(names: &[&str], labels: &[u32]) -> TargetValues {
    TargetValues::Classes {
        names: names.iter().map(|name| name.to_string()).collect(),
        labels: labels.to_vec(),
    }
}

fn training() -> Table {
    let columns = vec![numbers("a", &[0., 2., 0., 2.]), texts("c", &["m", "z", "", "m"])];
    table(columns, named(&["no", "yes"], &[0, 1, 0, 1]))
}

#[test]
fn columns_categories_and_classes_are_joined_by_name() {
    // In another order, with a column more, other categories, and without one of the classes.
    let test = table(
        vec![
            texts("c", &["b", "z", ""]),
            numbers("more", &[7.; 3]),
            numbers("a", &[9., f64::NAN, 8.]),
        ],
        named(&["yes"], &[0, 0, 0]),
    );
    let joined = training().followed_by(&test).unwrap();
    let [a, c] = &joined.columns[..] else { panic!("{joined:?}") };
    let Cells::Numbers(numbers) = &a.cells else { panic!("{a:?}") };
    assert_eq!(numbers[..5], [0., 2., 0., 2., 9.]);
    assert!(numbers[5].is_nan() && numbers[6] == 8.);
    assert_eq!(c, &texts("c", &["m", "z", "", "m", "b", "z", ""]));
    let expected = named(&["no", "yes"], &[0, 1, 0, 1, 1, 1, 1]);
    assert_eq!(joined.target.unwrap().values, expected);
    assert_eq!(joined.rows, [1, 2, 3, 4, 1, 2, 3]);
}

#[test]
fn tables_that_do_not_fit_are_named() {
    let fits = || vec![numbers("a", &[1.]), texts("c", &["m"])];
    let yes = || named(&["yes"], &[0]);
    let number = || TargetValues::Numbers(vec![1.]);
    for (test, expected) in [
        (table(vec![numbers("a", &[1.])], yes()), "column 'c': expected it in both tables"),
        (
            table(vec![numbers("a", &[1.]), numbers("c", &[1.])], yes()),
            "column 'c': expected categories in both tables",
        ),
        (
            table(vec![texts("a", &["x"]), texts("c", &["m"])], yes()),
            "column 'a': expected numbers in both tables",
        ),
        (
            table(fits(), named(&["maybe", "yes"], &[0])),
            "target 'y': expected a class of no, yes, received \"maybe\"",
        ),
        (table(fits(), number()), "target 'y': expected classes in both tables"),
        (Table { target: None, ..table(fits(), yes()) }, "target 'y': expected it in both tables"),
    ] {
        let error = training().followed_by(&test).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = table(fits(), number()).followed_by(&table(fits(), yes())).unwrap_err().to_string();
    assert!(error.contains("target 'y': expected numbers in both tables"), "{error}");
    // A class that no row has is none.
    assert!(training().followed_by(&table(fits(), named(&["maybe", "yes"], &[1]))).is_ok());
}

fn task(test: &Table) -> Tabular {
    let table = training().followed_by(test).unwrap();
    let given = (4..table.rows.len()).collect();
    Tabular::new(table, Split::Given(given)).unwrap()
}

/// The training rows 0, 2, 0, 2 have the mean 1 and the standard deviation 1, whatever the test rows
/// are; a category of the test rows alone is no input.
#[test]
fn nothing_that_trains_depends_on_the_test_rows() {
    let rows = |task: &Tabular| {
        let parts = task.parts(&Hyper::default(), &task.draw(), &Device::Cpu).unwrap();
        let of = |samples: &candle_noise::data::Samples| {
            let (xs, _) = samples.range(0, samples.rows()).unwrap();
            xs.squeeze(0).unwrap().to_vec2::<f32>().unwrap()
        };
        [of(&parts.train), of(&parts.test)]
    };
    let yes = |count| named(&["yes"], &vec![0; count]);
    let near = task(&table(vec![numbers("a", &[1.]), texts("c", &["z"])], yes(1)));
    let far = vec![numbers("a", &[1001., 5., 3.]), texts("c", &["new", "", "other"])];
    let far = task(&table(far, yes(3)));
    // a, c=<missing>, c=m, c=z
    let train = [[-1., 0., 1., 0.], [1., 0., 0., 1.], [-1., 1., 0., 0.], [1., 0., 1., 0.]];
    assert_eq!(rows(&near), [train.map(Vec::from).to_vec(), vec![vec![0., 0., 0., 1.]]]);
    let test = [[1000., 0., 0., 0.], [4., 1., 0., 0.], [2., 0., 0., 0.]];
    assert_eq!(rows(&far), [train.map(Vec::from).to_vec(), test.map(Vec::from).to_vec()]);
    assert_eq!(far.test_rows(&far.draw()).unwrap(), Some(vec![1, 2, 3]));
    let rows = far.rows();
    assert_eq!((far.folds(), rows.all, rows.test), (None, 7, Some(3)));
}

/// Runs with other test rows, groups or times are other runs, although table and sizes are the same.
#[test]
fn the_rows_of_a_split_are_part_of_the_fingerprint() {
    let rows = [0., 1., 2., 3., 4., 5.];
    let of = |split: Split| -> Fingerprint {
        let values = TargetValues::Numbers(rows.to_vec());
        Tabular::new(table(vec![numbers("a", &rows)], values), split).unwrap().fingerprint()
    };
    let grouped = |column: Column| Split::Grouped { groups: column, folds: 2 };
    let by_time = |column: Column| Split::Time { times: column, test: Size::Rows(2) };
    let (swapped, same) = ([1., 0., 2., 3., 4., 5.], Split::Given(vec![5, 4]));
    let splits = [
        Split::Folds(2),
        Split::Given(vec![4, 5]),
        Split::Given(vec![3, 5]),
        grouped(texts("g", &["u", "u", "v", "v", "w", "w"])),
        grouped(texts("g", &["u", "v", "u", "v", "w", "w"])),
        by_time(numbers("t", &rows)),
        by_time(numbers("t", &swapped)),
    ];
    let prints: Vec<Fingerprint> = splits.into_iter().map(&of).collect();
    for (i, print) in prints.iter().enumerate() {
        assert!(!prints[..i].contains(print), "{i}");
    }
    assert_eq!(of(same), prints[1], "in any order");
    assert_eq!(of(Split::Holdout(Size::Rows(2))), prints[0], "told by the details of the task");
}

#[test]
fn more_training_rows_than_a_split_has_are_refused() {
    let values = TargetValues::Numbers(vec![1.; 6]);
    let table = table(vec![numbers("a", &[1., 2., 3., 4., 5., 6.])], values);
    for (split, most) in [(Split::Folds(3), 4), (Split::Given(vec![0]), 5)] {
        let task = Tabular::new(table.clone(), split).unwrap();
        let of = |train_size| task.rows_of(&Draw { train_size, ..task.draw() });
        assert_eq!(of(most).unwrap().train.as_slice().len(), most);
        let error = of(most + 1).unwrap_err().to_string();
        assert!(error.contains(&format!("at most {most} rows")), "{error}");
    }
}

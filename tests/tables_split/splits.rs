//! Which rows train and which test.

use candle_noise::data::split::{Parts, Size, Sizes, Split};
use candle_noise::data::table::{Column, Table, TargetValues};
use serde_json::Value;

use super::{classes, fixture, list, numbers, parts, read, table, texts};

fn error(split: &Split, table: &Table) -> String {
    split.parts(table, &Sizes::default(), 0).unwrap_err().to_string()
}

/// The fold of each row as one digit a row, the form of the fixture.
fn digits(tests: &[Parts], rows: usize, first: usize) -> String {
    let mut digits = vec![b'0'; rows];
    for (fold, parts) in tests.iter().enumerate() {
        parts.test.iter().for_each(|row| digits[*row] += (fold + first) as u8);
    }
    String::from_utf8(digits).unwrap()
}

#[test]
fn folds_of_the_reference_tables_row_for_row() {
    let tables = fixture("reference.json");
    assert_eq!(tables.len(), 4);
    for reference in tables {
        let table = read(&reference);
        assert_eq!(table.rows.len(), reference["rows"]);
        let expected = reference["test_rows_of_the_folds_of_split_seed_0"].as_array().unwrap();
        let folds = parts(&Split::Folds(5), &table, 0);
        assert_eq!(folds.len(), expected.len());
        for (fold, expected) in folds.iter().zip(expected) {
            let test: Vec<f64> = fold.test.iter().map(|row| *row as f64).collect();
            assert_eq!(test, list(expected), "{}", reference["file"]);
            let train = fold.train.as_slice().iter().chain(&fold.test);
            let mut all: Vec<usize> = train.copied().collect();
            all.sort();
            assert_eq!(all, (0..table.rows.len()).collect::<Vec<_>>());
        }
    }
}

#[test]
fn folds_holdouts_and_groups_of_made_up_rows() {
    let mut kinds = [0; 5];
    for case in fixture("splits.json") {
        let (seed, expected) = (case["seed"].as_u64().unwrap() as u32, &case["fold_of_row"]);
        let groups = case.get("groups").map(list);
        let labels = groups.clone().unwrap_or_else(|| list(&case["labels"]));
        let values = match case["kind"].as_str() {
            Some("classes") => classes(&labels.iter().map(|x| *x as u32).collect::<Vec<_>>()),
            _ => TargetValues::Numbers(labels.clone()),
        };
        let table = table(Vec::new(), values);
        let (kind, split, first) = match (&case["folds"], groups) {
            (Value::Null, _) => {
                let size = case["test_size"].to_string().parse().unwrap();
                (1, Split::Holdout(size), 1)
            }
            (folds, None) => (0, Split::Folds(folds.as_u64().unwrap() as usize), 0),
            (folds, Some(groups)) => {
                let groups = numbers("group", &groups);
                (4, Split::Grouped { groups, folds: folds.as_u64().unwrap() as usize }, 0)
            }
        };
        kinds[kind + 2 * usize::from(case["kind"] == "numbers")] += 1;
        let digits = digits(&parts(&split, &table, seed), labels.len(), first);
        assert_eq!(digits, expected.as_str().unwrap(), "{split:?}, seed {seed}");
    }
    assert_eq!(kinds, [45, 60, 45, 60, 27]);
}

#[test]
fn groups_by_name_and_by_number_are_the_same() {
    let labels = TargetValues::Numbers(vec![0.; 7]);
    let by_name = texts("patient", &["b", "a", "c", "a", "d", "c", "b"]);
    let by_number = numbers("patient", &[2., 0., 3., -0., 4., 3., 2.]);
    let table = table(Vec::new(), labels);
    let folds = |groups| parts(&Split::Grouped { groups, folds: 3 }, &table, 5);
    assert_eq!(folds(by_name), folds(by_number));
}

#[test]
fn the_later_rows_test_and_equal_times_stay_together() {
    let rows = |times: &Column, test: Size| {
        let split = Split::Time { times: times.clone(), test };
        let parts = parts(&split, &table(Vec::new(), TargetValues::Numbers(vec![0.; 6])), 3);
        (parts[0].train.as_slice().to_vec(), parts[0].test.clone())
    };
    let times = numbers("year", &[2003., 2001., 2002., 2003., 2000., 2002.]);
    assert_eq!(rows(&times, Size::Rows(2)), (vec![1, 2, 4, 5], vec![0, 3]));
    assert_eq!(rows(&times, Size::Rows(1)), (vec![1, 2, 4, 5], vec![0, 3]));
    assert_eq!(rows(&times, Size::Share(0.34)), (vec![1, 4], vec![0, 2, 3, 5]));
    let days = ["2024-02-01", "2023-12-31", "2024-01-31", "2023-01-01", "2023-01-02", "2022-06-30"];
    assert_eq!(rows(&texts("day", &days), Size::Rows(3)), (vec![3, 4, 5], vec![0, 1, 2]));
}

#[test]
fn given_rows_test_and_everything_trains() {
    let table = table(Vec::new(), classes(&[0, 1, 0, 1, 0]));
    let given = parts(&Split::Given(vec![4, 1]), &table, 0).swap_remove(0);
    assert_eq!((given.train.as_slice(), &given.test[..]), (&[0, 2, 3][..], &[1, 4][..]));
    let all = parts(&Split::Everything, &table, 0).swap_remove(0);
    assert_eq!((all.train.as_slice(), &all.test[..]), (&[0, 1, 2, 3, 4][..], &[][..]));
}

/// By hand: 60, 30 and 10 rows of three classes leave 54, 27 and 9 after a test of 10 %.
#[test]
fn validation_and_training_rows_have_the_classes_in_proportion() {
    let labels: Vec<u32> = (0..100).map(|i| [0, 0, 0, 0, 0, 0, 1, 1, 1, 2][i % 10]).collect();
    let table = table(Vec::new(), classes(&labels));
    let counts =
        |rows: &[usize]| [0, 1, 2].map(|k| rows.iter().filter(|r| labels[**r] == k).count());
    let sizes = Sizes { train: Some(30), validation: Some(Size::Share(1. / 3.)) };
    let folds = Split::Folds(10).parts(&table, &sizes, 1).unwrap();
    for fold in &folds {
        assert_eq!(counts(&fold.test), [6, 3, 1]);
        assert_eq!(counts(&fold.validation), [18, 9, 3]);
        assert_eq!(counts(fold.train.as_slice()), [18, 9, 3]);
    }
    let other = Split::Folds(10).parts(&table, &sizes, 2).unwrap();
    assert_ne!(folds, other);
    // The validation rows do not depend on the training rows' number.
    let whole = Sizes { train: None, ..sizes };
    let whole = Split::Folds(10).parts(&table, &whole, 1).unwrap();
    assert!(folds.iter().zip(&whole).all(|(a, b)| a.validation == b.validation));
    assert_eq!(counts(whole[0].train.as_slice()), [36, 18, 6]);
}

#[test]
fn validation_rows_are_whole_groups_or_the_later_rows() {
    let values: Vec<f64> = (0..40).map(|i| f64::from(i / 4)).collect();
    let (groups, times) = (numbers("group", &values), numbers("time", &values));
    let table = table(Vec::new(), TargetValues::Numbers(values.clone()));
    let sizes = Sizes { validation: Some(Size::Rows(6)), train: None };
    for fold in (Split::Grouped { groups, folds: 5 }).parts(&table, &sizes, 0).unwrap() {
        assert_eq!((fold.test.len(), fold.validation.len()), (8, 8));
        let train = fold.train.as_slice();
        assert!(train.iter().all(|a| fold.validation.iter().all(|b| values[*a] != values[*b])));
    }
    let split = Split::Time { times, test: Size::Rows(4) };
    let fold = split.parts(&table, &sizes, 0).unwrap().swap_remove(0);
    assert_eq!(fold.validation, (28..36).collect::<Vec<_>>());
    assert_eq!(fold.train.as_slice(), (0..28).collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_split_is_named() {
    let species = |labels: &[u32]| {
        let names = ["Adelie", "Chinstrap"].map(str::to_string).to_vec();
        table(Vec::new(), TargetValues::Classes { names, labels: labels.to_vec() })
    };
    let few = species(&[0, 0, 0, 1, 1, 0]);
    let values = table(Vec::new(), TargetValues::Numbers(vec![0.; 4]));
    let group = |groups: Column, folds| Split::Grouped { groups, folds };
    let time = |times: Column, rows| Split::Time { times, test: Size::Rows(rows) };
    let same = numbers("site", &[1.; 4]);
    let holes = numbers("site", &[1., f64::NAN, 2., 3.]);
    let days = texts("day", &["1/2/2024", "1/3/2024", "1/4/2024", "1/5/2024"]);
    let cases = [
        (
            Split::Folds(3),
            &few,
            "at least 3 rows of each class for 3 folds, received 2 of class 'Chinstrap'",
        ),
        (Split::Folds(1), &few, "at least 2 folds, received 1"),
        (Split::Folds(5), &values, "at least 5 rows for 5 folds, received 4"),
        (
            Split::Holdout(Size::Rows(0)),
            &few,
            "test size that leaves training rows: 1 to 5 of 6 rows, received 0",
        ),
        (Split::Holdout(Size::Rows(6)), &few, "1 to 5 of 6 rows, received 6"),
        (Split::Holdout(Size::Share(1.)), &few, "between 0 and 1, or whole rows, received 1"),
        (Split::Holdout(Size::Share(f64::NAN)), &few, "received NaN"),
        (Split::Holdout(Size::Rows(1)), &few, "test size of at least 2 for 2 classes, received 1"),
        (Split::Holdout(Size::Rows(5)), &few, "at least 2 training rows for 2 classes, received 1"),
        (Split::Holdout(Size::Rows(2)), &species(&[0, 0, 1, 0]), "received 1 of class 'Chinstrap'"),
        (
            group(same.clone(), 2),
            &values,
            "at least 2 groups in column 'site' for 2 folds, received 1",
        ),
        (
            group(holes.clone(), 2),
            &values,
            "column 'site': expected a group in each row, received a missing value in row 2",
        ),
        (group(texts("site", &["a", "b"]), 2), &values, "a group for each of 4 rows, received 2"),
        (time(same, 1), &values, "times in column 'site' that leave earlier rows"),
        (time(holes, 1), &values, "expected a time in each row, received a missing value in row 2"),
        (time(days, 1), &values, "one form of ISO 8601"),
        (Split::Given(vec![0, 0]), &values, "each test row once, received row 0 more than once"),
        (Split::Given(vec![4]), &values, "test rows below 4, received 4"),
        (Split::Given(vec![0, 1, 2, 3]), &values, "1 to 3 of 4 rows, received 4"),
        (Split::Given(vec![]), &values, "1 to 3 of 4 rows, received 0"),
    ];
    for (split, table, expected) in cases {
        let error = error(&split, table);
        assert!(error.contains("expected") && error.contains(expected), "{split:?}: {error}");
    }
    let large = Sizes { train: Some(5), validation: None };
    let error = Split::Folds(2).parts(&few, &large, 0).unwrap_err().to_string();
    assert!(error.contains("train size of 1 to 3 rows"), "{error}");
    let without = Table { target: None, ..few };
    assert!(self::error(&Split::Everything, &without).contains("expected a table with a target"));
}

#[test]
fn sizes_are_read_as_rows_or_as_shares() {
    assert_eq!("100".parse::<Size>().unwrap(), Size::Rows(100));
    assert_eq!("0.2".parse::<Size>().unwrap(), Size::Share(0.2));
    for bad in ["0", "-1", "1.5", "1.0", "nan", "inf", "a", ""] {
        let error = bad.parse::<Size>().unwrap_err().to_string();
        assert!(error.contains(&format!("received '{bad}'")), "{error}");
    }
}

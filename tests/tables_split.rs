//! Splits and preparations of tables against scikit-learn's.
//!
//! `fixtures/tables/splits.py` wrote the folds of made-up rows; `reference.json` has those of the
//! tables beside it and what scikit-learn makes of their columns on the first fold.

use std::fs;
use std::path::Path;

use candle_noise::data::prepared::{Fitted, Preparation, TargetScale};
use candle_noise::data::split::{Parts, Size, Sizes, Split};
use candle_noise::data::table::{Cells, Column, Table, Target, TargetValues};
use serde_json::Value;

/// A list of tables or cases in the fixtures.
fn fixture(name: &str) -> Vec<Value> {
    serde_json::from_slice(&fs::read(path(name)).unwrap()).unwrap()
}

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables").join(name)
}

fn numbers(name: &str, values: &[f64]) -> Column {
    Column { name: name.to_string(), cells: Cells::Numbers(values.to_vec()) }
}

/// A column of categories; an empty text is a missing value.
fn texts(name: &str, cells: &[&str]) -> Column {
    let names = distinct(cells.iter().copied().filter(|cell| !cell.is_empty()));
    let code = |cell: &&str| names.binary_search(&cell.to_string()).ok().map(|code| code as u32);
    let codes = cells.iter().map(code).collect();
    Column { name: name.to_string(), cells: Cells::Categories { names, codes } }
}

fn distinct<'a>(cells: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = cells.map(str::to_string).collect();
    names.sort();
    names.dedup();
    names
}

fn classes(labels: &[u32]) -> TargetValues {
    let count = labels.iter().max().map_or(0, |label| label + 1);
    let names = (0..count).map(|label| format!("class {label}")).collect();
    TargetValues::Classes { names, labels: labels.to_vec() }
}

fn table(columns: Vec<Column>, values: TargetValues) -> Table {
    let rows = match &values {
        TargetValues::Classes { labels, .. } => labels.len(),
        TargetValues::Numbers(values) => values.len(),
    };
    let target = Some(Target { name: "y".to_string(), values });
    Table { columns, target, rows: (1..=rows).collect() }
}

/// A table of the reference: fields without commas, perhaps in quotes, `NA` for a missing value.
fn read(reference: &Value) -> Table {
    let text = fs::read_to_string(path(reference["file"].as_str().unwrap())).unwrap();
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split(',').map(|cell| cell.trim_matches('"')).collect())
        .collect();
    let target = lines[0].iter().position(|name| *name == reference["target"]).unwrap();
    let rows: Vec<usize> = (1..lines.len()).filter(|row| !missing(lines[*row][target])).collect();
    let cells =
        |column: usize| -> Vec<&str> { rows.iter().map(|row| lines[*row][column]).collect() };
    let column = |(at, name): (usize, &&str)| match reference["columns"][*name].as_str() {
        Some("number") => Some(numbers(name, &parsed(&cells(at)))),
        Some(_) => {
            let cells = cells(at).into_iter().map(|cell| if missing(cell) { "" } else { cell });
            Some(texts(name, &cells.collect::<Vec<_>>()))
        }
        None => None,
    };
    let columns = lines[0].iter().enumerate().filter_map(column).collect();
    let targets = cells(target);
    let values = if reference["kind"] == "class" {
        let names = distinct(targets.iter().copied());
        let label = |cell: &&str| names.binary_search(&cell.to_string()).unwrap() as u32;
        TargetValues::Classes { labels: targets.iter().map(label).collect(), names }
    } else {
        TargetValues::Numbers(parsed(&targets))
    };
    let target = Some(Target { name: reference["target"].as_str().unwrap().to_string(), values });
    Table { columns, target, rows }
}

fn missing(cell: &str) -> bool {
    cell.is_empty() || cell == "NA"
}

fn parsed(cells: &[&str]) -> Vec<f64> {
    cells.iter().map(|cell| if missing(cell) { f64::NAN } else { cell.parse().unwrap() }).collect()
}

fn parts(split: &Split, table: &Table, seed: u32) -> Vec<Parts> {
    split.parts(table, &Sizes::default(), seed).unwrap()
}

fn error(split: &Split, table: &Table) -> String {
    split.parts(table, &Sizes::default(), 0).unwrap_err().to_string()
}

/// Numbers in JSON, of which there are some.
fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
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

#[test]
fn facts_and_first_row_of_the_reference_tables() {
    for reference in fixture("reference.json") {
        let (table, expected) = (read(&reference), &reference["prepared_on_fold_0"]);
        let fold = parts(&Split::Folds(5), &table, 0).swap_remove(0);
        let preparation = Preparation::fit(&table, &fold.train).unwrap();
        assert_eq!(serde_json::json!(preparation.names()), expected["columns"]);
        for column in &preparation.columns {
            let facts = &expected["facts"][&column.name];
            match &column.fitted {
                Fitted::Number(number) => {
                    let own = [number.median, number.mean, number.scale];
                    for (x, fact) in own.iter().zip(["median", "mean", "std"]) {
                        let expected = facts[fact].as_f64().unwrap();
                        assert!((x - expected).abs() <= 1e-12 * expected.abs(), "{x} {expected}");
                    }
                }
                fitted => {
                    let Fitted::Category { categories } = fitted else { panic!("{fitted:?}") };
                    assert_eq!(serde_json::json!(categories), facts["categories"]);
                }
            }
        }
        let prepared = preparation.apply(&table, fold.train.as_slice()).unwrap();
        assert_eq!(fold.train.as_slice()[0], 0);
        for (x, expected) in prepared.values.iter().zip(list(&expected["first_row"])) {
            assert!((f64::from(*x) - expected).abs() <= 1e-7 * expected.abs(), "{x} {expected}");
        }
        assert_eq!((prepared.unknown.len(), prepared.outside), (0, 0));
        check_columns(&prepared.values, &preparation);
    }
}

/// Training columns: numbers have mean 0 and deviation 1, as far as f32 tells; the columns of one
/// category sum to 1.
fn check_columns(values: &[f32], preparation: &Preparation) {
    let width = preparation.names().len();
    let rows = (values.len() / width) as f64;
    let mut first = 0;
    for column in &preparation.columns {
        match &column.fitted {
            Fitted::Number(number) => {
                let column = values.iter().skip(first).step_by(width).map(|x| f64::from(*x));
                let mean = column.clone().sum::<f64>() / rows;
                let variance = column.map(|x| x * x).sum::<f64>() / rows;
                assert!(mean.abs() < 1e-6 && (variance - 1.).abs() < 1e-6, "{mean} {variance}");
                first += 1 + usize::from(number.missing > 0);
            }
            fitted => {
                let Fitted::Category { categories } = fitted else { panic!("{fitted:?}") };
                let own = values.chunks(width).map(|row| &row[first..][..categories.len()]);
                assert!(own.clone().all(|row| row.iter().sum::<f32>() == 1.));
                first += categories.len();
            }
        }
    }
}

/// Trains on rows 0 to 3 and tests on the others.
fn fitted(table: &Table) -> (Preparation, Parts) {
    let test = (4..table.rows.len()).collect();
    let parts = parts(&Split::Given(test), table, 0).swap_remove(0);
    (Preparation::fit(table, &parts.train).unwrap(), parts)
}

/// By hand: 1, 3, 3, 5 has the median 3, the mean 3 and the variance 2.
#[test]
fn preparation_by_hand() {
    let nan = f64::NAN;
    let columns = vec![
        numbers("a", &[1., nan, 3., 5., nan, 6.]),
        numbers("tenth", &[0.1, 0.1, 0.1, nan, 0.1, nan]),
        texts("c", &["x", "", "y", "x", "z", ""]),
        numbers("empty", &[nan, nan, nan, nan, 1., 2.]),
        numbers("full", &[0., 2., 0., 2., nan, 1.]),
    ];
    let table = table(columns, TargetValues::Numbers(vec![10., 20., 10., 20., 30., 40.]));
    let (preparation, parts) = fitted(&table);
    let names = ["a", "a missing", "tenth", "tenth missing", "c=<missing>", "c=x", "c=y", "full"];
    assert_eq!(preparation.names(), names);
    assert_eq!(preparation.left_out(), ["empty"]);
    let prepared = preparation.apply(&table, &parts.test).unwrap();
    let score = (3. / 2f64.sqrt()) as f32;
    let expected = [[0., 1., 0., 0., 0., 0., 0., 0.], [score, 0., 0., 1., 1., 0., 0., 0.]];
    assert_eq!(prepared.values, expected.concat());
    assert_eq!((&prepared.unknown[0].column[..], prepared.unknown[0].cells), ("c", 1));
    assert_eq!((prepared.unknown.len(), prepared.outside), (1, 1));
    assert_eq!(preparation.targets(&table, &[0, 1, 5]).unwrap(), [-1., 1., 5.]);
    assert_eq!(preparation.target.scale, TargetScale::Numbers { mean: 15., scale: 5. });
    assert_eq!(preparation.target.scale.unscale(5.), 40.);

    let text = serde_json::to_string(&preparation).unwrap();
    assert_eq!(serde_json::from_str::<Preparation>(&text).unwrap(), preparation);
}

#[test]
fn a_preparation_keeps_its_bits_in_json() {
    let reference = fixture("reference.json").swap_remove(0);
    let table = read(&reference);
    let fold = parts(&Split::Folds(5), &table, 1).swap_remove(0);
    let preparation = Preparation::fit(&table, &fold.train).unwrap();
    let text = serde_json::to_string(&preparation).unwrap();
    let again: Preparation = serde_json::from_str(&text).unwrap();
    assert_eq!(again, preparation);
    let prepared = [preparation, again].map(|p| p.apply(&table, &fold.test).unwrap());
    assert!(prepared[0] == prepared[1]);
}

#[test]
fn a_large_offset_costs_no_digits() {
    let values = [1e9, 1e9 + 1., 1e9 + 2., 1e9 + 3., 0.];
    let (preparation, _) =
        fitted(&table(vec![numbers("a", &values)], TargetValues::Numbers(vec![1.; 5])));
    let Fitted::Number(number) = &preparation.columns[0].fitted else { panic!() };
    assert_eq!((number.median, number.mean), (1e9 + 1.5, 1e9 + 1.5));
    assert_eq!(number.scale, 1.25f64.sqrt());
    // A constant target keeps its units.
    assert_eq!(preparation.target.scale, TargetScale::Numbers { mean: 1., scale: 1. });
}

#[test]
fn columns_and_classes_are_matched_by_name() {
    let training = table(
        vec![numbers("a", &[0., 2., 0., 2., 1.]), texts("c", &["x", "y", "x", "", "y"])],
        TargetValues::Classes {
            names: ["no", "yes"].map(str::to_string).to_vec(),
            labels: vec![0, 1, 0, 1, 0],
        },
    );
    let (preparation, _) = fitted(&training);
    let yes = |names: &[&str], labels: &[u32]| TargetValues::Classes {
        names: names.iter().map(|name| name.to_string()).collect(),
        labels: labels.to_vec(),
    };
    // In another order, with a column more, other categories, and without one of the classes.
    let new = table(
        vec![texts("c", &["z", "y"]), numbers("more", &[1., 2.]), numbers("a", &[4., 2.])],
        yes(&["yes"], &[0, 0]),
    );
    let prepared = preparation.apply(&new, &[0, 1]).unwrap();
    assert_eq!(prepared.names, ["a", "c=<missing>", "c=x", "c=y"]);
    assert_eq!(prepared.values, [3., 0., 0., 0., 1., 0., 0., 1.]);
    assert_eq!((prepared.outside, prepared.unknown[0].cells), (1, 1));
    assert_eq!(prepared.ignored, ["more"]);
    assert_eq!(preparation.targets(&new, &[1]).unwrap(), [1.]);
    // Columns of missing values alone, whatever kind the reader gave them.
    let holes = table(vec![numbers("c", &[f64::NAN]), texts("a", &[""])], yes(&["yes"], &[0]));
    assert_eq!(preparation.apply(&holes, &[0]).unwrap().values, [0., 1., 0., 0.]);

    let error = |table: &Table| preparation.apply(table, &[0]).unwrap_err().to_string();
    let values = || yes(&["maybe"], &[0]);
    assert!(error(&table(vec![numbers("b", &[1.])], values())).contains("without 'a', 'c'"));
    let numeric = table(vec![numbers("a", &[1.]), numbers("c", &[1.])], values());
    assert!(error(&numeric).contains("column 'c': expected categories"));
    let textual = table(vec![texts("a", &["u"]), texts("c", &["x"])], values());
    assert!(error(&textual).contains("column 'a': expected numbers"));
    let infinite = table(vec![numbers("a", &[f64::INFINITY]), texts("c", &["x"])], values());
    assert!(error(&infinite).contains("column 'a': expected numbers that f32 holds"));
    let error = preparation.targets(&numeric, &[0]).unwrap_err().to_string();
    assert!(
        error.contains("one of the 2 classes of the training table, received 'maybe' in row 1")
    );
    assert!(
        preparation.apply(&new, &[2]).unwrap_err().to_string().contains("rows below 2, received 2")
    );
}

#[test]
fn what_cannot_be_prepared_is_named() {
    let error = |columns: Vec<Column>, target| {
        let table = table(columns, target);
        let rows = parts(&Split::Everything, &table, 0).swap_remove(0).train;
        Preparation::fit(&table, &rows).unwrap_err().to_string()
    };
    let good = || TargetValues::Numbers(vec![1., 2.]);
    let large = error(vec![numbers("a", &[1., 1e39])], good());
    assert!(large.contains("column 'a': expected numbers that f32 holds, received 1e39 in row 2"));
    let empty = error(vec![numbers("a", &[f64::NAN; 2])], good());
    assert!(empty.contains("expected a column with values in the training rows, received 1"));
    let short = error(vec![numbers("a", &[1.])], good());
    assert!(short.contains("column 'a': expected 2 cells, received 1"));
    let target = error(vec![numbers("a", &[1., 2.])], TargetValues::Numbers(vec![1., f64::NAN]));
    assert!(target.contains("target 'y': expected numbers that f32 holds in all rows"));
    let rows = parts(&Split::Everything, &table(Vec::new(), TargetValues::Numbers(vec![0.; 3])), 0);
    let other = table(vec![numbers("a", &[1., 2.])], good());
    let error = Preparation::fit(&other, &rows[0].train).unwrap_err().to_string();
    assert!(error.contains("expected rows below 2, received 2"));
}

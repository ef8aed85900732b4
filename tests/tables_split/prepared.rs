//! What a preparation makes of columns.

use candle_noise::data::prepared::{Fitted, Preparation, TargetScale};
use candle_noise::data::split::{Parts, Split};
use candle_noise::data::table::{Column, Table, TargetValues};

use super::{fixture, list, numbers, parts, read, table, texts};

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
    // A billion with a spread of 1 and a half, where neighbours in f32 are 64 apart; and too small a unit.
    for (values, expected) in [
        ([1e9, 1e9 + 3.], "target 'y': expected a mean of at most 16000 standard deviations"),
        ([1e-300, 3e-300], "target 'y': expected a standard deviation of at least 1.1754944e-38"),
    ] {
        let target = TargetValues::Numbers(values.to_vec());
        let error = error(vec![numbers("a", &[1., 2.])], target);
        assert!(error.contains(expected), "{error}");
    }
    let rows = parts(&Split::Everything, &table(Vec::new(), TargetValues::Numbers(vec![0.; 3])), 0);
    let other = table(vec![numbers("a", &[1., 2.])], good());
    let error = Preparation::fit(&other, &rows[0].train).unwrap_err().to_string();
    assert!(error.contains("expected rows below 2, received 2"));
}

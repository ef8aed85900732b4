//! What is told of a table: statistics of its columns, and warnings. For each warning there is a table
//! that has it and one near it that does not.

use std::path::{Path, PathBuf};

use candle_noise::data::inspect::inspect;
use candle_noise::data::split::{Size, Split};
use candle_noise::data::table::{
    Cells, Column, ReadOptions, Reading, Role, Table, TargetKind, Warning, WarningKind,
};
use candle_noise::rng::PhiloxRng;
use rand::{Rng, SeedableRng};

fn inspected(table: &Table, mut reading: Reading, split: &Split) -> Reading {
    inspect(&mut reading, table, split);
    reading
}

/// Reads a table with the target `y`, and inspects it for 5 folds.
fn read(text: &str) -> Reading {
    read_for(text, &Split::Folds(5))
}

fn read_for(text: &str, split: &Split) -> Reading {
    let options = ReadOptions::default().target("y");
    let (table, reading) = Table::from_bytes(text.as_bytes(), "own.csv", &options).unwrap();
    inspected(&table, reading, split)
}

/// A table of text with this header and rows.
fn csv(header: &str, rows: impl Iterator<Item = String>) -> String {
    [header.to_string()].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

fn texts(reading: &Reading, kind: WarningKind) -> Vec<&str> {
    let own = reading.warnings.iter().filter(|warning| warning.kind == kind);
    own.map(|warning| warning.text.as_str()).collect()
}

/// Checks that there is one warning of a kind, which begins with a text.
fn assert_warns(text: &str, kind: WarningKind, begins: &str) {
    let reading = read(text);
    let own = texts(&reading, kind);
    assert!(own.len() == 1 && own[0].starts_with(begins), "{begins}: {:?}", reading.warnings);
}

fn assert_silent(text: &str, kind: WarningKind) {
    let reading = read(text);
    assert_eq!(texts(&reading, kind), [""; 0]);
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read_file(name: &str, target: &str, kind: TargetKind) -> anyhow::Result<Reading> {
    let options = ReadOptions::default().target(target).target_kind(kind);
    let (table, reading) = Table::read(&file(name), &options)?;
    Ok(inspected(&table, reading, &Split::Folds(5)))
}

/// Mean and sample standard deviation from NumPy 2.4 (`a.mean()`, `a.std(ddof=1)`), the first of the
/// classes and categories counted by Python.
#[test]
fn statistics_are_those_of_numpy() {
    let penguins = read_file("data/penguins.csv.gz", "species", TargetKind::Guess).unwrap();
    let ozone =
        read_file("tests/fixtures/tables/airquality.csv", "Ozone", TargetKind::Guess).unwrap();
    for (reading, name, mean, std) in [
        (&penguins, "bill_length_mm", 43.9219298245614, 5.4595837139265315),
        (&penguins, "body_mass_g", 4201.754385964912, 801.9545356980955),
        (&penguins, "year", 2008.0290697674418, 0.8183559254837041),
        (&ozone, "Ozone", 42.12931034482759, 32.98788451443395),
        (&ozone, "Solar.R", 184.80180180180182, 91.15230210226278),
    ] {
        let column = reading.columns.iter().find(|column| column.name == name).unwrap();
        let near = |own: Option<f64>, want: f64| (own.unwrap() / want - 1.).abs() < 1e-13;
        assert!(near(column.mean, mean) && near(column.std, std), "{column:?}");
        assert!(column.categories.is_empty() && column.further_categories == 0);
    }
    let counts = |name: &str| -> Vec<(&str, usize)> {
        let column = penguins.columns.iter().find(|column| column.name == name).unwrap();
        assert_eq!((column.mean, column.std, column.further_categories), (None, None, 0));
        column.categories.iter().map(|own| (own.name.as_str(), own.rows)).collect()
    };
    assert_eq!(counts("species"), [("Adelie", 152), ("Gentoo", 124), ("Chinstrap", 68)]);
    assert_eq!(counts("island"), [("Biscoe", 168), ("Dream", 124), ("Torgersen", 52)]);
    assert_eq!(counts("sex"), [("male", 168), ("female", 165)]);
}

#[test]
fn the_most_frequent_of_many_categories_are_named() {
    // Category k has k rows, in any order: 12 to 3 are named.
    let cells = (1..=12).flat_map(|k| vec![k; k]);
    let text = csv("x,y", cells.zip([0, 1].into_iter().cycle()).map(|(k, y)| format!("c{k},{y}")));
    let column = &read(&text).columns[0];
    let rows: Vec<usize> = column.categories.iter().map(|own| own.rows).collect();
    assert_eq!((rows, column.further_categories), ((3..=12).rev().collect(), 2));
    assert_eq!(column.categories[0].name, "c12");
    let one = &read("x,z,y\n1,,0.5\n?,1,1.5\n,2,2.5").columns[0];
    assert_eq!((one.mean, one.std), (Some(1.), None), "of one value");
}

#[test]
fn a_column_that_splits_the_rows_is_no_input() {
    let text = csv("g,x,y", (0..40).map(|i| format!("{},{},{}", i / 4, i * i % 7, i % 2)));
    let options = ReadOptions::default().target("y");
    let (mut table, reading) = Table::from_bytes(text.as_bytes(), "own.csv", &options).unwrap();
    let column = table.columns.remove(0);
    for (split, role) in [
        (Split::Grouped { groups: column.clone(), folds: 2 }, Role::Group),
        (Split::Time { times: column.clone(), test: Size::Share(0.2) }, Role::Time),
    ] {
        let own = &inspected(&table, reading.clone(), &split).columns;
        assert_eq!((own[0].role, own[0].mean), (role, None));
        assert_eq!((own[1].role, own[1].mean.is_some()), (Role::Input, true));
    }
}

#[test]
fn values_that_each_go_with_one_class_determine_it() {
    let row = |i: usize| format!("{},{},{}", ["a", "b", "c", "d"][i % 4], i * i % 11, i % 2);
    let whole = csv("x,z,y", (0..60).map(row));
    let begins = "column x determines the target y in all 60 rows, each of its 4 values going with one \
                  class: is it known before the target? --column x=drop leaves it out";
    assert_warns(&whole, WarningKind::Leakage, begins);
    let but_one = whole.replacen("\na,0,0", "\na,0,1", 1);
    assert_silent(&but_one, WarningKind::Leakage);
    // Numbers that are codes, in no order.
    let codes = csv("x,y", (0..60).map(|i| format!("{},{}", i % 4, ["no", "yes"][i % 2])));
    assert_warns(&codes, WarningKind::Leakage, "column x determines the target y in all 60 rows");
    assert_silent(&codes.replacen("\n3,yes", "\n3,no", 1), WarningKind::Leakage);
    // The same of a target of numbers.
    let prices = csv("x,y", (0..60).map(|i| format!("c{},{}.5", i % 4, [9, 4, 7, 4][i % 4])));
    assert_warns(&prices, WarningKind::Leakage, "column x determines the target y in all 60 rows");
    assert_silent(&prices.replacen("\nc3,4.5", "\nc3,4.6", 1), WarningKind::Leakage);
    // Values with 4 rows each may be ids.
    let ids = csv("x,y", (0..60).map(|i| format!("p{},{}", i / 4, i / 4 % 2)));
    assert_silent(&ids, WarningKind::Leakage);
    // Rows of two rare ones prove nothing: 2 of 100 rows have 4950 places.
    let rare = csv("x,y", (0..100).map(|i| if i < 2 { "b,1".into() } else { format!("a,{}", 0) }));
    assert_silent(&rare, WarningKind::Leakage);
}

#[test]
fn a_column_that_is_missing_for_a_class_alone_determines_it() {
    let rows = |but: usize| {
        csv(
            "died,x,y",
            (0..60).map(move |i| match (i % 3 == 0) != (i == but) {
                true => format!("{},{},dead", 1900 + i, i * i % 13),
                false => format!(",{},{}", i * i % 13, if i % 3 == 0 { "dead" } else { "alive" }),
            }),
        )
    };
    let begins =
        "column died determines the target y in all 60 rows, being missing for one class alone";
    assert_warns(&rows(60), WarningKind::Leakage, begins);
    assert_silent(&rows(30), WarningKind::Leakage);
}

#[test]
fn numbers_whose_classes_lie_apart_determine_them_in_many_rows() {
    let rows = |count: usize, last: f64| {
        let mut rng = PhiloxRng::seed_from_u64(1);
        let own = (0..count).map(move |i| {
            let x = rng.random::<f64>();
            let x = if i + 1 == count {
                last
            } else if i % 2 == 0 {
                x
            } else {
                1. + x
            };
            format!("{x},{}", ["no", "yes"][i % 2])
        });
        csv("x,y", own)
    };
    let begins =
        "column x determines the target y in all 100 rows, its ranges of the classes being apart";
    assert_warns(&rows(100, 1.5), WarningKind::Leakage, begins);
    assert_silent(&rows(100, 0.5), WarningKind::Leakage);
    // A good measurement may do that in fewer rows.
    assert_silent(&rows(98, 1.5), WarningKind::Leakage);
    // Missing values of both classes leave the others.
    let missing = rows(102, 1.5) + "\n,no\n,yes";
    assert_warns(
        &missing,
        WarningKind::Leakage,
        "column x determines the target y in all 102 rows that have it",
    );
}

#[test]
fn numbers_that_are_those_of_the_target_determine_it() {
    let rows = |count: usize, x: &dyn Fn(usize, f64) -> f64| {
        let mut rng = PhiloxRng::seed_from_u64(2);
        csv(
            "x,y",
            (0..count).map(|i| (i, rng.random::<f64>())).map(|(i, y)| format!("{},{y}", x(i, y))),
        )
    };
    let equal = |_: usize, y: f64| y;
    assert_warns(
        &rows(12, &equal),
        WarningKind::Leakage,
        "column x equals the target y in all 12 rows:",
    );
    let begins =
        "column x almost determines the target y in all 20 rows, with a correlation of -1.00000";
    assert_warns(&rows(20, &|_, y| 3. - 2. * y), WarningKind::Leakage, begins);
    assert_silent(&rows(19, &|_, y| 3. - 2. * y), WarningKind::Leakage);
    // Uniform noise of ±0.01 beside a uniform target: r² = 1/(1 + 0.02²), so r = 0.9998.
    let noisy = |i: usize, y: f64| y + 0.01 * [1., -1.][i * i % 5 % 2];
    assert_silent(&rows(200, &noisy), WarningKind::Leakage);
    let begins =
        "column x determines the target y in all 100 rows, which only rises or only falls with it";
    assert_warns(&rows(100, &|_, y| (9. * y).exp()), WarningKind::Leakage, begins);
    assert_silent(&rows(99, &|_, y| (9. * y).exp()), WarningKind::Leakage);
    assert_silent(
        &rows(100, &|i, y| if i == 50 { 1. } else { (9. * y).exp() }),
        WarningKind::Leakage,
    );
    // One huge row in both columns makes any correlation 1.
    let huge = rows(60, &|i, _| (i * i % 17) as f64) + "\n1e9,1e9";
    assert_silent(&huge, WarningKind::Leakage);
}

#[test]
fn many_leaking_columns_are_one_warning() {
    let row = |i: usize| format!("{0},{0},{0},{0},{0}", ["no", "yes"][i % 2]);
    let begins =
        "4 columns equal or determine the target y: a, b, c, d; are they known before the target?";
    assert_warns(&csv("a,b,c,d,y", (0..60).map(row)), WarningKind::Leakage, begins);
}

#[test]
fn rows_with_the_same_inputs_are_counted() {
    // Rows 1, 4 and 6 are equal, 0 being -0; rows 2 and 5 are equal with another target.
    let text = "a,b,y\n0,,1.5\n2,u,2.5\n3,u,3.5\n-0.0,,1.5\n2,u,7.5\n0,?,1.5\n2,,4.5";
    let begins = "3 rows of 7 have the same inputs as an earlier row, 1 with another target: copies may \
                  be training and test rows at once; --group COLUMN keeps them in one fold";
    assert_warns(text, WarningKind::DuplicateRows, begins);
    assert_silent("a,b,y\n0,,1.5\n2,u,2.5\n3,u,3.5\n2,,1.5", WarningKind::DuplicateRows);
    // A swap of the values of two columns is no copy.
    assert_silent("a,b,y\n1,2,1.5\n2,1,2.5\n1,1,2.5\n2,2,2.5", WarningKind::DuplicateRows);
}

#[test]
fn copies_in_one_group_are_in_one_fold() {
    let text = "g,a,y\n1,0,1.5\n1,0,1.5\n2,5,2.5\n3,6,2.5";
    let options = ReadOptions::default().target("y");
    let (mut table, reading) = Table::from_bytes(text.as_bytes(), "own.csv", &options).unwrap();
    let mut groups = table.columns.remove(0);
    let split = |groups: &Column| Split::Grouped { groups: groups.clone(), folds: 2 };
    let own = inspected(&table, reading.clone(), &split(&groups));
    assert_eq!(texts(&own, WarningKind::DuplicateRows), [""; 0]);
    groups.cells = Cells::Numbers(vec![1., 2., 2., 3.]);
    let own = inspected(&table, reading, &split(&groups));
    let begins = "1 row of 4 has the same inputs as an earlier row, none with another target";
    assert!(texts(&own, WarningKind::DuplicateRows)[0].starts_with(begins), "{:?}", own.warnings);
}

#[test]
fn frequent_and_rare_classes_are_named() {
    let rows = |counts: &[(&str, usize)]| {
        let labels = counts.iter().flat_map(|(name, count)| vec![*name; *count]);
        csv("x,y", labels.enumerate().map(|(i, y)| format!("{},{y}", i * i % 101)))
    };
    let kind = WarningKind::ClassImbalance;
    let begins = "class no has 270 of 300 rows (90.0 %), which is the accuracy without a model";
    assert_warns(&rows(&[("no", 270), ("yes", 30)]), kind, begins);
    assert_silent(&rows(&[("no", 269), ("yes", 31)]), kind);
    // 24 rows are 4.8 a fold.
    let begins = "class c has 24 of 224 rows, fewer than 5 test rows a fold";
    assert_warns(&rows(&[("a", 100), ("b", 100), ("c", 24)]), kind, begins);
    assert_silent(&rows(&[("a", 100), ("b", 100), ("c", 25)]), kind);
    assert_warns(
        &rows(&[("a", 100), ("b", 20), ("c", 12)]),
        kind,
        "2 classes have fewer than 5 test rows a fold (b, c; the smallest has 12 of 132 rows)",
    );
    // All are few, none is rare.
    assert_silent(&rows(&[("a", 20), ("b", 20)]), kind);
    // A holdout of 40 % tests on 9.6 of 24 rows.
    let text = rows(&[("a", 100), ("b", 100), ("c", 24)]);
    let own = read_for(&text, &Split::Holdout(Size::Share(0.4)));
    assert_eq!(texts(&own, kind), [""; 0]);
    let own = read_for(&text, &Split::Holdout(Size::Rows(30)));
    assert_eq!(texts(&own, kind).len(), 1);
}

#[test]
fn few_rows_are_named() {
    let rows = |count: usize, columns: usize| {
        let header: Vec<String> = (0..columns).map(|c| format!("x{c}")).collect();
        let row = |i: usize| {
            let cells = (0..columns).map(|c| ((i + 1) * (i + c + 2) % 97).to_string());
            cells.collect::<Vec<_>>().join(",") + &format!(",{}.5", i * i % 89)
        };
        csv(&(header.join(",") + ",y"), (0..count).map(row))
    };
    assert_warns(&rows(99, 2), WarningKind::FewRows, "99 rows, fewer than 100: ");
    assert_silent(&rows(100, 2), WarningKind::FewRows);
    assert_warns(
        &rows(119, 12),
        WarningKind::FewRows,
        "119 rows for 12 input columns, fewer than 10",
    );
    assert_silent(&rows(120, 12), WarningKind::FewRows);
}

#[test]
fn a_target_that_follows_the_rows_is_named() {
    let kind = WarningKind::RowOrder;
    let mut rng = PhiloxRng::seed_from_u64(3);
    let mut draws: Vec<f64> = (0..400).map(|_| rng.random()).collect();
    let rows = |y: &dyn Fn(usize) -> String| {
        csv("x,y", (0..400).map(|i| format!("{},{}", i * i % 101, y(i))))
    };
    let class = |is_yes: bool| if is_yes { "yes" } else { "no" }.to_string();
    let remedy = "; if that is the order of time, --time COLUMN tests on the later rows, and if \
                  neighbours belong together, --group COLUMN keeps them in one fold";
    let sorted = rows(&|i| class(i < 150));
    assert_warns(&sorted, kind, &format!("the rows are sorted by the target y{remedy}"));
    assert_silent(&rows(&|i| class(draws[i] < 0.4)), kind);
    // The share rises from 0.2 to 0.8: the correlation is 0.6 / sqrt(12) / 0.5 = 0.35.
    let drift = rows(&|i| class(draws[i] < 0.2 + 0.6 * i as f64 / 400.));
    let own = read(&drift);
    let text = texts(&own, kind)[0];
    assert!(
        text.starts_with("class ") && text.contains("correlation with the row number is "),
        "{text}"
    );
    // Four blocks of 100 rows; a random order has 2 · 200 · 200 / 400 = 200 changes.
    let blocks = rows(&|i| class(i / 50 % 2 == 0));
    let begins = "neighbouring rows have the same y: it changes 7 times from row to row, 200 times in a \
                  random order";
    assert_warns(&blocks, kind, begins);
    let number = |x: f64| format!("{x}");
    assert_silent(&rows(&|i| number(draws[i])), kind);
    let begins = "the target y falls with the row number: their rank correlation is -0.";
    assert_warns(&rows(&|i| number(draws[i] - i as f64 / 400.)), kind, begins);
    // A mean of two neighbouring draws has the correlation 1/2 with the next one.
    let smooth = rows(&|i| number(draws[i] + draws[(i + 1) % 400]));
    assert_warns(
        &smooth,
        kind,
        "neighbouring rows have similar y: the rank correlation of a row with",
    );
    draws.sort_by(f64::total_cmp);
    assert_warns(&rows(&|i| number(draws[i])), kind, "the rows are sorted by the target y");
    assert_warns(&rows(&|i| number(-draws[i])), kind, "the rows are sorted by the target y");
    // Who splits by time knows.
    let times =
        Column { name: "t".into(), cells: Cells::Numbers((0..400).map(f64::from).collect()) };
    let own = read_for(&sorted, &Split::Time { times, test: Size::Share(0.2) });
    assert_eq!(texts(&own, kind), [""; 0]);
}

/// Random tables of all kinds have no leak and no order: the levels are strict.
#[test]
fn chance_causes_no_warning() {
    let mut rng = PhiloxRng::seed_from_u64(4);
    for draw in 0..300 {
        let (rows, classes) = (rng.random_range(20..300), rng.random_range(2..6));
        let row = |_| {
            let number: f64 = rng.random();
            let few = rng.random_range(0..3);
            let many = rng.random_range(0..30);
            let y = match draw % 2 {
                0 => format!("c{}", rng.random_range(0..classes)),
                _ => format!("{}", rng.random::<f64>() * 7.),
            };
            format!("{number},v{few},{many},{y}")
        };
        let text = csv("a,b,c,y", (0..rows).map(row));
        assert_silent(&text, WarningKind::Leakage);
        assert_silent(&text, WarningKind::RowOrder);
    }
}

/// Each column of the tables may be a target. Only columns that were made as copies leak.
#[test]
fn real_tables_raise_no_false_alarm_of_leakage() {
    let mut tables = 0;
    let mut names: Vec<String> = vec!["data/penguins.csv.gz".into()];
    for folder in ["tests/fixtures/csv", "tests/fixtures/tables"] {
        let entries = std::fs::read_dir(file(folder)).unwrap();
        names.extend(entries.map(|own| format!("{folder}/{}", own.unwrap().file_name().display())));
    }
    for name in names {
        let Ok((_, all)) = Table::read(&file(&name), &ReadOptions::default()) else { continue };
        for column in &all.columns {
            for kind in [TargetKind::Guess, TargetKind::Classes, TargetKind::Numbers] {
                let Ok(reading) = read_file(&name, &column.name, kind) else { continue };
                tables += 1;
                let leaks = texts(&reading, WarningKind::Leakage);
                assert!(leaks.is_empty(), "{name}, {}: {leaks:?}", column.name);
            }
        }
    }
    assert!(tables > 100, "{tables}");
}

/// The warnings of the tables, of which some are right: penguins are sorted by species, and the days
/// of a summer by date.
#[test]
fn warnings_of_real_tables_are_right() {
    let kinds = |name: &str, target: &str| -> Vec<WarningKind> {
        let own = read_file(name, target, TargetKind::Guess).unwrap();
        own.warnings.iter().map(|Warning { kind, .. }| *kind).collect()
    };
    let tables = "tests/fixtures/tables/";
    assert_eq!(kinds("data/penguins.csv.gz", "species"), [WarningKind::RowOrder]);
    assert_eq!(kinds(&format!("{tables}Pima.tr2.csv"), "type"), [WarningKind::RowOrder; 0]);
    assert_eq!(kinds(&format!("{tables}airquality.csv"), "Ozone"), [WarningKind::RowOrder]);
    assert_eq!(kinds(&format!("{tables}mtcars.csv"), "mpg"), [WarningKind::FewRows]);
}

//! Tables from files as people have them. Right outcomes were written down before the reader was.

use std::io::Write;
use std::path::{Path, PathBuf};

use candle_noise::data::table::{
    Cells, ColumnChoice, ColumnKind, Decimal, Format, ReadOptions, Reading, Role, Rows, Schema,
    Table, TargetKind, TargetValues,
};
use flate2::Compression;
use flate2::write::GzEncoder;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/csv").join(name)
}

fn target(name: &str) -> ReadOptions {
    ReadOptions::default().target(name)
}

/// A file of the fixtures with the target `colour`.
fn fixture(name: &str) -> (Table, Reading) {
    Table::read(&path(name), &target("colour")).unwrap()
}

fn error(name: &str) -> String {
    let error = Table::read(&path(name), &target("colour")).unwrap_err();
    format!("{error:#}").replace(path("").to_str().unwrap(), "")
}

/// A table of text without a target.
fn read(text: &str) -> (Table, Reading) {
    Table::from_bytes(text.as_bytes(), "own.csv", &ReadOptions::default()).unwrap()
}

fn refused(text: impl AsRef<[u8]>, options: &ReadOptions) -> String {
    format!("{:#}", Table::from_bytes(text.as_ref(), "own.csv", options).unwrap_err())
}

fn names(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|column| column.name.as_str()).collect()
}

/// The numbers of a column, `None` where a value is missing.
fn numbers(table: &Table, name: &str) -> Vec<Option<f64>> {
    let column = table.columns.iter().find(|column| column.name == name).unwrap();
    let Cells::Numbers(numbers) = &column.cells else { panic!("{name} holds {:?}", column.cells) };
    numbers.iter().map(|number| (!number.is_nan()).then_some(*number)).collect()
}

/// The categories of a column, row by row.
fn categories<'a>(table: &'a Table, name: &str) -> Vec<Option<&'a str>> {
    let column = table.columns.iter().find(|column| column.name == name).unwrap();
    let Cells::Categories { names, codes } = &column.cells else { panic!("{name} holds numbers") };
    assert!(names.is_sorted());
    codes.iter().map(|code| code.map(|code| names[code as usize].as_str())).collect()
}

fn classes(table: &Table) -> (Vec<&str>, &[u32]) {
    let target = table.target.as_ref().unwrap();
    let TargetValues::Classes { names, labels } = &target.values else { panic!("numbers") };
    (names.iter().map(String::as_str).collect(), labels)
}

fn says(reading: &Reading, sentence: &str) -> bool {
    reading.decisions.iter().any(|decision| decision == sentence)
}

const THREE: [&str; 3] = ["width", "height", "weight"];
const HEADER: &str = "header: the first line (--no-header overrides)";

/// The first two rows of the fixtures that hold the usual table.
fn check_usual(table: &Table) {
    assert_eq!((names(table), table.rows.len()), (THREE.to_vec(), 60));
    assert_eq!(numbers(table, "width")[..2], [Some(0.04), Some(1.71)]);
    assert_eq!(numbers(table, "height")[..2], [Some(0.46), Some(-0.69)]);
    assert_eq!(numbers(table, "weight")[..2], [Some(10.4), Some(13.4)]);
    let (names, labels) = classes(table);
    assert_eq!((names, &labels[..3]), (vec!["blue", "green", "red"], &[2, 1, 0][..]));
    assert!(table.rows.iter().copied().eq(1..=60));
}

#[test]
fn a_file_without_a_header_has_columns_with_numbers_for_names() {
    let (table, reading) = Table::read(&path("no_header_sorted.data"), &target("4")).unwrap();
    assert_eq!((names(&table), table.rows.len()), (vec!["1", "2", "3"], 60));
    assert!(says(&reading, "header: none; the columns are named 1 to 4"), "{reading:?}");
    assert_eq!(classes(&table).0, ["blue", "green", "red"]);
}

#[test]
fn the_separator_and_the_decimal_comma_are_found() {
    for (name, separator) in
        [("semicolons_quoted.csv", ";"), ("tabs.tsv", "tab"), ("spaces_after_commas.csv", ",")]
    {
        let (table, reading) = fixture(name);
        check_usual(&table);
        assert!(
            says(&reading, &format!("separator: {separator} (--separator overrides)")),
            "{name}"
        );
        assert!(says(&reading, HEADER), "{name}");
    }
    let (table, reading) = fixture("excel_german.csv");
    check_usual(&table);
    assert!(says(&reading, "numbers: decimal commas, as in 0,5"));
    assert!(says(&reading, "separator: ; (--separator overrides)"));
    let quoted = Table::read(&path("quoted_newlines.csv"), &target("colour\nof it")).unwrap();
    check_usual(&quoted.0);
}

#[test]
fn columns_without_information_are_dropped_and_reported() {
    for (name, sentence) in [
        (
            "id_and_question_marks.csv",
            "column id: dropped, because its values are different whole numbers, as of an id; \
             --column id=keep keeps it",
        ),
        (
            "pandas_index.csv",
            "column 1: dropped, because it has no name and all its values differ; --column 1=keep \
             keeps it",
        ),
        ("trailing_commas.csv", "column 5: dropped, because it is empty; --column 5=keep keeps it"),
    ] {
        let (table, reading) = fixture(name);
        assert!(says(&reading, sentence), "{name}: {reading:?}");
        assert_eq!((names(&table), table.rows.len()), (THREE.to_vec(), 60));
    }
    let (table, reading) = fixture("constant_column.csv");
    let sentence =
        "column weight: dropped, because all its values are 7; --column weight=keep keeps it";
    assert!(says(&reading, sentence), "{reading:?}");
    assert_eq!(names(&table), ["width", "height"]);
    let weight = &reading.columns[2];
    assert_eq!(
        (weight.role, weight.reason.as_deref()),
        (Role::Dropped, Some("all its values are 7"))
    );

    let keep = |name: &str, column: &str| {
        let options = target("colour").column(column, ColumnChoice::Keep);
        let (table, _) = Table::read(&path(name), &options).unwrap();
        numbers(&table, column)[..2].to_vec()
    };
    assert_eq!(keep("id_and_question_marks.csv", "id"), [Some(1000.), Some(1001.)]);
    assert_eq!(keep("pandas_index.csv", "1"), [Some(0.), Some(1.)]);
    assert_eq!(keep("trailing_commas.csv", "5"), [None, None]);
    assert_eq!(keep("constant_column.csv", "weight"), [Some(7.), Some(7.)]);
}

#[test]
fn missing_values_are_known_in_every_spelling() {
    let (table, reading) = fixture("missing_everywhere.csv");
    // Counted with awk.
    let counted = THREE.map(|name| numbers(&table, name).iter().filter(|x| x.is_none()).count());
    assert_eq!(counted, [19, 20, 15]);
    assert_eq!(reading.columns[0].missing, Some(19. / 60.));
    let (table, _) = fixture("id_and_question_marks.csv");
    assert_eq!(numbers(&table, "weight")[3], None);

    let (table, reading) = fixture("missing_target.csv");
    assert!(says(&reading, "10 rows without a target: dropped, 50 left"), "{reading:?}");
    assert_eq!((table.rows.len(), reading.rows, classes(&table).1.len()), (50, 50, 50));
}

#[test]
fn thousands_and_rare_categories_are_read() {
    let (table, reading) = fixture("thousands.csv");
    assert_eq!(numbers(&table, "width")[..3], [Some(40.), Some(1710.), Some(4560.)]);
    assert!(says(&reading, "numbers: thousands are parted in width, as in \"1,710\""));
    let (table, _) = fixture("rare_category.csv");
    assert_eq!(categories(&table, "wood")[..2], [Some("ebony"), Some("oak")]);
}

#[test]
fn wrong_files_are_errors_with_line_and_column() {
    for (name, expected) in [
        (
            "duplicate_names.csv",
            "duplicate_names.csv, line 1: expected different names of columns, received width twice, \
             in columns 1 and 3",
        ),
        ("ragged.csv", "ragged.csv, line 22: expected 4 fields, received 3"),
        (
            "one_class.csv",
            "one_class.csv: target colour has one class, expected at least 2: all are \"red\"",
        ),
        (
            "infinite.csv",
            "infinite.csv, line 11, column width: expected a finite number, received inf",
        ),
        ("utf16.csv", "utf16.csv: expected text in UTF-8, received UTF-16 text"),
        ("empty.csv", "empty.csv: the file is empty: expected a table"),
        ("header_only.csv", "header_only.csv: expected rows after the header, received no rows"),
    ] {
        assert_eq!(error(name), expected);
    }
    assert!(error("no_such.csv").starts_with("cannot read no_such.csv: "));
    let folder = format!("{:#}", Table::read(Path::new("tests"), &target("y")).unwrap_err());
    assert_eq!(folder, "cannot read tests: expected a file, received a folder");
}

#[test]
fn lines_of_errors_are_those_of_the_file() {
    let usual = "a,b\n1,2\n\n \n\"3\n\",4\r\n5,6\r\n";
    for (line, expected) in [
        ("7,8,9\n", "own.csv, line 8: expected 2 fields, received 3"),
        ("7,1e39\n", "own.csv, line 8, column b: expected a number up to 3.4e38, received 1e39"),
        ("7,1e400\n", "own.csv, line 8, column b: expected a number up to 3.4e38, received 1e400"),
        (
            "7,-Infinity\n",
            "own.csv, line 8, column b: expected a finite number, received -Infinity",
        ),
        (
            "7,\"8\n9,10\n",
            "own.csv, line 8: expected a closing quote, received the end of the file",
        ),
        ("7,\0\n", "own.csv, line 8: expected text, received a NUL byte"),
        ("# 7\n", "own.csv, line 8: expected 2 fields, received 1 (expected no lines of comments)"),
        (
            "\"7,8\n9,10\"\n",
            "own.csv, line 8: expected 2 fields, received 1 (a quoted field has a line break: is a \
             quote not closed?)",
        ),
    ] {
        assert_eq!(refused(format!("{usual}{line}"), &ReadOptions::default()), expected);
    }
    let latin = [usual.as_bytes(), b"7,caf\xe9\n"].concat();
    assert_eq!(
        refused(latin, &ReadOptions::default()),
        "own.csv, line 8, column b: expected UTF-8 text, received another encoding such as Latin-1"
    );
    // Ends of lines of old Macs.
    let old = refused("a,b\r1,2\r3,4\r\r5\r", &ReadOptions::default());
    assert_eq!(old, "own.csv, line 5: expected 2 fields, received 1");
}

#[test]
fn a_target_that_is_not_there_is_named_with_the_nearest() {
    let options = target("Color");
    assert_eq!(
        format!("{:#}", Table::read(&path("tabs.tsv"), &options).unwrap_err())
            .replace(path("").to_str().unwrap(), ""),
        "tabs.tsv: expected a target among width, height, weight, colour, received Color; did you mean \
         colour?"
    );
    let table = "a,b\n1,2\n3,4\n";
    for (options, expected) in [
        (target("y"), "own.csv: expected a target among a, b, received y"),
        (
            target("a").column("c", ColumnChoice::Drop),
            "own.csv: expected a column among a, b, received c",
        ),
        (
            target("a").column("a", ColumnChoice::Drop),
            "own.csv: expected a choice for an input, received one for the target a",
        ),
        (
            target("a").column("b", ColumnChoice::Drop),
            "own.csv: expected a column to predict from, received none; column b: dropped, because \
             this was asked for",
        ),
    ] {
        assert_eq!(refused(table, &options), expected);
    }
    let one = refused("a b\n1 2\n3 4\n", &target("b"));
    let expected = "own.csv: expected a target among \"a b\", received b (there is one column: is the \
                    separator right?)";
    assert_eq!(one, expected);
    assert_eq!(
        refused("a,b\n1,2\n", &target("a")),
        "own.csv: expected at least 2 rows, received 1"
    );
    assert_eq!(
        refused("a,b\n,2\n1,3\n", &target("a")),
        "own.csv: expected at least 2 rows with a value of a, received 1"
    );
    assert_eq!(
        refused("a,b\n,2\n,3\n", &target("a")),
        "own.csv: expected values of the target a, received none in 2 rows"
    );
    assert_eq!(
        refused("a,b\n0.5,2\n0.5,3\n", &target("a")),
        "own.csv: target a has one value, expected at least 2: all are 0.5"
    );
}

#[test]
fn a_number_that_turns_out_to_be_text_makes_categories() {
    let rows: String = (0..1000).map(|i| format!("{},{}\n", i % 7, i % 2)).collect();
    let text = format!("size,y\n{rows}large,1\n");
    let (table, reading) = read(&text);
    let size = categories(&table, "size");
    assert_eq!((size.len(), size[8], size[1000]), (1001, Some("1"), Some("large")));
    let sentence = "column size: no column of numbers, because line 1002 has \"large\"";
    assert!(says(&reading, sentence), "{reading:?}");
    assert_eq!(reading.columns[0].kind, Some(ColumnKind::Category));

    let options = ReadOptions::default().column("size", ColumnChoice::Number);
    let expected = "own.csv, line 1002, column size: expected a number, received \"large\"";
    assert_eq!(refused(&text, &options), expected);
    let (table, _) = Table::from_bytes(
        text.as_bytes(),
        "own.csv",
        &ReadOptions::default().column("y", ColumnChoice::Category),
    )
    .unwrap();
    assert_eq!(categories(&table, "y")[..2], [Some("0"), Some("1")]);
    // An infinite category is none of the numbers.
    let (table, _) = read("a,b\n1,1\ninf,2\nx,3\n");
    assert_eq!(categories(&table, "a"), [Some("1"), Some("inf"), Some("x")]);
}

#[test]
fn text_with_many_values_and_dates_are_dropped() {
    let row = |i: usize| {
        format!("note {i},2026-01-{:02},{:02}.03.2026,{}\n", i % 28 + 1, i % 9 + 1, i % 5)
    };
    let text: String = (0..50).map(row).collect();
    let (table, reading) = read(&format!("note,day,tag,y\n{text}"));
    assert_eq!(names(&table), ["y"]);
    for (column, why) in [
        ("note", "it is text with 50 different values such as \"note 0\""),
        ("day", "it holds dates such as \"2026-01-01\""),
        ("tag", "it holds dates such as \"01.03.2026\""),
    ] {
        let sentence =
            format!("column {column}: dropped, because {why}; --column {column}=keep keeps it");
        assert!(says(&reading, &sentence), "{reading:?}");
    }
    let forty: String = (0..80).map(|i| format!("note {},{i}\n", i % 40)).collect();
    assert_eq!(names(&read(&format!("note,y\n{forty}")).0), ["note", "y"]);
    let half: String = (0..100).map(|i| format!("note {},{i}\n", i % 50)).collect();
    assert_eq!(names(&read(&format!("note,y\n{half}")).0), ["note", "y"]);

    let wide: String = (0..100).map(|i| format!(",c{i}")).collect();
    let (_, reading) = read(&format!("y{wide}\n1{0}\n2{0}\n", ",5".repeat(100)));
    let expected = "100 columns: dropped, because all their values are the same: c0, c1, c2, c3, ";
    assert_eq!(reading.decisions.iter().filter(|line| line.starts_with(expected)).count(), 1);
    assert!(reading.decisions.len() < 6, "{reading:?}");
}

#[test]
fn headers_are_told_from_rows() {
    for (text, expected) in [
        ("a,b\n1,2\n3,4\n", vec!["a", "b"]),
        ("1,2\n3,4\n", vec!["1", "2"]),
        ("red,oak\nblue,elm\ngreen,ash\n", vec!["red", "oak"]),
        ("red,oak\nblue,elm\nred,elm\n", vec!["1", "2"]),
        ("id,2019,2020\n5,1,3\n7,2,4\n7,2,5\n", vec!["id", "2019", "2020"]),
        ("?,1.5,x\n2,2.5,y\n3,3.5,z\n", vec!["1", "2", "3"]),
        ("\u{feff}\"a b\",größe\n1,2\n3,5\n", vec!["a b", "größe"]),
        ("a,,c\n1,2,3\n4,5,6\n", vec!["a", "2", "c"]),
    ] {
        let options = ReadOptions::default().column(expected[0], ColumnChoice::Keep);
        let (table, _) = Table::from_bytes(text.as_bytes(), "own.csv", &options).unwrap();
        assert_eq!(names(&table), expected, "{text:?}");
    }
    let format = Format::default().no_header();
    let options = ReadOptions::default().format(format);
    let (table, reading) = Table::from_bytes(b"a,b\nc,d\n", "own.csv", &options).unwrap();
    assert_eq!((names(&table), table.rows.len()), (vec!["1", "2"], 2));
    assert!(!reading.decisions.iter().any(|line| line.starts_with("header")));
}

#[test]
fn separators_are_found_by_consistency() {
    for (text, separator) in [
        ("a;b\n1,5;2,5\n2,5;3,5\n", ";"),
        ("1,5;2,5;3,5\n1,6;2,6;3,7\n", ";"),
        ("a|b\n1|2\n3|4\n", "|"),
        ("note,b\nx;y,1\nx|y;z,2\n\"x,y\",3\n", ","),
        ("a\tb\n1,5\t2\n3,5\t4\n", "tab"),
        ("\"a;b\",\"c;d\"\n\"1;2\",3\n\"4;5\",6\n", ","),
    ] {
        let (_, reading) = read(text);
        let expected = format!("separator: {separator} (--separator overrides)");
        assert!(says(&reading, &expected), "{text:?}: {reading:?}");
    }
    let colon = Format::default().separator(":".parse().unwrap());
    let options = ReadOptions::default().format(colon);
    let (table, _) = Table::from_bytes(b"a:b\n1:2\n3:4\n", "own.csv", &options).unwrap();
    assert_eq!(numbers(&table, "b"), [Some(2.), Some(4.)]);

    let text = "a;b\n1.234,56;1.000\n-2.000;2.500\n";
    assert_eq!(numbers(&read(text).0, "a"), [Some(1234.56), Some(-2000.)]);
    let tabs = "a\tb\n0,5\t1\n0,7\t2\n";
    let format = Format::default().decimal_comma();
    assert_eq!(format.decimal, Some(Decimal::Comma));
    let options = ReadOptions::default().format(format);
    let (table, _) = Table::from_bytes(tabs.as_bytes(), "own.csv", &options).unwrap();
    assert_eq!(numbers(&table, "a"), [Some(0.5), Some(0.7)]);
}

#[test]
fn targets_are_classes_or_numbers() {
    let with = |values: &[&str], kind: TargetKind| {
        let rows: String =
            values.iter().enumerate().map(|(i, value)| format!("{i},{value}\n")).collect();
        let options = target("y").target_kind(kind);
        Table::from_bytes(format!("x,y\n{rows}").as_bytes(), "own.csv", &options)
    };
    let named = |values: &[&str], kind| {
        let (table, _) = with(values, kind).unwrap();
        let (names, labels) = classes(&table);
        (names.join(" "), labels.to_vec())
    };
    let guess = TargetKind::Guess;
    assert_eq!(named(&["10", "9", "-1", "9"], guess), ("-1 9 10".into(), vec![2, 1, 0, 1]));
    assert_eq!(named(&["1.0", "0.0", "1"], guess), ("0.0 1.0".into(), vec![1, 0, 1]));
    assert_eq!(named(&["True", "False", "True"], guess), ("False True".into(), vec![1, 0, 1]));
    assert_eq!(named(&["1", "10", "x", "2"], guess), ("1 10 2 x".into(), vec![0, 1, 3, 2]));
    assert_eq!(
        named(&["0.5", "2.5", "0.50"], TargetKind::Classes),
        ("0.5 2.5".into(), vec![0, 1, 0])
    );
    let eleven: Vec<String> = (0..11).map(|i| i.to_string()).collect();
    let eleven: Vec<&str> = eleven.iter().map(String::as_str).collect();
    assert_eq!(named(&eleven[..10], guess).1.len(), 10);
    assert_eq!(named(&eleven, TargetKind::Classes).0, "0 1 2 3 4 5 6 7 8 9 10");
    for (values, kind, expected) in [
        (&eleven[..], guess, (0..11).map(f64::from).collect::<Vec<_>>()),
        (&["1", "0", "1"], TargetKind::Numbers, vec![1., 0., 1.]),
        (&["0.5", "1.5"], guess, vec![0.5, 1.5]),
    ] {
        let values = with(values, kind).unwrap().0.target.unwrap().values;
        assert_eq!(values, TargetValues::Numbers(expected));
    }
    let text = format!("{:#}", with(&["1", "red"], TargetKind::Numbers).unwrap_err());
    assert_eq!(text, "own.csv, line 3, column y: expected a number, received \"red\"");
}

#[test]
fn gzip_files_are_read_and_damaged_ones_named() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let plain = std::fs::read(path("tabs.tsv")).unwrap();
    let packed = gzip(&plain);
    let (table, reading) = Table::from_bytes(&packed, "tabs.tsv.gz", &target("colour")).unwrap();
    check_usual(&table);
    assert_eq!(reading.sha256, candle_noise::files::sha256(&packed));
    let (_, reading) = fixture("tabs.tsv");
    assert_eq!(reading.sha256, candle_noise::files::sha256(&plain));
    let cut = refused(&packed[..packed.len() / 2], &target("colour"));
    assert!(cut.starts_with("own.csv: damaged or truncated gzip file: "), "{cut}");
    for (bytes, what) in [
        (gzip(&std::fs::read(path("utf16.csv")).unwrap()), "UTF-16 text"),
        (gzip(&packed), "a gzip file within a gzip file"),
        (b"PK\x03\x04 xl/workbook.xml".to_vec(), "an Excel workbook (XLSX)"),
        (b"<!doctype html><p>".to_vec(), "an HTML page"),
    ] {
        let expected = format!("own.csv: expected text in UTF-8, received {what}");
        assert_eq!(refused(bytes, &target("colour")), expected);
    }
}

#[test]
fn new_tables_have_the_columns_of_a_schema() {
    let (table, _) = Table::from_bytes(
        b"size,wood,y\n1,oak,red\n2,elm,blue\n3,oak,red\n",
        "train.csv",
        &target("y"),
    )
    .unwrap();
    let schema = Schema::of(&table);
    let text = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
    let read = |text: &str, rows| {
        let read =
            Table::from_bytes_as(text.as_bytes(), "new.csv", &schema, rows, &Format::default());
        read.map_err(|error| format!("{error:#}"))
    };
    let (new, reading) = read("wood;extra;size\nash;a;0,5\n;b;7\n", Rows::All).unwrap();
    assert_eq!(names(&new), ["size", "wood"]);
    assert_eq!(numbers(&new, "size"), [Some(0.5), Some(7.)]);
    assert_eq!(categories(&new, "wood"), [Some("ash"), None]);
    assert!(new.target.is_none());
    assert!(
        says(&reading, "column extra: dropped, because the model does not use it"),
        "{reading:?}"
    );

    // One row, all columns of text.
    let (new, _) = read("y,wood,size\nblue,oak,5\n", Rows::All).unwrap();
    assert_eq!(classes(&new), (vec!["blue", "red"], &[0][..]));
    let (new, reading) = read("y,wood,size\nblue,oak,5\n,oak,6\n", Rows::All).unwrap();
    assert!(new.target.is_none() && new.rows == [1, 2]);
    assert!(says(&reading, "target y: ignored, because 1 of 2 rows lack it"), "{reading:?}");
    let (new, _) = read("y,wood,size\n?,oak,6\nblue,oak,5\n", Rows::Labelled).unwrap();
    assert_eq!((classes(&new).1, &new.rows[..]), (&[0][..], &[2][..]));

    for (text, rows, expected) in [
        ("y,a\n1,2\n", Rows::All, "new.csv: expected 2 columns more, size, wood; received y, a"),
        (
            "wood,size\noak,1\nelm,big\n",
            Rows::All,
            "new.csv, line 3, column size: expected a number, received \"big\"",
        ),
        (
            "wood,size,y\noak,1,red\nelm,2,green\n",
            Rows::All,
            "new.csv, line 3, column y: expected a class of blue, red, received \"green\"",
        ),
        (
            "wood,size\noak,1\n",
            Rows::Labelled,
            "new.csv: expected the target y, received the columns wood, size",
        ),
        ("wood,size\n", Rows::All, "new.csv: expected rows after the header, received no rows"),
    ] {
        assert_eq!(read(text, rows).unwrap_err(), expected);
    }
}

#[test]
fn a_class_of_numbers_is_known_in_another_spelling() {
    let table = Table::from_bytes(b"x,y\n1,0\n2,1\n3,0\n", "own.csv", &target("y")).unwrap().0;
    let schema = Schema::of(&table);
    let read = |bytes: &[u8]| {
        Table::from_bytes_as(bytes, "new.csv", &schema, Rows::All, &Format::default()).unwrap().0
    };
    assert_eq!(classes(&read(b"x,y\n1,1.0\n2,0.0\n")), (vec!["0", "1"], &[1, 0][..]));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, "a,b\n1,1\n2,2\nx,3\n").unwrap()
    });
    // The column is read again, which a pipe could not be.
    let (table, _) = Table::read(&pipe, &ReadOptions::default()).unwrap();
    writer.join().unwrap();
    assert_eq!(categories(&table, "a"), [Some("1"), Some("2"), Some("x")]);
}

#[test]
fn wide_tables_and_long_fields_are_read() {
    let names: Vec<String> = (0..10_000).map(|i| format!("gene{i}")).collect();
    let row =
        |k: usize| (0..10_000).map(|i| (i * k % 17).to_string()).collect::<Vec<_>>().join(",");
    let rows: String = (1..5).map(|k| row(k) + "\n").collect();
    let (table, _) = read(&format!("{}\n{rows}", names.join(",")));
    assert!(table.columns.len() > 9_000);
    let long = "x".repeat(3 << 20);
    let (table, _) = read(&format!("a,b\n1,{long}\n2,y\n"));
    assert_eq!(categories(&table, "b")[0], Some(long.as_str()));
}

#[test]
fn a_reading_is_kept_as_json() {
    let (_, reading) = fixture("constant_column.csv");
    let json = serde_json::to_value(&reading).unwrap();
    assert_eq!(json["columns"][0]["kind"], "number");
    assert_eq!(json["columns"][2]["role"], "dropped");
    assert_eq!(json["columns"][3]["role"], "target");
    assert_eq!(json["columns"][0].get("reason"), None);
    assert_eq!(serde_json::from_value::<Reading>(json).unwrap(), reading);
}

/// A target's name may be one of its classes: text above numbers is a header, and so is a line with the
/// name of the target.
#[test]
fn a_header_may_have_the_name_of_a_class() {
    for (text, target) in [
        ("age,job,y\n30,x,n\n31,z,y\n32,x,y\n33,z,n\n", "y"),
        ("who,yes\na,yes\nb,no\na,no\nb,yes\n", "yes"),
    ] {
        let options = ReadOptions::default().target(target);
        let (table, _) = Table::from_bytes(text.as_bytes(), "t.csv", &options).unwrap();
        assert_eq!(table.rows.len(), 4, "{target}");
        assert_eq!(table.target.unwrap().name, target);
    }
    // Without such signs a first line that appears again is data.
    let text = "5,a\n6,b\n5,a\n7,b\n";
    let options = ReadOptions::default().target("2");
    let (table, _) = Table::from_bytes(text.as_bytes(), "t.csv", &options).unwrap();
    assert_eq!(table.rows.len(), 4);
}

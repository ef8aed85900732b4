//! A table whose columns are judged by their values.

use super::super::{Column, Table, Target, TargetValues};
use super::builder::{Ask, Builder, Mark};
use super::choose::{Reason, sentences};
use super::fault::Fault;
use super::head::Head;
use super::input::Source;
use super::load::{Loaded, Plan, load};
use super::options::{ColumnChoice, ReadOptions, TargetKind};
use super::reading::{ColumnReading, Reading, Role};
use super::schema::ColumnKind;
use super::target::{check_values, target_values};
use crate::data::words::{count, listed, quoted, shown};

/// Reads the rows after the head of a file.
pub fn read(
    source: &mut Source<'_>,
    head: &Head,
    options: &ReadOptions,
) -> Result<(Table, Reading), Fault> {
    let target = match &options.target {
        Some(name) => Some(head.find(name, "a target")?),
        None => None,
    };
    let choices = choices(head, target, options)?;
    let asks = choices.iter().enumerate().map(|(i, choice)| match choice {
        _ if Some(i) == target => match options.target_kind {
            TargetKind::Guess => Ask::Target,
            TargetKind::Classes => Ask::Category,
            TargetKind::Numbers => Ask::Number,
        },
        Some(ColumnChoice::Drop) => Ask::Skip,
        Some(ColumnChoice::Category) => Ask::Category,
        Some(ColumnChoice::Number) => Ask::Number,
        Some(ColumnChoice::Keep) | None => Ask::Any,
    });
    let plan = Plan { dialect: &head.dialect, asks: asks.collect(), needed: target };
    let loaded = load(source, &plan)?;
    check_rows(&loaded, options)?;
    let mut decisions = head.dialect.decisions.clone();
    if loaded.dropped > 0 {
        let rows = count(loaded.dropped, "row");
        decisions.push(format!("{rows} without a target: dropped, {} left", loaded.rows.len()));
    }
    decisions.extend(grouped(head, &loaded.columns));
    decisions.extend(mixed(source, head, &loaded.columns)?);
    let mut judged = judge(head, loaded.columns, &choices, target, loaded.rows.len());
    if let Some(target) = &judged.target {
        check_values(&target.name, &target.values)?;
        decisions.extend(guessed_kind(target, options.target_kind));
    }
    let dropped: Vec<_> = judged.dropped.iter().map(|(i, why)| (&*head.names[*i], why)).collect();
    let sentences = sentences(&dropped);
    if judged.columns.is_empty() {
        let what = "expected a column to predict from, received none";
        return Err(Fault::File([&[what.to_string()], &sentences[..]].concat().join("; ")));
    }
    decisions.extend(sentences);
    let rows = loaded.rows.len();
    let reading = Reading {
        file: source.name.clone(),
        sha256: loaded.sha256,
        rows,
        columns: std::mem::take(&mut judged.readings),
        decisions,
        warnings: Vec::new(),
        test_file: None,
    };
    Ok((Table { columns: judged.columns, target: judged.target, rows: loaded.rows }, reading))
}

/// Returns what was chosen for each column.
fn choices(
    head: &Head,
    target: Option<usize>,
    options: &ReadOptions,
) -> Result<Vec<Option<ColumnChoice>>, Fault> {
    let mut choices = vec![None; head.names.len()];
    for (name, choice) in &options.columns {
        let column = head.find(name, "a column")?;
        if Some(column) == target {
            let name = shown(name);
            let what =
                format!("expected a choice for an input, received one for the target {name}");
            return Err(Fault::File(what));
        }
        choices[column] = Some(*choice);
    }
    Ok(choices)
}

fn check_rows(loaded: &Loaded, options: &ReadOptions) -> Result<(), Fault> {
    let (rows, dropped) = (loaded.rows.len(), loaded.dropped);
    let target = options.target.as_deref().map_or(String::new(), shown);
    let what = match (rows, dropped) {
        (0, 0) => "expected rows after the header, received no rows".into(),
        (0, _) => {
            format!("expected values of the target {target}, received none in {dropped} rows")
        }
        (1, 0) => "expected at least 2 rows, received 1".into(),
        (1, _) => format!("expected at least 2 rows with a value of {target}, received 1"),
        _ => return Ok(()),
    };
    Err(Fault::File(what))
}

/// Reports thousands that are parted.
fn grouped(head: &Head, columns: &[Builder]) -> Option<String> {
    let found = || head.names.iter().zip(columns).filter(|(_, column)| column.grouped.is_some());
    let cell = found().find_map(|(_, column)| column.grouped.as_ref())?;
    let names: Vec<&str> = found().map(|(name, _)| name.as_str()).collect();
    let names = listed(names.into_iter());
    Some(format!("numbers: thousands are parted in {names}, as in {}", quoted(cell)))
}

/// Reports texts among numbers.
fn mixed(source: &mut Source<'_>, head: &Head, columns: &[Builder]) -> Result<Vec<String>, Fault> {
    let columns = head.names.iter().zip(columns);
    let mut found: Vec<_> =
        columns.filter_map(|(name, column)| Some((name, column.text_among_numbers()?))).collect();
    found.sort_by_key(|(_, mark)| mark.byte);
    const MOST: usize = 3;
    let bytes: Vec<u64> = found.iter().map(|(_, mark)| mark.byte).take(MOST).collect();
    let lines = if bytes.is_empty() { Vec::new() } else { source.lines(&bytes)? };
    let sentence = |((name, mark), line): (&(&String, &Mark), u64)| {
        let (name, cell) = (shown(name), quoted(&mark.cell));
        format!("column {name}: no column of numbers, because line {line} has {cell}")
    };
    let mut sentences: Vec<String> = found.iter().zip(lines).map(sentence).collect();
    if found.len() > MOST {
        let more = listed(found[MOST..].iter().map(|(name, _)| name.as_str()));
        sentences.push(format!("no columns of numbers for the same reason: {more}"));
    }
    Ok(sentences)
}

/// The columns of a file and what becomes of them.
#[derive(Default)]
struct Judged {
    columns: Vec<Column>,
    target: Option<Target>,
    readings: Vec<ColumnReading>,
    /// The numbers of the columns that are dropped.
    dropped: Vec<(usize, Reason)>,
}

fn judge(
    head: &Head,
    columns: Vec<Builder>,
    choices: &[Option<ColumnChoice>],
    target: Option<usize>,
    rows: usize,
) -> Judged {
    let mut judged = Judged::default();
    for (i, column) in columns.into_iter().enumerate() {
        let name = head.names[i].clone();
        let missing = Some(column.missing as f64 / rows as f64);
        if Some(i) == target {
            let values = target_values(column, head.dialect.decimal);
            let kind = Some(ColumnKind::of_target(&values));
            judged.readings.push(ColumnReading::new(&name, Role::Target, kind, missing));
            judged.target = Some(Target { name, values });
            continue;
        }
        if choices[i] == Some(ColumnChoice::Drop) {
            judged.readings.push(ColumnReading::dropped(&name, &Reason::Asked, None, None));
            judged.dropped.push((i, Reason::Asked));
            continue;
        }
        let cells = column.finish();
        let kind = Some(ColumnKind::of(&cells));
        let reason = match choices[i] {
            None => Reason::of(&name, i == 0 && head.first_is_unnamed, &cells),
            Some(_) => None,
        };
        match reason {
            Some(reason) => {
                judged.readings.push(ColumnReading::dropped(&name, &reason, kind, missing));
                judged.dropped.push((i, reason));
            }
            None => {
                judged.readings.push(ColumnReading::new(&name, Role::Input, kind, missing));
                judged.columns.push(Column { name, cells });
            }
        }
    }
    judged
}

/// Reports a guess of what the target is.
fn guessed_kind(target: &Target, kind: TargetKind) -> Option<String> {
    let name = shown(&target.name);
    (kind == TargetKind::Guess).then(|| match &target.values {
        TargetValues::Classes { names, .. } => {
            let (number, list) = (names.len(), listed(names.iter().map(String::as_str)));
            let other = match names.iter().all(|name| name.parse::<f64>().is_ok()) {
                true => " (--target-kind numbers overrides)",
                false => "",
            };
            format!("target {name}: {number} classes, {list}{other}")
        }
        TargetValues::Numbers(_) => {
            format!("target {name}: numbers (--target-kind classes overrides)")
        }
    })
}

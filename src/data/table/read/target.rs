//! The values of a target: classes or numbers.

use super::super::{Cells, TargetValues};
use super::builder::{Builder, MOST_CLASSES};
use super::fault::Fault;
use super::number::{Decimal, Value};
use crate::data::words::{quoted, shown};

/// Returns the values of a target of which none is missing. A target whose kind is to be guessed was
/// read with spellings.
pub fn target_values(column: Builder, decimal: Decimal) -> TargetValues {
    let spellings = column.spellings.clone();
    match (column.finish(), spellings) {
        (Cells::Categories { names, codes }, _) => {
            classes(&names, codes.into_iter().flatten().collect(), decimal)
        }
        (Cells::Numbers(numbers), Some(spellings)) if are_classes(&spellings) => {
            let place = |number: &f64| spellings.iter().position(|(own, _)| own == number);
            let codes = numbers.iter().filter_map(place).map(|place| place as u32).collect();
            let names: Vec<String> = spellings.iter().map(|(_, name)| name.clone()).collect();
            classes(&names, codes, decimal)
        }
        (Cells::Numbers(numbers), _) => TargetValues::Numbers(numbers),
    }
}

fn are_classes(spellings: &[(f64, String)]) -> bool {
    spellings.len() <= MOST_CLASSES && spellings.iter().all(|(number, _)| number.fract() == 0.)
}

/// Sorts classes: numbers by value, of which equal ones are one class, other names by their bytes.
fn classes(names: &[String], codes: Vec<u32>, decimal: Decimal) -> TargetValues {
    let value = |name: &String| match decimal.value(name) {
        Value::Number(number) | Value::Grouped(number) => Some(number),
        Value::Missing | Value::Text => None,
    };
    let values: Option<Vec<f64>> = names.iter().map(value).collect();
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|&a, &b| match &values {
        Some(values) => values[a].total_cmp(&values[b]),
        None => names[a].cmp(&names[b]),
    });
    let are_equal = |a: usize, b: usize| values.as_ref().is_some_and(|all| all[a] == all[b]);
    let mut places = vec![0; names.len()];
    let mut sorted: Vec<usize> = Vec::new();
    for index in order {
        if !sorted.last().is_some_and(|last| are_equal(*last, index)) {
            sorted.push(index);
        }
        places[index] = sorted.len() as u32 - 1;
    }
    let names = sorted.into_iter().map(|index| names[index].clone()).collect();
    TargetValues::Classes { names, labels: codes.iter().map(|i| places[*i as usize]).collect() }
}

/// Checks that there is something to tell apart.
///
/// # Errors
/// If all values are the same.
pub fn check_values(name: &str, values: &TargetValues) -> Result<(), Fault> {
    let name = shown(name);
    let error = |noun: &str, value: &str| {
        let what = format!("target {name} has one {noun}, expected at least 2: all are {value}");
        Err(Fault::File(what))
    };
    match values {
        TargetValues::Classes { names, .. } if names.len() < 2 => {
            error("class", &names.first().map_or(String::new(), |name| quoted(name)))
        }
        TargetValues::Numbers(all) if all.windows(2).all(|pair| pair[0] == pair[1]) => {
            error("value", &all.first().map_or(String::new(), f64::to_string))
        }
        _ => Ok(()),
    }
}

//! Mean and standard deviation of numbers, and counts of categories.

use crate::data::table::{CategoryRows, Cells, ColumnReading, TargetValues};

/// The most categories of a column that are named.
const MOST: usize = 10;

/// Describes the cells of an input.
pub fn of_cells(reading: &mut ColumnReading, cells: &Cells) {
    match cells {
        Cells::Numbers(numbers) => describe_numbers(reading, numbers),
        Cells::Categories { names, codes } => {
            describe_categories(reading, names, codes.iter().flatten());
        }
    }
}

/// Describes the values of a target.
pub fn of_target(reading: &mut ColumnReading, values: &TargetValues) {
    match values {
        TargetValues::Numbers(numbers) => describe_numbers(reading, numbers),
        TargetValues::Classes { names, labels } => {
            describe_categories(reading, names, labels.iter());
        }
    }
}

/// Sets the mean and the sample standard deviation (n − 1) of the numbers that are not missing.
fn describe_numbers(reading: &mut ColumnReading, numbers: &[f64]) {
    let present = || numbers.iter().filter(|x| !x.is_nan());
    let (count, sum) = present().fold((0., 0.), |(count, sum), x| (count + 1., sum + x));
    let mean = sum / count;
    let squares: f64 = present().map(|x| (x - mean).powi(2)).sum();
    reading.mean = (count > 0.).then_some(mean);
    reading.std = (count > 1.).then(|| (squares / (count - 1.)).sqrt());
}

/// Sets the most frequent categories, equally frequent ones in the order of their names.
fn describe_categories<'a>(
    reading: &mut ColumnReading,
    names: &[String],
    codes: impl Iterator<Item = &'a u32>,
) {
    let mut rows = vec![0; names.len()];
    codes.for_each(|code| rows[*code as usize] += 1);
    let mut found: Vec<(&String, usize)> = names.iter().zip(rows).collect();
    found.retain(|(_, rows)| *rows > 0);
    found.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    reading.further_categories = found.len().saturating_sub(MOST);
    let named = found.into_iter().take(MOST);
    reading.categories =
        named.map(|(name, rows)| CategoryRows { name: name.clone(), rows }).collect();
}

//! Rows of data as a network sees them, with and without noise on the input.

use crate::rng::{Address, Stream};

/// One row of each class, with and without noise.
#[derive(Clone, Debug, PartialEq)]
pub struct NoisyRows {
    /// The class of each row, in ascending order.
    pub labels: Vec<u32>,
    /// The rows without noise.
    pub rows: Vec<Vec<f64>>,
    /// Standard deviations, each with the rows under that noise. The draws are independent.
    pub noisy: Vec<(f64, Vec<Vec<f64>>)>,
}

/// Returns the first row of each class, and the same rows with Gaussian noise of the given standard
/// deviations.
pub fn noisy_rows<'a>(
    data: impl Iterator<Item = (&'a [f64], u32)>,
    classes: usize,
    stddevs: &[f64],
) -> NoisyRows {
    let mut first = vec![None; classes];
    for (row, label) in data {
        if let Some(first) = first.get_mut(label as usize) {
            first.get_or_insert(row);
        }
    }
    let found = (0..).zip(first).filter_map(|(label, row)| Some((label, row?.to_vec())));
    let (labels, rows): (Vec<u32>, Vec<Vec<f64>>) = found.unzip();
    let noisy = (0..).zip(stddevs).map(|(step, &stddev)| {
        let address = Address::new(0, "examples", Stream::Noise, step);
        let with_noise = |(number, row): (u32, &Vec<f64>)| {
            let mut normals = vec![0.; row.len()];
            address.fill_normal(number, row.len(), &mut normals);
            row.iter().zip(normals).map(|(x, z)| stddev.mul_add(f64::from(z), *x)).collect()
        };
        (stddev, (0..).zip(&rows).map(with_noise).collect())
    });
    let noisy = noisy.collect();
    NoisyRows { labels, rows, noisy }
}

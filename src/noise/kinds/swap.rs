//! Noise that takes values from other rows.

use candle_core::{Device, Result, Tensor, bail};

use crate::noise::batch::{BatchDraws, BatchKind};
use crate::noise::strength::Strength;

/// A share of the columns takes the values of another row; see [`SwapNoise`](crate::noise::SwapNoise).
#[derive(Clone, Debug, Default)]
pub struct Swap {
    /// The number of the column that each element of a row is of; each its own if there are none.
    columns: Vec<usize>,
}

impl Swap {
    /// Keeps elements of a row together that are of one column, such as the indicators of a category: `columns`
    /// has the number of the column of each. Without it each element is a column.
    pub fn of_columns(columns: Option<&[usize]>) -> Self {
        Self { columns: columns.unwrap_or_default().to_vec() }
    }

    /// Returns the number of the column of each element, and how many columns there are.
    fn columns(&self, width: usize) -> Result<(Vec<usize>, usize)> {
        match &self.columns[..] {
            [] => Ok(((0..width).collect(), width)),
            own if own.len() == width => {
                Ok((own.to_vec(), own.iter().max().map_or(0, |last| last + 1)))
            }
            own => bail!("swap: expected rows of {} elements, received {width}", own.len()),
        }
    }
}

impl BatchKind for Swap {
    const STRENGTH: Strength = Strength::rate("rate");

    fn apply(&self, xs: &Tensor, draws: &BatchDraws) -> Result<Tensor> {
        let (dims, rows) = (xs.dims(), draws.rows());
        let width: usize = dims[2.min(dims.len())..].iter().product();
        if rows < 2 || width == 0 {
            return Ok(xs.clone());
        }
        let (columns, count) = self.columns(width)?;
        // Two draws for each column: whether it changes, and to the values of which row.
        let uniforms = draws.uniforms(2 * count);
        let rates = draws.strengths().flat_map(|rate| std::iter::repeat_n(rate, rows));
        let mut from = Vec::with_capacity(uniforms.len() / 2 / count * width);
        for (place, (uniforms, rate)) in uniforms.chunks_exact(2 * count).zip(rates).enumerate() {
            let own = place % rows;
            let source = |(element, column): (usize, &usize)| {
                let [changes, partner] = [0, 1].map(|i| f64::from(uniforms[2 * column + i]));
                if changes > rate {
                    return own as u32;
                }
                // The partner is the n-th row after this one.
                let nth = |others: usize| {
                    ((partner * others as f64).ceil() as usize).clamp(1, others.max(1))
                };
                let Some(real) = draws.real() else {
                    return ((own + nth(rows - 1)) % rows) as u32;
                };
                // Of rows that have a real value there: none takes padding.
                let is_real = |row: &usize| real[(place - own + row) * width + element] != 0;
                let behind = || (1..rows).map(|behind| (own + behind) % rows).filter(is_real);
                behind().nth(nth(behind().count()) - 1).unwrap_or(own) as u32
            };
            from.extend(columns.iter().enumerate().map(source));
        }
        let shape = (draws.strengths().count(), rows, width);
        let from = Tensor::from_vec(from, shape, &Device::Cpu)?.to_device(xs.device())?;
        xs.reshape(shape)?.contiguous()?.gather(&from, 1)?.reshape(dims)
    }
}

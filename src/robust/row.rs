//! A row that is changed on the host, with draws of its own.

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use super::{Cell, Form, Measured, Rows, Spread};
use crate::rng::{Address, PhiloxRng, Stream};

/// A row that is changed, with draws that depend on seed, site, draw, row and element only.
#[derive(Debug)]
pub struct Row<'a> {
    /// The values, which become those of the changed row.
    pub values: &'a mut [f32],
    form: &'a Form,
    spreads: &'a [Spread],
    donors: &'a [f32],
    address: Address,
    number: u32,
}

impl<'a> Row<'a> {
    /// Returns the mean, scale and range of each input of a table, of each channel, or those of all pixels.
    pub fn spreads(&self) -> &'a [Spread] {
        self.spreads
    }

    /// Returns the measured rows of a table one after another; none if none were measured.
    pub fn donors(&self) -> &'a [f32] {
        self.donors
    }

    /// Returns the cells of a table.
    ///
    /// # Errors
    /// If the row is none.
    pub fn cells(&self) -> Result<&'a [Cell]> {
        match self.form {
            Form::Table { cells, .. } => Ok(cells),
            other => bail!("expected rows of a table, received {other:?}"),
        }
    }

    /// Returns the height and the width of an image.
    ///
    /// # Errors
    /// If the row is none.
    pub fn image(&self) -> Result<[usize; 2]> {
        match *self.form {
            Form::Image { height, width } => Ok([height, width]),
            ref other => bail!("expected images, received {other:?}"),
        }
    }

    /// Returns the number of channels without the mask, and that of steps within it.
    ///
    /// # Errors
    /// If the row is no sequence.
    pub fn steps(&self) -> Result<[usize; 2]> {
        match *self.form {
            Form::Steps { channels } => {
                let masks = self.values.iter().skip(channels).step_by(channels + 1);
                Ok([channels, masks.take_while(|mask| **mask != 0.).count()])
            }
            ref other => bail!("expected sequences, received {other:?}"),
        }
    }

    /// Returns what the row is made of.
    pub fn form(&self) -> &'a Form {
        self.form
    }

    /// Replaces each value that may change: `f` takes the number of the element, its value and its spread. Numbers
    /// that are missing, categories, indicators, masks and padding stay.
    pub fn for_each_free(&mut self, mut f: impl FnMut(usize, f32, &Spread) -> f32) {
        match self.form {
            Form::Table { cells, .. } => {
                for cell in cells {
                    let Cell::Number { input, missing, .. } = *cell else { continue };
                    if missing.is_none_or(|missing| self.values[missing] == 0.) {
                        self.values[input] = f(input, self.values[input], &self.spreads[input]);
                    }
                }
            }
            Form::Image { .. } => {
                let [pixel] = self.spreads else { return };
                for (element, value) in self.values.iter_mut().enumerate() {
                    *value = f(element, *value, pixel);
                }
            }
            Form::Steps { channels } => {
                let width = channels + 1;
                let steps = self.values.chunks_exact_mut(width).enumerate();
                for (step, values) in steps.filter(|(_, own)| own[*channels] != 0.) {
                    for (own, (value, spread)) in values.iter_mut().zip(self.spreads).enumerate() {
                        *value = f(step * width + own, *value, spread);
                    }
                }
            }
        }
    }

    /// Returns standard normal numbers.
    pub fn normals(&self, len: usize) -> Vec<f32> {
        let mut draws = vec![0.; len];
        self.address.fill_normal(self.number, len, &mut draws);
        draws
    }

    /// Returns uniform numbers in (0, 1].
    pub fn uniforms(&self, len: usize) -> Vec<f32> {
        let mut draws = vec![0.; len];
        self.address.fill_uniform(self.number, len, &mut draws);
        draws
    }

    /// Returns a generator for the distributions of `rand_distr`.
    pub fn rng(&self) -> PhiloxRng {
        self.address.rng(self.number)
    }
}

/// Changes rows one at a time, by draws at a site; pixels are clipped to 0 and 1 afterwards.
///
/// # Errors
/// If the rows are not made of what was measured, have another number of replicas than there are seeds, or `change`
/// fails.
pub(super) fn each_row(
    of: &Measured,
    rows: &Rows,
    seeds: &[u64],
    at: (&str, u32),
    change: impl Fn(&mut Row) -> Result<()> + Sync,
) -> Result<Tensor> {
    let xs = &rows.xs;
    of.form().check(xs.dims())?;
    let (replicas, count, len) = (xs.dim(0)?, xs.dim(1)?, rows.row_len());
    if seeds.len() != replicas || ![1, replicas].contains(&of.replicas()) {
        bail!(
            "expected rows of {} replicas, measured once or for each, received {replicas}, measured {} times",
            seeds.len(),
            of.replicas()
        )
    }
    let address = |seed: &u64| Address::new(*seed, at.0, Stream::Attack, at.1);
    let addresses: Vec<Address> = seeds.iter().map(address).collect();
    let mut values = xs.flatten_all()?.to_vec1::<f32>()?;
    let all = values.par_chunks_mut(len.max(1)).enumerate();
    all.try_for_each(|(place, values)| -> Result<()> {
        let (replica, row) = (place / count, place % count);
        let mut row = Row {
            values,
            form: of.form(),
            spreads: of.spreads(replica),
            donors: of.donors(replica),
            address: addresses[replica],
            number: rows.first + row as u32,
        };
        change(&mut row)?;
        if let Form::Image { .. } = of.form() {
            row.values.iter_mut().for_each(|pixel| *pixel = pixel.clamp(0., 1.));
        }
        Ok(())
    })?;
    Tensor::from_vec(values, xs.shape(), xs.device())
}

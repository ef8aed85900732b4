//! What an attacker may change of a row.

use candle_core::{D, DType, Device, Result, Tensor, bail};

/// What an attacker may change of a row, and how far: nothing is limited by default.
///
/// A row that lies outside the range itself may keep its values there, and move back.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The lowest and the highest value of each input.
    range: Option<[Tensor; 2]>,
    /// 1 for inputs that may change, 0 for others.
    free: Option<Tensor>,
    /// For each input, the index of the input that fixes it if nonzero, and 1 if there is such an input.
    held: Option<[Tensor; 2]>,
    /// Whether the last channel is a mask of steps.
    is_masked: bool,
}

impl Limits {
    /// Sets the lowest and the highest value of each input.
    ///
    /// # Shapes
    /// Those of a row, or of a part of its last axes; (R, 1, …) for each replica its own.
    #[must_use]
    pub fn range(self, low: Tensor, high: Tensor) -> Self {
        Self { range: Some([low, high]), ..self }
    }

    /// Limits the inputs of a table: `None` keeps an input unchanged, `Some(None)` lets it change, and
    /// `Some(Some(i))` lets it change in rows whose input `i` is 0, such as an indicator of missing values.
    ///
    /// # Errors
    /// If there is no such input.
    pub fn columns(self, inputs: &[Option<Option<usize>>]) -> Result<Self> {
        let device = &Device::Cpu;
        let holders: Vec<u32> = inputs
            .iter()
            .enumerate()
            .map(|(own, holder)| holder.flatten().unwrap_or(own) as u32)
            .collect();
        if let Some(wrong) = holders.iter().find(|own| **own as usize >= inputs.len()) {
            bail!("expected the number of an input below {}, received {wrong}", inputs.len())
        }
        let one_if = |of: fn(&Option<Option<usize>>) -> bool| -> Result<Tensor> {
            let ones: Vec<f32> = inputs.iter().map(|own| f32::from(u8::from(of(own)))).collect();
            Tensor::new(ones, device)
        };
        let free = one_if(|own| own.is_some())?;
        let held = [Tensor::new(holders, device)?, one_if(|own| own.flatten().is_some())?];
        Ok(Self { free: Some(free), held: Some(held), ..self })
    }

    /// Keeps the mask of sequences and their padding as they are: rows (T, C + 1), the last channel being 1 at a
    /// step and 0 after the steps.
    #[must_use]
    pub fn steps(self) -> Self {
        Self { is_masked: true, ..self }
    }

    /// Returns the limits on a device.
    ///
    /// # Errors
    /// If the device cannot hold them.
    pub fn on(&self, device: &Device) -> Result<Self> {
        let pair = |pair: &Option<[Tensor; 2]>| -> Result<Option<[Tensor; 2]>> {
            let Some([a, b]) = pair else { return Ok(None) };
            Ok(Some([a.to_device(device)?, b.to_device(device)?]))
        };
        let free = self.free.as_ref().map(|own| own.to_device(device)).transpose()?;
        let (range, held) = (pair(&self.range)?, pair(&self.held)?);
        Ok(Self { range, free, held, is_masked: self.is_masked })
    }

    /// Returns 1 for what may change of rows and 0 for the rest; `None` if all may.
    ///
    /// # Shapes
    /// (R, N, …).
    ///
    /// # Errors
    /// If the rows have other inputs.
    pub fn free(&self, rows: &Tensor) -> Result<Option<Tensor>> {
        if self.is_masked {
            let channels = rows.dim(D::Minus1)? - 1;
            let mask = rows.narrow(D::Minus1, channels, 1)?;
            let steps = rows.narrow(D::Minus1, 0, channels)?;
            let steps = mask.broadcast_as(steps.shape())?;
            return Tensor::cat(&[&steps, &mask.zeros_like()?], D::Minus1).map(Some);
        }
        let Some(free) = &self.free else { return Ok(None) };
        let free = free.broadcast_as(rows.shape())?;
        let Some([holders, is_held]) = &self.held else { return Ok(Some(free)) };
        let last = rows.rank() - 1;
        let holders = rows.contiguous()?.index_select(holders, last)?.ne(0f32)?;
        let held = holders.to_dtype(DType::F32)?.broadcast_mul(is_held)?;
        (free * (1. - held)?).map(Some)
    }

    /// Returns how many rows of the first replica have an input that may change outside its range.
    ///
    /// # Shapes
    /// (R, N, …).
    ///
    /// # Errors
    /// If the rows have other inputs.
    pub fn outside(&self, rows: &Tensor) -> Result<usize> {
        let Some([low, high]) = &self.range else { return Ok(0) };
        let moved = rows.broadcast_maximum(low)?.broadcast_minimum(high)?;
        let mut is_outside = moved.ne(rows)?.to_dtype(DType::F32)?;
        if let Some(free) = self.free(rows)? {
            is_outside = (is_outside * free)?;
        }
        let of_rows = is_outside.get(0)?.flatten_from(1)?.max(D::Minus1)?;
        Ok(of_rows.sum_all()?.to_scalar::<f32>()? as usize)
    }

    /// Returns rows within the limits: each input that may change moved into its range, the others as in `clean`.
    ///
    /// # Shapes
    /// (R, N, …).
    ///
    /// # Errors
    /// If the rows have other inputs.
    pub fn within(&self, moved: &Tensor, clean: &Tensor) -> Result<Tensor> {
        let moved = match &self.range {
            Some([low, high]) => {
                let (low, high) = (clean.broadcast_minimum(low)?, clean.broadcast_maximum(high)?);
                moved.maximum(&low)?.minimum(&high)?
            }
            None => moved.clone(),
        };
        match self.free(clean)? {
            Some(free) => free.ne(0f32)?.where_cond(&moved, clean),
            None => Ok(moved),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number, one with an indicator of missing values, and a category.
    #[test]
    fn a_table_keeps_categories_indicators_and_missing_values() -> Result<()> {
        let device = &Device::Cpu;
        let range = |x: f32| Tensor::new(&[x, x, 0., 0., 0.][..], device);
        let limits = Limits::default().range(range(-1.)?, range(1.)?);
        let limits = limits.columns(&[Some(None), Some(Some(2)), None, None, None])?;
        let clean = Tensor::new(&[[[0f32, 0.5, 0., 1., 0.], [-3., 0.5, 1., 0., 1.]]], device)?;
        let moved = (&clean + 4.)?;
        let found = limits.within(&moved, &clean)?.squeeze(0)?.to_vec2::<f32>()?;
        assert_eq!(found, [[1., 1., 0., 1., 0.], [1., 0.5, 1., 0., 1.]]);
        let found = limits.within(&(&clean - 4.)?, &clean)?.squeeze(0)?.to_vec2::<f32>()?;
        assert_eq!(found[1][0], -3., "a row outside of the range stays there");
        assert_eq!((limits.outside(&clean)?, limits.outside(&(&clean + 5.)?)?), (1, 2));
        assert!(Limits::default().columns(&[Some(Some(1))]).is_err());
        Ok(())
    }

    #[test]
    fn sequences_keep_their_mask_and_padding() -> Result<()> {
        let clean = Tensor::new(&[[[[1f32, 2., 1.], [0., 0., 0.]]]], &Device::Cpu)?;
        let found = Limits::default().steps().within(&(&clean + 0.5)?, &clean)?;
        assert_eq!(found.flatten_all()?.to_vec1::<f32>()?, [1.5, 2.5, 1., 0., 0., 0.]);
        Ok(())
    }
}

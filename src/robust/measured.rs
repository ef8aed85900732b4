//! Means, scales and ranges of inputs.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};

use super::{Cell, Form, Limits};
use crate::data::Samples;

/// The mean, scale and range of an input over training rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f32,
    /// The change that a strength of 1 means: a population standard deviation.
    pub scale: f32,
    /// The lowest value, or minus infinity if it is not known.
    pub low: f32,
    /// The highest value, or infinity if it is not known.
    pub high: f32,
}

/// A form with the mean, scale and range of each input.
///
/// | | mean | scale | range |
/// |---|---|---|---|
/// | numbers of a table | 0 | 1, they are standard scores; 0 if all training rows have the same number | training rows, by the preparation |
/// | categories and indicators | 0 | 0 | none |
/// | points, channels of sequences | measured | population standard deviation | measured |
/// | pixels | 0 | 1: black to white, as in Hendrycks and Dietterich 2019, arXiv:1903.12261 | 0 and 1 |
///
/// What is measured, over steps within the mask, is mean 0, scale 1 and unlimited if there are no rows to measure.
#[derive(Clone, Debug)]
pub struct Measured {
    form: Form,
    /// The spread of each input of a table or each channel, or one for all pixels; by replica if their rows differ.
    spreads: Vec<Vec<Spread>>,
    /// The rows of tables that swapped cells come from; by replica if their rows differ.
    donors: Option<Vec<Arc<[f32]>>>,
}

impl Spread {
    /// The spread of inputs that never change.
    const NONE: Self = Self { mean: 0., scale: 0., low: f32::NEG_INFINITY, high: f32::INFINITY };
    /// The spread of inputs that are not measured.
    const UNKNOWN: Self = Self { scale: 1., ..Self::NONE };
    /// The spread of pixels.
    const PIXEL: Self = Self { mean: 0., scale: 1., low: 0., high: 1. };

    /// Measures values.
    fn of(values: impl Iterator<Item = f32> + Clone) -> Self {
        let count = values.clone().count() as f64;
        if count == 0. {
            return Self::UNKNOWN;
        }
        let mean = values.clone().map(f64::from).sum::<f64>() / count;
        let squares: f64 = values.clone().map(|x| (f64::from(x) - mean).powi(2)).sum();
        Self {
            mean: mean as f32,
            scale: (squares / count).sqrt() as f32,
            low: values.clone().fold(f32::INFINITY, f32::min),
            high: values.fold(f32::NEG_INFINITY, f32::max),
        }
    }
}

impl Measured {
    /// Measures rows.
    pub(super) fn new(form: &Form, rows: Option<&Samples>) -> Result<Self> {
        let (mut own, mut len) = (Vec::new(), 1);
        if let Some(rows) = rows {
            let (xs, _) = rows.range(0, rows.rows())?;
            let xs = rows.with_replica_axis(xs)?;
            form.check(xs.dims())?;
            len = xs.dims()[2..].iter().product();
            if !matches!(form, Form::Image { .. }) {
                let values = xs.flatten_from(1)?.to_vec2::<f32>()?;
                own = values.into_iter().map(Arc::from).collect();
            }
        }
        let spreads = match &own[..] {
            [] => vec![spreads(form, &[], len)],
            own => own.iter().map(|rows| spreads(form, rows, len)).collect(),
        };
        let is_table = matches!(form, Form::Table { .. });
        let donors = Some(own).filter(|own| is_table && !own.is_empty());
        Ok(Self { form: form.clone(), spreads, donors })
    }

    /// Returns the form.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Returns whether there are rows from which cells are swapped.
    pub(super) fn has_donors(&self) -> bool {
        self.donors.is_some()
    }

    /// Returns the number of replicas with rows of their own, or 1.
    pub(super) fn replicas(&self) -> usize {
        self.spreads.len()
    }

    /// Returns the spreads of a replica: those of each input of a table, of each channel, or one for all pixels.
    pub fn spreads(&self, replica: usize) -> &[Spread] {
        of_replica(&self.spreads, replica).map_or(&[], Vec::as_slice)
    }

    /// Returns the rows from which cells of a replica are swapped.
    pub(super) fn donors(&self, replica: usize) -> &[f32] {
        self.donors.as_deref().and_then(|all| of_replica(all, replica)).map_or(&[], |own| own)
    }

    /// Returns what may change of rows; see [`Form::limits`].
    ///
    /// # Errors
    /// If an indicator is no input.
    pub fn limits(&self) -> Result<Limits> {
        let limits = Limits::default();
        let limits = limits.range(self.tensor(|own| own.low)?, self.tensor(|own| own.high)?);
        match &self.form {
            Form::Table { cells, width } => {
                let mut columns = vec![None; *width];
                for cell in cells {
                    if let Cell::Number { input, missing, .. } = cell
                        && let Some(column) = columns.get_mut(*input)
                    {
                        *column = Some(*missing);
                    }
                }
                limits.columns(&columns)
            }
            Form::Image { .. } => Ok(limits),
            Form::Steps { .. } => Ok(limits.steps()),
        }
    }

    /// Returns the scale of each input; see [`Form::scales`].
    ///
    /// # Errors
    /// If there is no memory for them.
    pub fn scales(&self) -> Result<Tensor> {
        self.tensor(|own| own.scale)
    }

    /// Returns a figure of each input.
    fn tensor(&self, of: fn(&Spread) -> f32) -> Result<Tensor> {
        let mut values = Vec::new();
        for own in &self.spreads {
            values.extend(own.iter().map(of));
            if let Form::Steps { .. } = self.form {
                values.push(of(&Spread::NONE));
            }
        }
        let device = &Device::Cpu;
        let width = values.len() / self.spreads.len().max(1);
        match self.form {
            Form::Table { .. } => Tensor::from_vec(values, (self.replicas(), 1, width), device),
            Form::Image { .. } => Tensor::from_vec(values, width, device),
            Form::Steps { .. } => Tensor::from_vec(values, (self.replicas(), 1, 1, width), device),
        }
    }
}

/// Returns the entry of a replica; a single entry is shared by all replicas.
fn of_replica<T>(all: &[T], replica: usize) -> Option<&T> {
    all.get(if all.len() == 1 { 0 } else { replica })
}

/// Measures rows of a length.
fn spreads(form: &Form, rows: &[f32], len: usize) -> Vec<Spread> {
    match form {
        Form::Table { cells, width } => {
            let mut all = vec![Spread::NONE; *width];
            for cell in cells {
                if let Cell::Number { input, range, .. } = cell
                    && let Some(own) = all.get_mut(*input)
                {
                    *own = match *range {
                        Some([low, high]) => {
                            Spread { mean: 0., scale: f32::from(low < high), low, high }
                        }
                        None => Spread::of(rows.iter().skip(*input).step_by(len.max(1)).copied()),
                    };
                }
            }
            all
        }
        Form::Image { .. } => vec![Spread::PIXEL],
        Form::Steps { channels } => {
            let steps = rows.chunks_exact(channels + 1).filter(|step| step[*channels] != 0.);
            (0..*channels).map(|own| Spread::of(steps.clone().map(move |step| step[own]))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::mixed;
    use super::*;
    use crate::bundle::Inputs;

    fn samples(xs: &Tensor) -> Result<Samples> {
        Samples::replicated(
            xs,
            &Tensor::zeros(&xs.dims()[..2], candle_core::DType::F32, xs.device())?,
        )
    }

    /// The population standard deviation of 1 and 3 is 1, and of 2 and 8 it is 3.
    #[test]
    fn points_are_measured_by_replica() -> Result<()> {
        let form = Form::of(&Inputs::points(2));
        let xs = Tensor::new(&[[[1f32, 2.], [3., 8.]], [[0., 0.], [4., 0.]]], &Device::Cpu)?;
        let scales = form.scales(&samples(&xs)?)?;
        assert_eq!(scales.dims(), [2, 1, 2]);
        assert_eq!(scales.flatten_all()?.to_vec1::<f32>()?, [1., 3., 2., 0.]);
        let measured = form.measured(Some(&samples(&xs)?))?;
        assert_eq!(measured.spreads(0)[1], Spread { mean: 5., scale: 3., low: 2., high: 8. });
        let moved = measured.limits()?.within(&(&xs + 100.)?, &xs)?;
        assert_eq!(moved.flatten_all()?.to_vec1::<f32>()?, [3., 8., 3., 8., 4., 0., 4., 0.]);
        let unmeasured = form.measured(None)?;
        assert_eq!(unmeasured.spreads(1), [Spread::UNKNOWN; 2]);
        Ok(())
    }

    #[test]
    fn tables_have_the_range_of_their_preparation() -> Result<()> {
        let form = Form::of(&Inputs::Table { preparation: mixed() });
        let xs =
            Tensor::new(&[[[0f32, 0., 0., 1., 0., 0.], [0.5, 1., 1., 0., 0., -5.]]], &Device::Cpu)?;
        let scales = form.scales(&samples(&xs)?)?.flatten_all()?.to_vec1::<f32>()?;
        assert_eq!(scales, [1., 0., 0., 0., 0., 1.]);
        let limits = form.limits(None)?;
        let moved = limits.within(&(&xs + 100.)?, &xs)?.squeeze(0)?.to_vec2::<f32>()?;
        assert_eq!(moved, [[3., 0., 0., 1., 0., 1.], [0.5, 1., 1., 0., 0., 1.]]);
        let moved = limits.within(&(&xs - 100.)?, &xs)?.squeeze(0)?.to_vec2::<f32>()?;
        assert_eq!(moved[1][5], -5., "a row outside of the range stays there");
        Ok(())
    }

    /// Channel 0 has 1, 5 and 3 within the mask, whose variance is 8/3.
    #[test]
    fn channels_are_measured_within_the_mask() -> Result<()> {
        let form = Form::Steps { channels: 1 };
        let xs = Tensor::new(&[[[[1f32, 1.], [5., 1.]], [[3., 1.], [99., 0.]]]], &Device::Cpu)?;
        let measured = form.measured(Some(&samples(&xs)?))?;
        let scale = (8f64 / 3.).sqrt() as f32;
        assert_eq!(measured.spreads(0), [Spread { mean: 3., scale, low: 1., high: 5. }]);
        assert_eq!(measured.scales()?.flatten_all()?.to_vec1::<f32>()?, [scale, 0.]);
        let moved = measured.limits()?.within(&(&xs + 100.)?, &xs)?;
        assert_eq!(moved.flatten_all()?.to_vec1::<f32>()?, [5., 1., 5., 1., 5., 1., 99., 0.]);
        Ok(())
    }

    #[test]
    fn pixels_stay_between_black_and_white() -> Result<()> {
        let form = Form::Image { height: 1, width: 2 };
        let xs = Tensor::new(&[[[[0.25f32, 0.5]]]], &Device::Cpu)?.unsqueeze(0)?;
        assert_eq!(form.scales(&samples(&xs)?)?.to_vec1::<f32>()?, [1.]);
        let moved = form.limits(None)?.within(&(&xs - 1.)?, &xs)?;
        assert_eq!(moved.flatten_all()?.to_vec1::<f32>()?, [0., 0.]);
        Ok(())
    }
}

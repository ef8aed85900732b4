//! What the draws of additive noise are multiplied by: y = x + scale · draw.

use candle_core::{DType, Device, Result, Tensor, bail};

use super::layer::Channels;
use super::learned::Learned;
use crate::ops::{Axis, NoiseDraw, at_least_single};

/// What the draws of a layer are multiplied by beside the strengths of its site.
#[derive(Clone, Debug, Default)]
pub(super) struct Scale {
    pub relative: Relative,
    /// A factor for each channel.
    pub factors: Option<(Vec<f64>, Channels)>,
    /// What takes the place of the strengths.
    pub learned: Option<Learned>,
}

/// What strengths are relative to.
#[derive(Clone, Debug, Default)]
pub(super) enum Relative {
    /// Nothing.
    #[default]
    No,
    /// The standard deviation of the real elements of each replica's batch.
    Batch,
    /// These standard deviations of the elements of a row.
    To(Tensor),
}

impl Scale {
    /// Returns whether the strengths are all there is.
    pub fn is_plain(&self) -> bool {
        let Self { relative, factors, learned } = self;
        matches!(relative, Relative::No) && factors.is_none() && learned.is_none()
    }

    /// Returns the factors of draws of strength 1 for a batch, with as many axes as it has.
    pub fn of(
        &self,
        xs: &Tensor,
        draws: &[NoiseDraw],
        axis: Axis,
        mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let batch = Batch { xs, axis };
        let strengths: Vec<f64> = draws.iter().map(|draw| draw.strength).collect();
        let mut scale = match &self.learned {
            Some(learned) => batch.fitted(&learned.strengths(&strengths)?, learned.channels())?,
            None => {
                let strengths = Tensor::from_vec(strengths, (draws.len(), 1), &Device::Cpu)?;
                batch.fitted(&strengths, Channels::Last)?
            }
        };
        if let Some((factors, channels)) = &self.factors {
            let factors = Tensor::from_slice(factors, (1, factors.len()), &Device::Cpu)?;
            scale = scale.broadcast_mul(&batch.fitted(&factors, *channels)?)?;
        }
        match &self.relative {
            Relative::No => Ok(scale),
            Relative::Batch => {
                let stds = stds(xs, draws.len(), mask)?;
                scale.broadcast_mul(&batch.fitted(&stds, Channels::Last)?)
            }
            Relative::To(stds) => scale.broadcast_mul(&batch.fitted_row(stds)?),
        }
    }
}

/// A batch over which factors are spread.
struct Batch<'a> {
    xs: &'a Tensor,
    axis: Axis,
}

impl Batch<'_> {
    /// Returns factors (R or 1, C or 1) of replicas and channels with the axes of the batch.
    fn fitted(&self, factors: &Tensor, channels: Channels) -> Result<Tensor> {
        let (replicas, count) = factors.dims2()?;
        let rank = self.xs.rank();
        let channel = match channels {
            Channels::First => self.first_of_row(),
            Channels::Last => rank - 1,
        };
        let found = self.xs.dims().get(channel).copied();
        if count != 1 && found != Some(count) {
            bail!("expected rows with {count} channels, received a batch {:?}", self.xs.dims())
        }
        let mut dims = vec![1; rank];
        if self.axis == Axis::Replicas {
            dims[0] = replicas;
        }
        if count != 1 {
            dims[channel] = count;
        }
        self.of_its_kind(factors)?.reshape(dims)
    }

    /// Returns factors of the elements of a row, the same for all replicas or with their axis first.
    fn fitted_row(&self, factors: &Tensor) -> Result<Tensor> {
        let (own, dims) = (factors.dims(), self.xs.dims());
        let row = &dims[self.first_of_row()..];
        let shape: Vec<usize> = match own {
            [replicas, own @ ..] if self.axis == Axis::Replicas && own == row => {
                [&[*replicas, 1], row].concat()
            }
            own if own == row => row.to_vec(),
            _ => bail!("expected the standard deviations of rows {row:?}, received shape {own:?}"),
        };
        let factors = self.of_its_kind(factors)?.reshape(shape)?;
        let ones = vec![1; dims.len() - factors.rank()];
        factors.reshape([&ones, factors.dims()].concat())
    }

    /// Returns factors on the device of the batch, in its precision and at least single.
    fn of_its_kind(&self, factors: &Tensor) -> Result<Tensor> {
        let dtype = if self.xs.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
        factors.to_dtype(dtype)?.to_device(self.xs.device())
    }

    /// Returns the first axis of a row. A plain tensor with one axis is a row.
    fn first_of_row(&self) -> usize {
        let before = 1 + usize::from(self.axis == Axis::Replicas);
        before.min(self.xs.rank() - 1)
    }
}

/// Returns the population standard deviation of each replica's real elements, (R, 1), without a gradient.
fn stds(xs: &Tensor, replicas: usize, mask: Option<&Tensor>) -> Result<Tensor> {
    let xs = at_least_single(&xs.detach())?.contiguous()?.reshape((replicas, ()))?;
    let mean = |values: &Tensor, count: &Tensor| values.sum_keepdim(1)?.broadcast_div(count);
    let real = match mask {
        Some(mask) => mask.reshape(xs.shape())?,
        None => Tensor::ones(xs.shape(), DType::U8, xs.device())?,
    };
    let only = |values: &Tensor| real.where_cond(values, &values.zeros_like()?);
    let count = real.to_dtype(xs.dtype())?.sum_keepdim(1)?.maximum(1f64)?;
    let squares = xs.broadcast_sub(&mean(&only(&xs)?, &count)?)?.sqr()?;
    mean(&only(&squares)?, &count)?.sqrt()
}

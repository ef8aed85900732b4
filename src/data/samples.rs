//! Samples on a device, with the replica axis of the training loop.

use candle_core::{Device, Result, Tensor, bail};

use crate::ops::take_rows;

/// Inputs and targets of one data set, shared by all replicas or with one set per replica.
///
/// # Shapes
/// `xs` (1 or R, N, …), `ys` (1 or R, N) or (1 or R, N, O).
#[derive(Clone, Debug)]
pub struct Samples {
    xs: Tensor,
    ys: Tensor,
    replica_axis: bool,
}

impl Samples {
    /// Creates samples for a plain Candle model, which has no replica axis.
    ///
    /// # Shapes
    /// `xs` (N, …), `ys` (N,) or (N, O).
    ///
    /// # Errors
    /// If the numbers of rows differ or are 0, or the inputs have rank 0 or 1.
    pub fn new(xs: &Tensor, ys: &Tensor) -> Result<Self> {
        if xs.rank() < 2 || ys.rank() < 1 || xs.dims()[0] != ys.dims()[0] || xs.dims()[0] == 0 {
            let (xs, ys) = (xs.dims(), ys.dims());
            bail!(
                "expected inputs (N, …) of rank 2 or more and targets (N, …) with equal N ≥ 1, \
                 received {xs:?} and {ys:?}"
            )
        }
        Ok(Self { replica_axis: false, ..Self::replicated(&xs.unsqueeze(0)?, &ys.unsqueeze(0)?)? })
    }

    /// Creates samples for a model with tensors that begin with the replica axis. A first axis of 1
    /// is shared by all replicas.
    ///
    /// # Shapes
    /// `xs` (1 or R, N, …), `ys` (1 or R, N) or (1 or R, N, O).
    ///
    /// # Errors
    /// If the numbers of replicas or rows differ, or there are no rows.
    pub fn replicated(xs: &Tensor, ys: &Tensor) -> Result<Self> {
        if xs.rank() < 3 || ys.rank() < 2 || xs.dims()[..2] != ys.dims()[..2] || xs.dim(1)? == 0 {
            let (xs, ys) = (xs.dims(), ys.dims());
            bail!(
                "expected inputs (R, N, …) and targets (R, N, …) with N ≥ 1 and equal R and N, \
                 received {xs:?} and {ys:?}"
            )
        }
        if xs.dim(0)? * xs.dim(1)? > u32::MAX as usize {
            bail!("expected at most 2^32 - 1 rows in all replicas, received {:?}", xs.dims())
        }
        Ok(Self { xs: xs.contiguous()?, ys: ys.contiguous()?, replica_axis: true })
    }

    /// Returns the number of rows N of each replica.
    pub fn rows(&self) -> usize {
        self.xs.dims()[1]
    }

    /// Returns the number of replicas with rows of their own; 1 if all replicas share them.
    pub fn replicas(&self) -> usize {
        self.xs.dims()[0]
    }

    /// Returns whether the model takes tensors with a replica axis.
    pub fn replica_axis(&self) -> bool {
        self.replica_axis
    }

    /// Returns the rows of `first` followed by those of the others; `None` if they do not fit each
    /// other.
    ///
    /// # Errors
    /// If a device fails.
    pub(crate) fn joined<'a>(
        first: &'a Self,
        others: impl Iterator<Item = &'a Self>,
    ) -> Result<Option<Self>> {
        let all: Vec<&Self> = [first].into_iter().chain(others).collect();
        let form = |t: &Tensor| (t.dims()[0], t.dims()[2..].to_vec(), t.dtype());
        let form = |samples: &Self| (samples.replica_axis, form(&samples.xs), form(&samples.ys));
        if all.iter().any(|samples| form(samples) != form(first)) {
            return Ok(None);
        }
        let (xs, ys): (Vec<_>, Vec<_>) = all.iter().map(|s| (&s.xs, &s.ys)).unzip();
        let (xs, ys) = (Tensor::cat(&xs, 1)?, Tensor::cat(&ys, 1)?);
        Ok(Some(Self { xs, ys, replica_axis: first.replica_axis }))
    }

    /// Stacks sets of equally many rows along the replica axis.
    ///
    /// # Errors
    /// If there are none, or their shapes differ.
    #[cfg(feature = "experiment")]
    pub(crate) fn stacked(sets: &[&Self]) -> Result<Self> {
        let (xs, ys): (Vec<_>, Vec<_>) = sets.iter().map(|set| (&set.xs, &set.ys)).unzip();
        Self::replicated(&Tensor::cat(&xs, 0)?, &Tensor::cat(&ys, 0)?)
    }

    /// Returns the samples on a device; on their own they stay as they are.
    ///
    /// # Errors
    /// If the device cannot hold them.
    #[cfg(feature = "experiment")]
    pub(crate) fn on(&self, device: &Device) -> Result<Self> {
        let [xs, ys] = [&self.xs, &self.ys].map(|t| t.to_device(device));
        Ok(Self { xs: xs?, ys: ys?, replica_axis: self.replica_axis })
    }

    /// Returns rows `start .. start + len` of all replicas, in order: the inputs as the model takes
    /// them, and the targets (1 or R, len, …).
    ///
    /// # Errors
    /// If the rows do not exist.
    pub fn range(&self, start: usize, len: usize) -> Result<(Tensor, Tensor)> {
        let cut =
            |t: &Tensor| if len == self.rows() { Ok(t.clone()) } else { t.narrow(1, start, len) };
        Ok((self.model_input(cut(&self.xs)?)?, cut(&self.ys)?))
    }

    /// Returns one batch per replica: `ids` (R, B) are row numbers, u32. The inputs are as the
    /// model takes them, the targets are (R, B, …).
    ///
    /// # Errors
    /// If a row does not exist, or the number of ids is not a multiple of `replicas`.
    pub fn batch(&self, ids: &[u32], replicas: usize) -> Result<(Tensor, Tensor)> {
        if replicas == 0 || !ids.len().is_multiple_of(replicas) {
            bail!("expected row numbers for {replicas} replicas, received {}", ids.len())
        }
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.rows()) {
            bail!("expected row numbers below {}, received {id}", self.rows())
        }
        self.take(&Tensor::from_slice(ids, (replicas, ids.len() / replicas), self.xs.device())?)
    }

    /// Returns the [`batch`](Self::batch) of existing row numbers (R, B) on the samples' device.
    pub(crate) fn take(&self, ids: &Tensor) -> Result<(Tensor, Tensor)> {
        let ids = match self.replicas() as u32 {
            1 => ids.clone(),
            replicas => {
                let rows = self.rows() as u32;
                let first: Vec<u32> = (0..replicas).map(|replica| replica * rows).collect();
                ids.broadcast_add(&Tensor::new(first, ids.device())?.unsqueeze(1)?)?
            }
        };
        let take = |t: &Tensor| take_rows(&t.flatten(0, 1)?, &ids);
        Ok((self.model_input(take(&self.xs)?)?, take(&self.ys)?))
    }

    /// Returns the device of the samples.
    pub(crate) fn device(&self) -> &Device {
        self.xs.device()
    }

    /// Returns the population standard deviation of each column over the rows, (R, I) or, for a model without a
    /// replica axis, (I,); `None` if the rows have no columns.
    ///
    /// # Errors
    /// If a device fails.
    #[cfg(feature = "experiment")]
    pub(crate) fn column_stds(&self) -> Result<Option<Tensor>> {
        if self.xs.rank() != 3 {
            return Ok(None);
        }
        let means = self.xs.mean_keepdim(1)?;
        let stds = self.xs.broadcast_sub(&means)?.sqr()?.mean(1)?.sqrt()?;
        self.model_input(stds).map(Some)
    }

    /// Adds the replica axis to the model's output, if it has none: (R, B, …).
    ///
    /// # Errors
    /// If the axis cannot be added.
    pub fn with_replica_axis(&self, ys: Tensor) -> Result<Tensor> {
        if self.replica_axis { Ok(ys) } else { ys.unsqueeze(0) }
    }

    fn model_input(&self, xs: Tensor) -> Result<Tensor> {
        if self.replica_axis { Ok(xs) } else { xs.squeeze(0) }
    }
}

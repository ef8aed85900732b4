//! Samples on a device, with the replica axis that the training loop works on.

use candle_core::{Device, Result, Tensor, bail};

use crate::ops::take_rows;

/// Inputs and targets of one data set, shared by all replicas or one set a replica.
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
    /// Samples for a plain Candle model, one without a replica axis.
    ///
    /// # Shapes
    /// `xs` (N, …), `ys` (N,) or (N, O).
    ///
    /// # Errors
    /// When the numbers of rows differ or are 0.
    pub fn new(xs: &Tensor, ys: &Tensor) -> Result<Self> {
        if xs.rank() < 2 || ys.rank() < 1 {
            let (xs, ys) = (xs.dims(), ys.dims());
            bail!("expected inputs of shape (N, …) and targets (N, …), received {xs:?} and {ys:?}")
        }
        Ok(Self { replica_axis: false, ..Self::replicated(&xs.unsqueeze(0)?, &ys.unsqueeze(0)?)? })
    }

    /// Samples for a model whose tensors begin with the replica axis. A first axis of 1 is shared
    /// by all replicas.
    ///
    /// # Shapes
    /// `xs` (1 or R, N, …), `ys` (1 or R, N) or (1 or R, N, O).
    ///
    /// # Errors
    /// When the numbers of replicas or rows differ or there are no rows.
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

    /// Number of rows N of each replica.
    pub fn rows(&self) -> usize {
        self.xs.dims()[1]
    }

    /// Number of replicas with rows of their own; 1 when all share them.
    pub fn replicas(&self) -> usize {
        self.xs.dims()[0]
    }

    /// Whether the model takes tensors with a replica axis.
    pub fn replica_axis(&self) -> bool {
        self.replica_axis
    }

    /// The rows of `first` and then those of the others, `None` where they do not fit each other.
    ///
    /// # Errors
    /// When a device fails.
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

    /// Rows `start .. start + len` of all replicas, in order: inputs as the model takes them and
    /// targets (1 or R, len, …).
    ///
    /// # Errors
    /// When the rows do not exist.
    pub fn range(&self, start: usize, len: usize) -> Result<(Tensor, Tensor)> {
        let cut =
            |t: &Tensor| if len == self.rows() { Ok(t.clone()) } else { t.narrow(1, start, len) };
        Ok((self.model_input(cut(&self.xs)?)?, cut(&self.ys)?))
    }

    /// One batch for each replica: `ids` (R, B) are row numbers, u32. Gives the inputs as the model
    /// takes them and the targets (R, B, …).
    ///
    /// # Errors
    /// When a row does not exist or their number is no multiple of `replicas`.
    pub fn batch(&self, ids: &[u32], replicas: usize) -> Result<(Tensor, Tensor)> {
        if replicas == 0 || !ids.len().is_multiple_of(replicas) {
            bail!("expected row numbers for {replicas} replicas, received {}", ids.len())
        }
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.rows()) {
            bail!("expected row numbers below {}, received {id}", self.rows())
        }
        self.take(&Tensor::from_slice(ids, (replicas, ids.len() / replicas), self.xs.device())?)
    }

    /// [`batch`](Self::batch) by row numbers (R, B) that exist, on the samples' device.
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

    /// The device that holds them.
    pub(crate) fn device(&self) -> &Device {
        self.xs.device()
    }

    /// The model's output with the replica axis: (R, B, …).
    ///
    /// # Errors
    /// Never for the output of a model.
    pub fn with_replica_axis(&self, ys: Tensor) -> Result<Tensor> {
        if self.replica_axis { Ok(ys) } else { ys.unsqueeze(0) }
    }

    fn model_input(&self, xs: Tensor) -> Result<Tensor> {
        if self.replica_axis { Ok(xs) } else { xs.squeeze(0) }
    }
}

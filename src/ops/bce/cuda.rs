//! The CUDA side.

use candle_core::{CudaStorage, Layout, Result, Shape};

use super::custom::Scores;
use crate::ops::cuda::{Batches, launch, result, room, values};

/// A tensor of an op's arguments.
type Argument<'a> = (&'a CudaStorage, &'a Layout);

impl Scores {
    pub(super) fn cuda(
        &self,
        logits: Argument,
        (targets, layout): Argument,
    ) -> Result<(CudaStorage, Shape)> {
        let (device, ys) = (&logits.0.device, values(targets, layout)?);
        let Batches { values: zs, replicas, batch, stride } =
            &Batches::<f32>::new(logits.0, logits.1)?;
        let (tasks, shared) = (replicas * batch, ys.len());
        let shape = self.shape(*replicas);
        let (loss, hits) = (i32::from(self.has_loss()), i32::from(self.has_hits()));
        let means = if self.has_loss() { *replicas } else { 0 };
        let mut scores = room(device, shape.elem_count() * batch)?;
        let mut sums = room(device, shape.elem_count())?;
        // SAFETY: the first kernel reads a batch of logits at each stride and `shared` targets, and
        // writes a batch for each sum, of which the second reads a batch a task.
        unsafe {
            launch!(
                device,
                "binary_scores",
                tasks,
                zs,
                &ys,
                &mut scores,
                batch,
                stride,
                &shared,
                &loss,
                &hits
            );
            launch!(
                device,
                "sum_by_replica",
                shape.elem_count(),
                &scores,
                &mut sums,
                batch,
                &means
            );
        }
        Ok(result(sums, device, shape))
    }
}

/// The gradient in the logits, from one for each replica.
pub(super) fn grad(
    logits: Argument,
    (targets, layout): Argument,
    (grad, grad_layout): Argument,
) -> Result<(CudaStorage, Shape)> {
    let (device, shape) = (&logits.0.device, logits.1.shape());
    let (ys, grad) = (values(targets, layout)?, values(grad, grad_layout)?);
    let Batches { values: zs, batch, stride, .. } = &Batches::<f32>::new(logits.0, logits.1)?;
    let (tasks, shared) = (shape.elem_count(), ys.len());
    let mut dz = room(device, tasks)?;
    // SAFETY: the kernel reads a batch of logits at each stride, `shared` targets and a gradient for
    // each batch, and writes as many elements as there are tasks.
    unsafe {
        launch!(device, "bce_grad", tasks, zs, &ys, &grad, &mut dz, batch, stride, &shared);
    }
    Ok(result(dz, device, shape))
}

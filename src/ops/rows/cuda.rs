//! The CUDA side.

use candle_core::{CudaStorage, Layout, Result, Shape};

use super::{Permutations, TakeRows, taken};
use crate::ops::cuda::{Batches, launch, result, room, room_of, values, values_of};

impl TakeRows {
    pub(super) fn cuda(
        &self,
        (xs, xs_layout): (&CudaStorage, &Layout),
        (ids, ids_layout): (&CudaStorage, &Layout),
    ) -> Result<(CudaStorage, Shape)> {
        let device = &xs.device;
        let shape = Shape::from(taken(xs_layout.dims(), ids_layout.dims()));
        let xs = values(xs, xs_layout)?;
        let Batches { values: ids, batch, stride, .. } = &Batches::<u32>::new(ids, ids_layout)?;
        let tasks = shape.elem_count();
        let row_len = xs_layout.dims()[1..].iter().product::<usize>();
        let mut ys = room(device, tasks)?;
        // SAFETY: the kernel writes an element a task, and reads those of the rows that `ids` names,
        // which its makers keep below the number of rows.
        unsafe {
            launch!(device, "take_rows", tasks, &xs, ids, &mut ys, &row_len, batch, stride);
        }
        Ok(result(ys, device, shape))
    }
}

impl Permutations {
    pub(super) fn cuda(&self, keys: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let device = &keys.device;
        let (replicas, _) = layout.shape().dims2()?;
        let keys = values_of::<u32>(keys, layout)?;
        let Self { step, rows, .. } = self;
        let stream = self.stream as u32;
        let mut orders = room_of::<u32>(device, replicas * rows)?;
        // SAFETY: each task reads two words of `keys` and writes `rows` numbers.
        unsafe {
            launch!(device, "permutations", replicas, &keys, &mut orders, rows, step, &stream);
        }
        Ok(result(orders, device, (replicas, *rows)))
    }
}

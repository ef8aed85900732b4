//! The CUDA side of what lies between two products.

use candle_core::{CudaStorage, Layout, Result, Shape};

use super::between::{Finish, Gate, SumRows};
use crate::ops::cuda::{Optional, launch, result, room, values, values_mut};
use crate::ops::noise::{DrawTable, quads};

impl Finish {
    pub(super) fn cuda(
        &self,
        (ys, ys_layout): (&mut CudaStorage, &Layout),
        (bias, bias_layout): (&CudaStorage, &Layout),
    ) -> Result<()> {
        let device = &ys.device.clone();
        let (replicas, rows, width) = ys_layout.shape().dims3()?;
        let (mut ys, bias) = (values_mut(ys, ys_layout)?, values(bias, bias_layout)?);
        let (tasks, relu) = (quads(replicas * rows, width), i32::from(self.relu));
        let is_noisy = self.draws.iter().any(Option::is_some);
        let table = is_noisy.then(|| DrawTable::new(device, self.draws.iter().copied()));
        let table = table.transpose()?;
        let first = table.as_ref().map_or(0, |table| table.first);
        let (ys, draws) = (&mut ys, &Optional(table.as_ref().map(|table| &*table.words)));
        // SAFETY: the kernel writes (R, rows, width) elements, reads (R, width) of `bias` and, where
        // there is a table, R draws.
        unsafe {
            launch!(device, "finish", tasks, ys, &bias, draws, &first, &rows, &width, &relu);
        }
        Ok(())
    }
}

impl Gate {
    pub(super) fn cuda(
        &self,
        (grad, grad_layout): (&mut CudaStorage, &Layout),
        (gates, gates_layout): (&CudaStorage, &Layout),
    ) -> Result<()> {
        let device = &grad.device.clone();
        let (mut grad, gates) = (values_mut(grad, grad_layout)?, values(gates, gates_layout)?);
        // SAFETY: both have as many elements as there are tasks.
        unsafe {
            launch!(device, "gate", gates.len(), &mut grad, &gates);
        }
        Ok(())
    }
}

impl SumRows {
    pub(super) fn cuda(
        &self,
        storage: &CudaStorage,
        layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let device = &storage.device;
        let (replicas, rows, width) = layout.shape().dims3()?;
        let xs = values(storage, layout)?;
        let mut sums = room(device, replicas * width)?;
        // SAFETY: the kernel reads (R, rows, width) elements and writes (R, width).
        unsafe {
            launch!(device, "sum_rows", replicas * width, &xs, &mut sums, &rows, &width);
        }
        Ok(result(sums, device, (replicas, 1, width)))
    }
}

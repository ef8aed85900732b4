//! The CUDA side: all replicas in one launch.

use candle_core::{CudaStorage, DType, Layout, Result, Shape, Storage, Tensor};

use super::{Band, Effect, Law};
use crate::ops::cuda::{Optional, launch, result, room, table, values};
use crate::ops::noise::{DrawTable, NoiseDraw, quads};

/// The noise of all replicas, or its backward pass.
pub(crate) struct Perturbation<'a> {
    pub draws: &'a [NoiseDraw],
    /// One for each draw.
    pub laws: &'a [Law],
    /// The number of the draw of each element of a row.
    pub indices: &'a [usize],
    /// 1 for real elements and 0 for others, in u8; without it all are real.
    pub mask: Option<&'a Tensor>,
    /// The row of the draws of a replica's first row, and the step to that of the next.
    pub numbers: [u32; 2],
    pub is_backward: bool,
}

impl Perturbation<'_> {
    /// Changes a contiguous f32 tensor.
    pub fn cuda(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let device = &storage.device;
        let xs = values(storage, layout)?;
        let mut ys = room(device, xs.len())?;
        let row_len = self.indices.len();
        let all_rows = xs.len().checked_div(row_len).unwrap_or(0);
        let rows = all_rows / self.draws.len();
        let DrawTable { words, first } =
            DrawTable::new(device, self.draws.iter().copied().map(Some))?;
        let laws = self.laws.iter().flat_map(words_of).collect::<Vec<u64>>();
        let laws = table(device, bytemuck::cast_slice(&laws).to_vec())?;
        let indices = self.shared_indices().map(|indices| table(device, indices)).transpose()?;
        let indices = Optional(indices.as_deref());
        let real = self.real(all_rows)?;
        let real = real.as_ref().map(|real| real.storage_and_layout().0);
        let real = match real.as_deref() {
            Some(Storage::Cuda(real)) => Optional(Some(real.as_cuda_slice::<f64>()?)),
            _ => Optional(None),
        };
        let (tasks, draws, laws) = (quads(all_rows, row_len), &*words, &*laws);
        let [own, step] = &self.numbers;
        let (ys_out, back) = (&mut ys, i32::from(self.is_backward));
        // SAFETY: the kernel reads and writes (R, rows, row_len) elements, and reads R draws, R laws
        // and, where they are, `row_len` indices and R · rows counts.
        unsafe {
            launch!(
                device, "perturb", tasks, &xs, ys_out, draws, &first, laws, &indices, &real, &rows,
                &row_len, own, step, &back
            );
        }
        Ok(result(ys, device, layout.shape()))
    }

    /// The words of the indices, if elements share draws.
    fn shared_indices(&self) -> Option<Vec<u32>> {
        let is_shared = self.indices.last().is_some_and(|last| last + 1 < self.indices.len());
        is_shared.then(|| bytemuck::cast_slice(self.indices).to_vec())
    }

    /// The number of real elements of each row, in f64, if a law uses it and not all are real.
    fn real(&self, rows: usize) -> Result<Option<Tensor>> {
        let by_row = |band: &Band| matches!(band.effect, Effect::AddToRow(_));
        let uses = self.laws.iter().any(|law| law.bands.iter().any(by_row));
        match self.mask {
            Some(mask) if rows > 0 && uses && !self.is_backward => {
                let mask = mask.reshape((rows, self.indices.len()))?;
                Ok(Some(mask.to_dtype(DType::F64)?.sum(1)?))
            }
            _ => Ok(None),
        }
    }
}

/// A law as the kernel's own.
fn words_of(law: &Law) -> [u64; 9] {
    let [a, b] = law.bands.map(|Band { end, effect }| {
        let (code, number, offset) = match effect {
            Effect::Add(scale) => (0, scale, 0.),
            Effect::AddToRow(scale) => (1, scale, 0.),
            Effect::Multiply(scale) => (2, scale, 0.),
            Effect::Affine { factor, offset } => (3, factor, offset),
            Effect::Set(value) => (4, value, 0.),
        };
        [end.to_bits(), code, number.to_bits(), offset.to_bits()]
    });
    [law.draw as u64, a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]]
}

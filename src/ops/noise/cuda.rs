//! The CUDA side: all replicas in one launch.

use std::rc::Rc;

use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::{CudaDevice, CudaStorage, Layout, Result, Shape};

use super::{AddNoise, NoiseDraw};
use crate::ops::cuda::{Blocks, launch, result, room, table, values};

/// The draws of each replica on a device, as the kernels' `Draw`.
pub struct DrawTable {
    pub words: Rc<CudaSlice<u32>>,
    /// What is to be added to their steps.
    pub first: u32,
}

impl DrawTable {
    /// The words of draws with their steps as they are.
    pub fn absolute(draws: &[NoiseDraw]) -> impl Iterator<Item = u32> {
        draws.iter().flat_map(|draw| words(Some(*draw), 0))
    }

    /// A replica without a draw has strength 0.
    pub fn new(
        device: &CudaDevice,
        draws: impl Iterator<Item = Option<NoiseDraw>> + Clone,
    ) -> Result<Self> {
        let noisy = |draw: &NoiseDraw| draw.strength != 0.;
        let first = draws.clone().flatten().find(noisy).map_or(0, |draw| draw.address.step);
        // With steps counted from the first one's, the next step of a site has the same table.
        let words = draws.flat_map(|draw| words(draw.filter(noisy), first)).collect();
        Ok(Self { words: table(device, words)?, first })
    }
}

/// The kernels' `Draw`, with its step counted from a first one.
fn words(draw: Option<NoiseDraw>, first: u32) -> [u32; 5] {
    let Some(NoiseDraw { address, strength }) = draw else { return [0; 5] };
    let [k0, k1] = address.key.words();
    let stddev = (strength as f32).to_bits();
    [k0, k1, address.step.wrapping_sub(first), address.stream as u32, stddev]
}

/// The number of tasks of a kernel that works on four neighbours in a row at a time.
pub fn quads(rows: usize, row_len: usize) -> usize {
    rows * row_len.div_ceil(4)
}

impl AddNoise {
    pub(super) fn cuda(
        &self,
        storage: &CudaStorage,
        layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let device = &storage.device;
        let xs = values(storage, layout)?;
        let mut ys = room(device, xs.len())?;
        let DrawTable { words, first } =
            DrawTable::new(device, self.draws.iter().copied().map(Some))?;
        let all_rows = xs.len().checked_div(self.row_len).unwrap_or(0);
        let (rows, row_len) = (all_rows / self.draws.len(), self.row_len);
        let tasks = quads(all_rows, row_len);
        // Enough threads are left to keep a GPU busy.
        let each = match tasks {
            0x100_0000.. => 16,
            0x10_0000.. => 4,
            _ => 1,
        };
        let blocks = Blocks::of_several(tasks, each)?;
        // SAFETY: the kernel reads and writes (R, rows, row_len) elements and reads R draws.
        unsafe {
            launch!(
                device,
                "add_noise",
                blocks,
                &xs,
                &mut ys,
                &*words,
                &first,
                &rows,
                &row_len,
                &each
            );
        }
        Ok(result(ys, device, layout.shape()))
    }
}

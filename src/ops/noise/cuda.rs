//! The CUDA side: all replicas in one launch.

use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::{CudaDevice, CudaStorage, Layout, Result, Shape};

use super::{AddNoise, NoiseDraw};
use crate::ops::cuda::{launch, result, room, values};

/// The draws of each replica on the device, as the kernels' `Draw`; one without noise has strength
/// 0.
pub fn draw_table(
    device: &CudaDevice,
    draws: impl Iterator<Item = Option<NoiseDraw>>,
) -> Result<CudaSlice<u32>> {
    let words = |draw: Option<NoiseDraw>| match draw {
        Some(NoiseDraw { address, strength }) => {
            let [k0, k1] = address.key.words();
            let stddev = (strength as f32).to_bits();
            [k0, k1, address.step, address.stream as u32, stddev]
        }
        None => [0; 5],
    };
    device.clone_htod(&draws.flat_map(words).collect::<Vec<_>>())
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
        let draws = draw_table(device, self.draws.iter().copied().map(Some))?;
        let all_rows = xs.len().checked_div(self.row_len).unwrap_or(0);
        let (rows, row_len) = (all_rows / self.draws.len(), self.row_len);
        let tasks = quads(all_rows, row_len);
        // SAFETY: the kernel reads and writes (R, rows, row_len) elements and reads R draws.
        unsafe {
            launch!(device, "add_noise", tasks, &xs, &mut ys, &draws, &rows, &row_len);
        }
        Ok(result(ys, device, layout.shape()))
    }
}

//! Small tables that kernels read.

use std::cell::RefCell;
use std::rc::Rc;

use candle_core::cuda_backend::DeviceId;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, LaunchArgs, PushKernelArg};
use candle_core::{CudaDevice, Result};

/// Tables that a thread keeps on devices. A site of noise has up to three.
const MOST: usize = 192;

/// A table, and what it was made of.
type Kept = (DeviceId, Vec<u32>, Rc<CudaSlice<u32>>);

thread_local! {
    /// Tables of earlier steps, which most steps use again.
    static TABLES: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// Returns a table on a device. It is copied there unless an earlier one with the same words is.
pub fn table(device: &CudaDevice, words: Vec<u32>) -> Result<Rc<CudaSlice<u32>>> {
    TABLES.with_borrow_mut(|tables| {
        let is_kept = |(id, other, _): &&Kept| *id == device.id() && *other == words;
        if let Some((.., kept)) = tables.iter().find(is_kept) {
            return Ok(kept.clone());
        }
        let table = Rc::new(device.clone_htod(&words)?);
        if tables.len() == MOST {
            tables.remove(0);
        }
        tables.push((device.id(), words, table.clone()));
        Ok(table)
    })
}

/// A table that a kernel may do without: it takes null then.
#[derive(Debug)]
pub struct Optional<'a, T>(pub Option<&'a CudaSlice<T>>);

// SAFETY: the argument is a device pointer in either case.
unsafe impl<'a, 'b: 'a, T> PushKernelArg<&'b Optional<'b, T>> for LaunchArgs<'a> {
    fn arg(&mut self, Optional(table): &'b Optional<'b, T>) -> &mut Self {
        match table {
            Some(table) => self.arg(*table),
            None => self.arg(&0u64),
        }
    }
}

//! What is measured on.

use std::time::Instant;

use candle_core::{Device, Result};
use criterion::Bencher;

/// The CPU, and the first CUDA device where there is one.
pub fn devices() -> impl Iterator<Item = Device> {
    [Device::Cpu].into_iter().chain(Device::new_cuda(0).ok())
}

/// The name of a group on a device.
pub fn group(device: &Device, name: &str) -> String {
    if device.is_cpu() { name.to_string() } else { format!("cuda/{name}") }
}

/// Measures what a device does rather than what it is told: from the first call to the end of the last
/// one's work.
pub fn iter<T>(b: &mut Bencher, device: &Device, mut f: impl FnMut() -> Result<T>) {
    b.iter_custom(|calls| {
        let begin = Instant::now();
        for _ in 0..calls {
            f().expect("what is measured works");
        }
        device.synchronize().expect("the device works");
        begin.elapsed()
    });
}

//! The CUDA sides against the CPU's. Without a device each test prints that it was skipped, and fails if
//! `CANDLE_NOISE_NEEDS_CUDA` is set.

mod attacks;
mod auto;
mod devices;
mod family;
mod many_epochs;
mod networks;
mod ops;
mod perturb;
mod training;

use candle_core::{Device, Result, Tensor};

fn device() -> Option<Device> {
    match Device::new_cuda(0) {
        Ok(device) => Some(device),
        Err(error) if std::env::var_os("CANDLE_NOISE_NEEDS_CUDA").is_some() => panic!("{error}"),
        Err(_) => {
            println!("skipped: no CUDA device");
            None
        }
    }
}

/// Numbers without pattern in (−1, 1), the same on every machine.
fn numbers(shape: &[usize], salt: usize) -> Result<Tensor> {
    let count = shape.iter().product();
    let value = |i: usize| (((i + 1) * 7919 + salt * 104_729) % 2003) as f32 / 1001.5 - 1.;
    Tensor::from_vec((0..count).map(value).collect::<Vec<f32>>(), shape, &Device::Cpu)
}

fn bits(tensor: &Tensor) -> Result<Vec<u32>> {
    Ok(tensor.flatten_all()?.to_vec1::<f32>()?.iter().map(|x| x.to_bits()).collect())
}

/// The largest difference, as a share of the largest value.
fn difference(a: &Tensor, b: &Tensor) -> Result<f32> {
    let (a, b) = (a.flatten_all()?.to_vec1::<f32>()?, b.flatten_all()?.to_vec1::<f32>()?);
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(f32::MIN_POSITIVE, |most, x| most.max(x.abs()));
    Ok(a.iter().zip(&b).fold(0f32, |most, (a, b)| most.max((a - b).abs())) / largest)
}

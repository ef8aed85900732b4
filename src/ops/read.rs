//! Tensors of a safetensors file.

use std::collections::HashMap;

use candle_core::safetensors::{Load, SliceSafetensors};
use candle_core::{DType, Device, Result, Tensor, bail};

/// Returns the tensors of a safetensors file by name, on the CPU. Header and tensors are as long as
/// the bytes, whatever extents the header declares: memory is a small multiple of their length.
///
/// # Errors
/// If the bytes are not such a file, or Candle cannot hold a tensor: it multiplies the extents even
/// of an empty tensor, and has four types without any operation.
pub(crate) fn read_tensors(bytes: &[u8]) -> Result<HashMap<String, Tensor>> {
    let file = SliceSafetensors::new(bytes)?;
    let mut tensors = HashMap::new();
    for (name, view) in file.tensors() {
        let mut extents = view.shape().iter().filter(|extent| **extent > 0);
        if extents.try_fold(1usize, |all, extent| all.checked_mul(*extent)).is_none() {
            bail!(
                "tensor {name}: expected extents with a product below 2^64, received {:?}",
                view.shape()
            )
        }
        let tensor = view.load(&Device::Cpu)?;
        if let DType::F4 | DType::F6E2M3 | DType::F6E3M2 | DType::F8E8M0 = tensor.dtype() {
            bail!("tensor {name}: expected a type to compute with, received {:?}", tensor.dtype())
        }
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one tensor `a`.
    fn file(dtype: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!(
            r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[0,{}]}}}}"#,
            data.len()
        );
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn tensors_have_the_values_of_the_file() -> Result<()> {
        let tensors = read_tensors(&file("U32", "[2,1]", &[1, 0, 0, 0, 0, 1, 0, 0]))?;
        assert_eq!(tensors["a"].to_vec2::<u32>()?, [[1], [256]]);
        assert_eq!(read_tensors(&file("F32", "[3,0]", &[]))?["a"].dims(), [3, 0]);
        Ok(())
    }

    #[test]
    fn tensors_that_candle_cannot_hold_are_refused() {
        let cases = [
            (file("F32", "[0,1099511627776,1099511627776]", &[]), "a: expected extents"),
            (file("F32", "[1000000000000]", &[0; 4]), "invalid shape"),
            (file("F4", "[4]", &[0; 2]), "a: expected a type to compute with, received F4"),
            (file("F32", "[2]", &[0; 8])[..40].to_vec(), "invalid header"),
        ];
        for (bytes, expected) in cases {
            let error = read_tensors(&bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}

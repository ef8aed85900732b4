//! The precision in which rows are summed.

use candle_core::{DType, Result, Tensor};

/// Returns half-precision numbers as f32, and others as they are. A sum over the rows of a batch needs
/// more digits than f16 or bf16 have. The gradient has the dtype of `xs`.
pub fn at_least_single(xs: &Tensor) -> Result<Tensor> {
    match xs.dtype() {
        DType::F16 | DType::BF16 => xs.to_dtype(DType::F32),
        _ => Ok(xs.clone()),
    }
}

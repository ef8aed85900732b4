//! Weights that are no numbers although the loss is one.

use candle_core::{CpuStorage, DType, Result, Storage, Var};

/// Returns for each replica whether all its weights are finite. A rectifier that makes 0 of NaN, as
/// Candle's does, hides from the loss that they are not. A variable without the replica axis belongs to
/// every replica.
pub(super) fn finite_replicas(vars: &[Var], replicas: usize) -> Result<Vec<bool>> {
    let mut finite = vec![true; replicas];
    for var in vars {
        let parts = if var.dims().first() == Some(&replicas) { replicas } else { 1 };
        let own = finite_parts(var, parts)?;
        finite.iter_mut().zip(own.iter().cycle()).for_each(|(all, own)| *all &= own);
    }
    Ok(finite)
}

/// Returns for each equal part of a variable whether its numbers are finite.
fn finite_parts(var: &Var, parts: usize) -> Result<Vec<bool>> {
    let (storage, layout) = var.storage_and_layout();
    let len = (var.elem_count() / parts).max(1);
    Ok(match (&*storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(xs)), Some((start, end))) => {
            xs[start..end].chunks(len).map(are_finite).collect()
        }
        _ => {
            drop(storage);
            // 0 · x is 0 for numbers and NaN for others.
            let xs = var.as_detached_tensor().flatten_all()?.reshape((parts, ()))?;
            let sums = xs.affine(0., 0.)?.sum(1)?.to_dtype(DType::F32)?;
            sums.to_vec1::<f32>()?.into_iter().map(f32::is_finite).collect()
        }
    })
}

/// The exponents of infinity and NaN have all bits set. Without an early end the loop runs in vectors.
fn are_finite(xs: &[f32]) -> bool {
    const EXPONENT: u32 = 0x7f80_0000;
    xs.iter().fold(0, |any, x| any | u32::from(x.to_bits() & EXPONENT == EXPONENT)) == 0
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    #[test]
    fn each_replica_is_judged_by_its_own_weights() -> Result<()> {
        for dtype in [DType::F32, DType::F64] {
            let good = Tensor::new(&[[1f32, -2.], [0., f32::MAX], [3., 4.]], &Device::Cpu)?;
            let bad = Tensor::new(&[[1f32], [f32::NEG_INFINITY], [f32::NAN]], &Device::Cpu)?;
            let vars = [good, bad].map(|xs| Var::from_tensor(&xs.to_dtype(dtype)?));
            let vars = vars.into_iter().collect::<Result<Vec<_>>>()?;
            assert_eq!(finite_replicas(&vars, 3)?, [true, false, false]);
            assert_eq!(finite_replicas(&vars[..1], 3)?, [true; 3]);
            assert_eq!(finite_replicas(&vars, 1)?, [false]);
            assert_eq!(finite_replicas(&vars, 2)?, [false; 2], "shared by all");
            assert_eq!(finite_replicas(&vars[..1], 2)?, [true; 2]);
        }
        Ok(())
    }
}

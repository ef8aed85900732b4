//! Cross-entropy on logits of several classes, one value a replica.
//!
//! loss = mean over the batch of `ln Σ exp(z − max) − (z[class] − max)`. The op makes the operations of
//! its plain twin in the same order, so the bits are those of Candle's ops on a CPU with AVX2, where
//! Candle sums in 32 lanes; unlike them they do not depend on the CPU or its C library.

use candle_core::{
    CpuStorage, CustomOp2, CustomOp3, D, Layout, Result, Shape, Storage, Tensor, bail,
};
use candle_nn::ops::log_softmax;

use super::cpu::{is_fused, values};
use super::elementary::{exp, ln};
use super::no_grad::is_no_grad;
use super::precision::at_least_single;

/// Mean cross-entropy of each replica.
///
/// In f32 on the CPU it is one op, elsewhere its plain twin of Candle's ops. Logits in half precision
/// have a loss in f32.
///
/// # Shapes
/// `logits` (R, B, C); `classes` (R, B), u32; result (R,).
///
/// # Errors
/// When the shapes do not fit or, on the CPU, a class does not exist. On CUDA Candle's `gather` fails
/// at such a class, but gives a row of the class `u32::MAX` the loss 0.
pub fn cross_entropy(logits: &Tensor, classes: &Tensor) -> Result<Tensor> {
    match (logits.dims(), classes.dims()) {
        (&[r, b, c], dims) if *dims == [r, b] && r * b * c > 0 => {}
        (zs, ys) => bail!(
            "cross-entropy expects logits (R, B, C) with R, B and C ≥ 1 and classes (R, B), received \
             {zs:?} and {ys:?}"
        ),
    }
    let logits = &at_least_single(logits)?;
    if !is_fused(&[logits]) {
        let classes = classes.contiguous()?;
        let (storage, layout) = classes.storage_and_layout();
        if let Storage::Cpu(storage) = &*storage {
            class_indices(storage, layout, logits.dims()[2])?;
        }
        return plain(logits, &classes);
    }
    let (logits, classes) = (logits.contiguous()?, classes.contiguous()?);
    if is_no_grad() {
        logits.apply_op2_no_bwd(&classes, &CrossEntropy)
    } else {
        logits.apply_op2(&classes, CrossEntropy)
    }
}

/// The twin of the fused op.
fn plain(logits: &Tensor, classes: &Tensor) -> Result<Tensor> {
    let classes = classes.unsqueeze(2)?; // (R, B, 1)
    log_softmax(logits, D::Minus1)?.gather(&classes, 2)?.squeeze(2)?.mean(1)?.neg()
}

/// A sum in Candle's order on a CPU with AVX2: 32 partial sums, which become 8, 4, 2 and 1; what is
/// left over is added last.
fn sum(xs: &[f32]) -> f32 {
    let (blocks, rest) = xs.as_chunks::<32>();
    let mut lanes = [0f32; 32];
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane += x;
        }
    }
    let eight: [f32; 8] =
        std::array::from_fn(|i| (lanes[i] + lanes[i + 8]) + (lanes[i + 16] + lanes[i + 24]));
    let [a, b, c, d] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    rest.iter().fold((a + b) + (c + d), |sum, x| sum + x)
}

/// One row: its largest logit, exp(z − largest), and their sum.
struct Row {
    largest: f32,
    exps: Vec<f32>,
    total: f32,
}

impl Row {
    fn new(zs: &[f32]) -> Self {
        let largest = zs.iter().fold(zs[0], |largest, &z| if largest < z { z } else { largest });
        let exps: Vec<f32> = zs.iter().map(|z| exp(z - largest)).collect();
        let total = sum(&exps);
        Self { largest, exps, total }
    }

    /// ln softmax of a class.
    fn log_probability(&self, z: f32) -> f32 {
        (z - self.largest) - ln(self.total)
    }

    /// The gradient in the logits, where that of the class's [`log_probability`] is `grad`.
    ///
    /// [`log_probability`]: Self::log_probability
    fn backward(&self, zs: &[f32], class: usize, grad: f32, dz: &mut [f32]) {
        let spread = -grad / self.total;
        for ((i, dz), exp) in dz.iter_mut().enumerate().zip(&self.exps) {
            *dz = spread * exp + if i == class { grad } else { 0. };
        }
        // The gradient of the largest logit as a subtrahend: 0 but for rounding.
        let rest: Vec<f32> = dz.iter().map(|dz| 0. - dz).collect();
        let rest = sum(&rest);
        for (dz, z) in dz.iter_mut().zip(zs) {
            if *z == self.largest {
                *dz += rest;
            }
        }
    }
}

struct CrossEntropy;

impl CustomOp2 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        classes: &CpuStorage,
        classes_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (replicas, batch, width) = logits_layout.shape().dims3()?;
        let zs = values(logits, logits_layout)?;
        let classes = class_indices(classes, classes_layout, width)?;
        let rows = zs.chunks_exact(width).zip(classes);
        let log_probabilities: Vec<f32> =
            rows.map(|(zs, &class)| Row::new(zs).log_probability(zs[class as usize])).collect();
        let mean = |values: &[f32]| -(sum(values) * (1. / batch as f64) as f32);
        let losses: Vec<f32> = log_probabilities.chunks_exact(batch).map(mean).collect();
        Ok((CpuStorage::F32(losses), replicas.into()))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        classes: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dz = logits.apply_op3_no_bwd(classes, &grad.contiguous()?, &CrossEntropyGrad)?;
        Ok((Some(dz), None))
    }
}

struct CrossEntropyGrad;

impl CustomOp3 for CrossEntropyGrad {
    fn name(&self) -> &'static str {
        "cross-entropy-grad"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        classes: &CpuStorage,
        classes_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, batch, width) = logits_layout.shape().dims3()?;
        let (zs, grad) = (values(logits, logits_layout)?, values(grad, grad_layout)?); // (R,)
        let classes = class_indices(classes, classes_layout, width)?;
        let scale = (1. / batch as f64) as f32;
        let mut dz = vec![0.; zs.len()];
        let rows = zs.chunks_exact(width).zip(classes).zip(dz.chunks_exact_mut(width));
        for (row, ((zs, &class), dz)) in rows.enumerate() {
            Row::new(zs).backward(zs, class as usize, -grad[row / batch] * scale, dz);
        }
        Ok((CpuStorage::F32(dz), logits_layout.shape().clone()))
    }
}

/// The classes, each below `width`.
fn class_indices<'a>(classes: &'a CpuStorage, layout: &Layout, width: usize) -> Result<&'a [u32]> {
    let classes = match layout.contiguous_offsets() {
        Some((start, end)) => &classes.as_slice::<u32>()?[start..end],
        None => bail!("expected contiguous classes, received {layout:?}"),
    };
    match classes.iter().position(|&class| class as usize >= width) {
        None => Ok(classes),
        Some(row) => bail!(
            "cross-entropy of {width} classes expects class numbers from 0 to {}, received {} in row \
             {row}",
            width - 1,
            classes[row]
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{check, numbers};
    use candle_core::{Device, Var};

    fn example(r: usize, b: usize, c: usize) -> Result<(Var, Tensor)> {
        let logits = Var::from_tensor(&(numbers(&[r, b, c], 1)?.as_tensor() * 5.)?)?;
        let classes = (0..r * b).map(|i| (i * 7 % c) as u32).collect();
        Ok((logits, Tensor::from_vec::<_, u32>(classes, (r, b), &Device::Cpu)?))
    }

    #[test]
    fn value_and_gradient_equal_the_plain_twins() -> Result<()> {
        for (r, b, c) in [(1, 32, 10), (3, 7, 2), (2, 100, 9), (1, 1, 1), (2, 40, 70)] {
            let (logits, classes) = example(r, b, c)?;
            let vars = [logits.clone()];
            let ours = || cross_entropy(&logits, &classes);
            check(&vars, ours, || plain(&logits, &classes), true)?;
        }
        Ok(())
    }

    /// -ln softmax of (0, ln 3) is ln 4 for the first class and ln 4/3 for the second; of the first the
    /// gradient is (1/4 − 1, 3/4).
    #[test]
    fn by_hand() -> Result<()> {
        let logits = Var::new(&[[[0f32, 3f32.ln()], [0., 3f32.ln()]]], &Device::Cpu)?;
        let loss =
            |classes: &[[u32; 2]; 1]| cross_entropy(&logits, &Tensor::new(classes, &Device::Cpu)?);
        let value = |classes| -> Result<f32> { Ok(loss(classes)?.to_vec1::<f32>()?[0]) };
        assert!((value(&[[0, 0]])? - 4f32.ln()).abs() < 1e-6);
        assert!((value(&[[1, 1]])? - (4f32 / 3.).ln()).abs() < 1e-6);
        let grads = loss(&[[0, 0]])?.backward()?;
        let grad = grads.get(&logits).unwrap().flatten_all()?.to_vec1::<f32>()?;
        for (found, expected) in grad.iter().zip([-0.375, 0.375, -0.375, 0.375]) {
            assert!((found - expected).abs() < 1e-6, "{grad:?}");
        }
        Ok(())
    }

    /// Bit for bit, where Candle sums in AVX2's order and the C library's functions are glibc's.
    #[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
    #[test]
    fn the_bits_are_those_of_candles_ops() -> Result<()> {
        if !std::is_x86_feature_detected!("avx2") {
            println!("skipped: Candle sums in another order without AVX2");
            return Ok(());
        }
        let bits = |tensor: &Tensor| -> Result<Vec<u32>> {
            let values = tensor.flatten_all()?.to_vec1::<f32>()?;
            Ok(values.into_iter().map(f32::to_bits).collect())
        };
        for (r, b, c) in [(1, 32, 10), (3, 7, 2), (2, 1000, 9), (1, 100, 33), (2, 40, 70)] {
            let (logits, classes) = example(r, b, c)?;
            let (ours, candles) = (cross_entropy(&logits, &classes)?, plain(&logits, &classes)?);
            assert_eq!(bits(&ours)?, bits(&candles)?, "{r} {b} {c}");
            let (ours, candles) = (ours.backward()?, candles.backward()?);
            let [ours, candles] = [ours, candles].map(|grads| grads.get(&logits).cloned().unwrap());
            assert_eq!(bits(&ours)?, bits(&candles)?, "{r} {b} {c}");
        }
        Ok(())
    }

    #[test]
    fn not_a_number_reaches_the_loss() -> Result<()> {
        for bad in [f32::NAN, f32::INFINITY] {
            let logits = Tensor::new(&[[[0f32, bad, 1.]]], &Device::Cpu)?;
            let loss = cross_entropy(&logits, &Tensor::new(&[[0u32]], &Device::Cpu)?)?;
            assert!(loss.to_vec1::<f32>()?[0].is_nan(), "{bad}");
        }
        Ok(())
    }

    #[test]
    fn classes_and_shapes_that_do_not_fit_are_named() -> Result<()> {
        let (logits, _) = example(1, 2, 3)?;
        let error = |classes: &Tensor| cross_entropy(&logits, classes).unwrap_err().to_string();
        let beyond = error(&Tensor::new(&[[2u32, 3]], &Device::Cpu)?);
        assert!(beyond.contains("from 0 to 2, received 3 in row 1"), "{beyond}");
        let longer = error(&Tensor::new(&[[0u32, 1, 2]], &Device::Cpu)?);
        assert!(longer.contains("[1, 2, 3]") && longer.contains("[1, 3]"), "{longer}");
        Ok(())
    }
}

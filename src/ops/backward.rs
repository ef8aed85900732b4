//! A backward pass that hands gradients to variables as they are.
//!
//! Candle adds each gradient to a tensor of zeros, in case more come. For a variable, which nearly
//! always has one gradient, this is three passes over memory for nothing, as long as the product
//! that made it when layers are wide. While [`backward`] runs, the ops of this module put the
//! gradients of variables aside; Candle sees only those of what lies between.

use std::cell::RefCell;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor};

/// A variable and one of its gradients.
type Handed = (Tensor, Tensor);

thread_local! {
    /// What was handed over in the pass that runs on this thread.
    static HANDED: RefCell<Option<Vec<Handed>>> = const { RefCell::new(None) };
}

/// The gradients of a loss, as [`Tensor::backward`] gives them.
///
/// # Errors
/// Those of the ops' backward passes.
pub fn backward(loss: &Tensor) -> Result<GradStore> {
    let outer = Outer(HANDED.replace(Some(Vec::new())));
    let mut grads = loss.backward()?;
    let handed = HANDED.take().unwrap_or_default();
    drop(outer);
    for (variable, grad) in handed {
        let sum = match grads.remove(&variable) {
            Some(other) => (other + grad)?,
            None => grad,
        };
        grads.insert(&variable, sum);
    }
    Ok(grads)
}

/// A store of the gradients of these tensors alone, for a step of an optimizer.
pub(crate) fn gradients(grads: impl IntoIterator<Item = (Tensor, Tensor)>) -> Result<GradStore> {
    // Candle makes stores in backward passes only; this one is of a tensor nobody knows.
    let mut store = Tensor::zeros((), DType::F32, &Device::Cpu)?.backward()?;
    for (tensor, grad) in grads {
        store.insert(&tensor, grad);
    }
    Ok(store)
}

/// The gradients of an outer pass on this thread, restored when this pass ends or panics.
struct Outer(Option<Vec<Handed>>);

impl Drop for Outer {
    fn drop(&mut self) {
        HANDED.set(self.0.take());
    }
}

/// Hands a gradient over if [`backward`] runs and `arg` is a variable. Otherwise returns it for Candle
/// to add up.
pub(super) fn hand_over(arg: &Tensor, grad: Tensor) -> Option<Tensor> {
    HANDED.with_borrow_mut(|handed| match handed {
        Some(handed) if arg.is_variable() => {
            handed.push((arg.clone(), grad));
            None
        }
        _ => Some(grad),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::dense;
    use candle_core::Var;

    /// A weight used twice, once by an op of Candle's: its gradients add up in either pass.
    #[test]
    fn gradients_equal_those_of_candles_pass() -> Result<()> {
        for width in [8, 200] {
            let fill = |shape: (usize, usize, usize), step: f32| {
                let count = shape.0 * shape.1 * shape.2;
                let values = (0..count).map(|i| (step * i as f32).sin()).collect();
                Var::from_tensor(&Tensor::from_vec::<_, f32>(values, shape, &Device::Cpu)?)
            };
            let (xs, w, b) = (
                fill((2, 3, width), 0.7)?,
                fill((2, width, width), 0.3)?,
                fill((2, 1, width), 0.9)?,
            );
            let once = dense(&xs, &w, &b)?;
            let twice = (dense(&once, &w, &b)?.sum_all()? + w.sqr()?.sum_all()?)?;
            let (ours, candles) = (backward(&twice)?, twice.backward()?);
            for var in [&xs, &w, &b] {
                let (ours, candles) = (ours.get(var).unwrap(), candles.get(var).unwrap());
                let largest = candles.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
                let difference = (ours - candles)?.abs()?.flatten_all()?.max(0)?;
                assert!(difference.to_scalar::<f32>()? <= 1e-6 * largest, "{width}");
            }
        }
        Ok(())
    }
}

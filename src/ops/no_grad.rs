//! Evaluation without a graph.

use std::cell::Cell;

thread_local! {
    static NO_GRAD: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` while the fused ops of this module record nothing for a backward pass, as PyTorch's
/// `no_grad` does. Candle's own ops and the plain twins record as ever, so a result is best detached.
pub fn no_grad<T>(f: impl FnOnce() -> T) -> T {
    let _outer = Outer(NO_GRAD.replace(true));
    f()
}

/// Runs `f` with recording on, even inside [`no_grad`]: a thread that waits in one network's evaluation
/// may be given another network's training meanwhile.
pub fn enable_grad<T>(f: impl FnOnce() -> T) -> T {
    let _outer = Outer(NO_GRAD.replace(false));
    f()
}

/// The outer setting, restored when `f` returns or panics.
struct Outer(bool);

impl Drop for Outer {
    fn drop(&mut self) {
        NO_GRAD.set(self.0);
    }
}

pub(super) fn is_no_grad() -> bool {
    NO_GRAD.get()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::dense;
    use candle_core::{DType, Device, Result, Var};

    #[test]
    fn fused_ops_record_nothing_inside_and_record_again_outside() -> Result<()> {
        let var = |shape: (usize, usize, usize)| Var::ones(shape, DType::F32, &Device::Cpu);
        let (xs, w, b) = (var((1, 2, 3))?, var((1, 3, 8))?, var((1, 1, 8))?);
        let inside = no_grad(|| dense(&xs, &w, &b))?;
        let outside = dense(&xs, &w, &b)?;
        assert!(!inside.track_op() && outside.track_op());
        let within = no_grad(|| (enable_grad(|| dense(&xs, &w, &b)), dense(&xs, &w, &b)));
        assert!(within.0?.track_op() && !within.1?.track_op());
        assert_eq!(inside.to_vec3::<f32>()?, outside.to_vec3::<f32>()?);
        Ok(())
    }
}

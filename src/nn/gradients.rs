//! A check that every variable has a gradient.
//!
//! Candle stores no gradient of a variable that the loss does not depend on, or only through an op
//! without a backward pass. Its optimizers skip such a variable without a word.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};

use super::no_gradient::{Reason, cut_scores};
use super::vars::check_vars;
use crate::ops::backward;

/// Runs a backward pass and checks that each of these variables has a gradient. Call it once, before
/// training with an optimizer of Candle's, which skips variables without a gradient;
/// [`Trainer`](crate::train::Trainer), [`Adam`](crate::optim::Adam) and [`Sgd`](crate::optim::Sgd)
/// check by themselves.
///
/// In candle_nn 0.11 these have no backward pass, and cut the gradient of everything before them:
///
/// | without a gradient | with one |
/// |---|---|
/// | `LayerNorm::forward` with a bias, at contiguous inputs; `ops::layer_norm` | `ops::layer_norm_slow` |
/// | `RmsNorm::forward` at contiguous inputs; `ops::rms_norm` | `RmsNorm::forward_diff`, `ops::rms_norm_slow` |
/// | `ops::softmax_last_dim` | `ops::softmax`, `ops::log_softmax` |
/// | `rotary_emb::rope`, `rope_i`, `rope_thd` | `rotary_emb::rope_slow`, `rope_i_slow` |
/// | `attention::flash_attn`, `ops::sdpa` | `matmul` and `ops::softmax` |
///
/// A cut that leaves another way from each variable to the loss, such as a residual connection
/// around a norm without weights, is not seen: the gradients are there, but not the whole ones. One
/// such case is: `ops::softmax_last_dim` leaves the queries and keys of a fused projection (`qkv`,
/// `c_attn`, `in_proj`, …) gradients of exactly 0. The names tell which variables are copied to the host
/// to see that.
///
/// ```
/// use candle_core::{DType, Device, Result, Tensor};
/// use candle_nn::{Module, VarMap, layer_norm, linear};
/// use candle_noise::nn::{check_gradients, seeded_vars, trainable_vars};
///
/// # fn main() -> Result<()> {
/// let varmap = VarMap::new();
/// let vb = seeded_vars(&varmap, 42, DType::F32, &Device::Cpu);
/// let (fc1, norm) = (linear(2, 8, vb.pp("fc1"))?, layer_norm(8, 1e-5, vb.pp("norm"))?);
/// let fc2 = linear(8, 1, vb.pp("fc2"))?;
///
/// let xs = Tensor::ones((4, 2), DType::F32, &Device::Cpu)?;
/// let ys = fc2.forward(&norm.forward(&fc1.forward(&xs)?)?)?;
/// let error = check_gradients(&ys.sqr()?.mean_all()?, &trainable_vars(&varmap)).unwrap_err();
/// assert!(error.to_string().contains("norm.weight of shape [8]"));
/// assert!(error.to_string().contains("ops::layer_norm_slow"));
/// # Ok(()) }
/// ```
///
/// # Errors
/// If there is no variable or one of them twice, or a variable has no gradient: the error names each of
/// them with its shape and the likely reason, told from names and shapes. Also if the backward pass
/// fails.
pub fn check_gradients(loss: &Tensor, vars: &[(String, Var)]) -> Result<()> {
    check_grad_store(&backward(loss)?, vars)
}

/// Checks that a backward pass has left a gradient of each of these variables.
///
/// # Errors
/// If [`check_gradients`] would fail.
pub fn check_grad_store(grads: &GradStore, vars: &[(String, Var)]) -> Result<()> {
    check_vars("gradients", vars)?;
    let missing = vars.iter().any(|(_, var)| grads.get(var).is_none());
    let named: Vec<_> = vars.iter().map(|(name, var)| (name.as_str(), var)).collect();
    if missing {
        bail!("{}", describe_missing(grads, &named))
    }
    for (name, var) in named {
        let Some(grad) = grads.get(var) else { continue };
        if cut_scores(name, grad)? {
            bail!(
                "expected a gradient of {name} of shape {:?} in all its parts, received one of \
                 exactly 0 in the first two thirds: {}",
                var.dims(),
                Reason::Scores.text()
            )
        }
    }
    Ok(())
}

/// Names each variable without a gradient, with the likely reason.
pub(crate) fn describe_missing(grads: &GradStore, vars: &[(&str, &Var)]) -> String {
    let (found, missing): (Vec<_>, Vec<_>) =
        vars.iter().partition(|(_, var)| grads.get(var).is_some());
    let mut reasons = Reason::of_each(&found, &missing);
    reasons.sort_by_key(|(reason, _)| *reason);
    let lines = reasons.chunk_by(|(a, _), (b, _)| a == b).map(|chunk| {
        let names: Vec<&str> = chunk.iter().map(|(_, label)| label.as_str()).collect();
        format!("\n- {}: {}", names.join(", "), chunk[0].0.text())
    });
    format!(
        "expected a gradient for each variable, received none for {} of {}:{}",
        missing.len(),
        vars.len(),
        lines.collect::<String>()
    )
}

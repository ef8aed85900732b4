//! The variables of a model, in an order.

use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;

use candle_core::{Result, Var, bail};
use candle_nn::VarMap;

/// The names under which normalization layers keep the statistics of past batches: those of Candle's
/// `BatchNorm` and of PyTorch's.
const RUNNING_STATISTICS: [&str; 2] = ["running_mean", "running_var"];

/// Returns the variables of a map, sorted by name; `VarMap` itself has no order.
pub fn sorted_vars(varmap: &VarMap) -> Vec<(String, Var)> {
    let data = varmap.data().lock().unwrap_or_else(PoisonError::into_inner);
    let mut vars: Vec<_> = data.iter().map(|(name, var)| (name.clone(), var.clone())).collect();
    vars.sort_by(|(a, _), (b, _)| a.cmp(b));
    vars
}

/// Returns the parameters of a map, sorted by name: what an optimizer changes, and what takes noise.
///
/// These are the floating-point variables except running statistics, which a training pass writes
/// itself and which have no gradient. A `VarMap` does not tell the two apart, so the name does: a
/// variable is a running statistic if the last part of its name is `running_mean` or `running_var`,
/// as in `candle_nn::BatchNorm`. Checkpoints and saved weights contain both
/// ([`sorted_vars`]). A variable with several names, as of tied weights, has the first of them here.
///
/// ```
/// use candle_core::{DType, Device, Result};
/// use candle_nn::{VarMap, batch_norm, linear};
/// use candle_noise::nn::{seeded_vars, trainable_vars};
///
/// # fn main() -> Result<()> {
/// let varmap = VarMap::new();
/// let vb = seeded_vars(&varmap, 42, DType::F32, &Device::Cpu);
/// let _layers = (linear(2, 8, vb.pp("fc"))?, batch_norm(8, 1e-5, vb.pp("norm"))?);
/// let names: Vec<String> = trainable_vars(&varmap).into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["fc.bias", "fc.weight", "norm.bias", "norm.weight"]);
/// # Ok(()) }
/// ```
pub fn trainable_vars(varmap: &VarMap) -> Vec<(String, Var)> {
    let mut known = HashSet::new();
    let mut vars = sorted_vars(varmap);
    vars.retain(|(name, var)| {
        var.dtype().is_float() && !is_running_statistic(name) && known.insert(var.id())
    });
    vars
}

/// Checks that there are variables, none of them twice.
pub(crate) fn check_vars(who: &str, vars: &[(String, Var)]) -> Result<()> {
    if vars.is_empty() {
        bail!(
            "{who}: expected a trainable variable, received none: make the layers before, from a \
             VarBuilder over the VarMap such as nn::seeded_vars; constants from \
             VarBuilder::from_tensors or from_mmaped_safetensors are not trained"
        )
    }
    let mut names = HashMap::new();
    for (name, var) in vars {
        if let Some(other) = names.insert(var.id(), name) {
            bail!("{who}: expected each variable once, received one as {other} and as {name}")
        }
    }
    Ok(())
}

/// Returns whether a variable of this name is a running statistic.
pub(super) fn is_running_statistic(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    RUNNING_STATISTICS.contains(&last)
}

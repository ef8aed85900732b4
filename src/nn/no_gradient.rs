//! The likely reason why a variable has no gradient, told from names and shapes. Candle's graph
//! cannot be walked from outside.

use candle_core::{DType, Result, Tensor, Var};

use super::vars::is_running_statistic;

/// The likely reason why a variable has no gradient. Those that explain others come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// It is a running statistic.
    Statistic,
    /// It is an integer.
    Integer,
    /// It belongs to a norm with a bias, which cuts gradients.
    LayerNorm,
    /// It belongs to a norm without a bias, which cuts gradients.
    RmsNorm,
    /// It makes queries or keys, and the values have a gradient.
    Scores,
    /// It makes queries, keys or values, and none of them has a gradient.
    Attention,
    /// It lies before a layer that cuts gradients, or the loss does not depend on it.
    BeforeOrUnused,
    /// No variable has a gradient.
    All,
    /// The loss does not depend on it.
    Unused,
}

/// A name and its variable.
type Named<'a> = (&'a str, &'a Var);

impl Reason {
    /// Returns the reason for each missing variable, and what to call it.
    pub fn of_each(found: &[Named], missing: &[Named]) -> Vec<(Self, String)> {
        let cuts: Vec<_> = missing.iter().map(|var| Self::of_itself(var, found, missing)).collect();
        let explains = |cut: &Option<Self>| {
            matches!(cut, Some(Self::LayerNorm | Self::RmsNorm | Self::Scores | Self::Attention))
        };
        let rest = match (cuts.iter().any(explains), found) {
            (true, _) => Self::BeforeOrUnused,
            (false, []) => Self::All,
            (false, _) => Self::Unused,
        };
        let label = |(name, var): &Named| format!("{name} of shape {:?}", var.dims());
        let reasons = cuts.into_iter().map(|cut| cut.unwrap_or(rest));
        reasons.zip(missing.iter().map(label)).collect()
    }

    /// Returns the reason that lies in the variable's own layer.
    fn of_itself((name, var): &Named, found: &[Named], missing: &[Named]) -> Option<Self> {
        if is_running_statistic(name) {
            return Some(Self::Statistic);
        }
        if !var.dtype().is_float() {
            return Some(Self::Integer);
        }
        of_norm(name, found, missing).or_else(|| of_attention(name, found, missing))
    }

    /// Returns what it is and what to do about it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Statistic => {
                "running statistics, which a training pass writes itself; nn::trainable_vars leaves \
                 them out"
            }
            Self::Integer => "integers have no gradient; nn::trainable_vars leaves them out",
            Self::LayerNorm => {
                "a norm, likely LayerNorm::forward or ops::layer_norm of candle_nn, whose fused op \
                 cuts the gradient; candle_nn::ops::layer_norm_slow has one; or a norm that is not \
                 used"
            }
            Self::RmsNorm => {
                "a norm, likely RmsNorm::forward or ops::rms_norm of candle_nn, whose fused op cuts \
                 the gradient; RmsNorm::forward_diff and candle_nn::ops::rms_norm_slow have one; or \
                 a norm that is not used"
            }
            Self::Scores => {
                "queries and keys, likely before ops::softmax_last_dim or rotary_emb::rope of \
                 candle_nn, which cut the gradient; candle_nn::ops::softmax and \
                 rotary_emb::rope_slow have one"
            }
            Self::Attention => {
                "queries, keys and values, likely before attention::flash_attn or ops::sdpa of \
                 candle_nn, which cut the gradient; matmul and candle_nn::ops::softmax have one"
            }
            Self::BeforeOrUnused => {
                "the loss depends on it only through a layer that is named above and cuts the \
                 gradient, or not at all"
            }
            Self::All => {
                "no variable has a gradient: the loss comes from a detached tensor, from a pass in \
                 ops::no_grad, or through an op without a gradient near the outputs, such as \
                 candle_nn::ops::softmax_last_dim (candle_nn::ops::softmax has one)"
            }
            Self::Unused => {
                "the loss does not depend on it: a layer that is not used, a tensor that is detached \
                 or rounded, or an op without a gradient (nn::check_gradients lists candle_nn's); \
                 nn::trainable_vars leaves out running statistics. Leave others that need none out \
                 of the optimizer, and declare them by Trainer::with_frozen"
            }
        }
    }
}

/// Splits a name at its last dot.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

/// Returns the variables of a layer.
fn of_layer<'a>(path: &str, vars: &'a [Named<'a>]) -> impl Iterator<Item = &'a Named<'a>> {
    vars.iter().filter(move |(name, _)| split(name).0 == path)
}

/// A norm has a weight and perhaps a bias, both of rank 1. `BatchNorm`, which has running statistics,
/// cuts nothing.
fn of_norm(name: &str, found: &[Named], missing: &[Named]) -> Option<Reason> {
    let (path, _) = split(name);
    let mut parts: Vec<&str> = Vec::new();
    for (name, var) in of_layer(path, missing) {
        if var.rank() != 1 || is_running_statistic(name) {
            return None;
        }
        parts.push(split(name).1);
    }
    parts.sort();
    if of_layer(path, found).next().is_some() {
        return None;
    }
    match parts[..] {
        ["bias", "weight"] | ["beta", "gamma"] => Some(Reason::LayerNorm),
        ["weight"] | ["gamma"] => Some(Reason::RmsNorm),
        _ => None,
    }
}

/// What a projection in an attention layer makes.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    QueryOrKey,
    Value,
}

/// Returns the path of the attention layer and the role of a name like `attn.q_proj.weight`.
fn role(name: &str) -> Option<(&str, Role)> {
    let (attention, layer) = split(split(name).0);
    let role = layer.split('_').find_map(|word| match word {
        "q" | "wq" | "query" | "k" | "wk" | "key" => Some(Role::QueryOrKey),
        "v" | "wv" | "value" => Some(Role::Value),
        _ => None,
    });
    Some((attention, role?))
}

fn of_attention(name: &str, found: &[Named], missing: &[Named]) -> Option<Reason> {
    let (path, own) = role(name)?;
    let has =
        |vars: &[Named], of: Role| vars.iter().any(|(name, _)| role(name) == Some((path, of)));
    let below = |name: &str| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    if own == Role::QueryOrKey && has(found, Role::Value) && !has(found, Role::QueryOrKey) {
        return Some(Reason::Scores);
    }
    let all = has(missing, Role::QueryOrKey) && has(missing, Role::Value);
    let none = !has(found, Role::QueryOrKey) && !has(found, Role::Value);
    let output = found.iter().any(|(name, _)| path.is_empty() || below(name));
    (all && none && output).then_some(Reason::Attention)
}

/// Returns whether a variable makes queries, keys and values in one, and the gradient of the values alone
/// is not 0.
pub(super) fn cut_scores(name: &str, grad: &Tensor) -> Result<bool> {
    const FUSED: [&str; 7] =
        ["qkv", "wqkv", "qkv_proj", "c_attn", "in_proj", "query_key_value", "to_qkv"];
    let (path, last) = split(name);
    let layer = split(path).1.to_ascii_lowercase();
    // PyTorch's MultiheadAttention has `in_proj_weight` and `in_proj_bias`.
    let is_fused = FUSED.contains(&layer.as_str()) || last.starts_with("in_proj_");
    // The long axis is that of the outputs; the last one if they are as long.
    let axis = (0..grad.rank()).max_by_key(|axis| grad.dims()[*axis]);
    let Some(axis) = axis.filter(|axis| is_fused && grad.dims()[*axis].is_multiple_of(3)) else {
        return Ok(false);
    };
    let third = grad.dims()[axis] / 3;
    let is_zero = |start: usize, len: usize| -> Result<bool> {
        let part = grad.narrow(axis, start, len)?.to_dtype(DType::F32)?;
        Ok(part.abs()?.sum_all()?.to_scalar::<f32>()? == 0.)
    };
    Ok(is_zero(0, 2 * third)? && !is_zero(2 * third, third)?)
}

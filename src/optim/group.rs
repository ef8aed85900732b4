//! Learning rates and decays of their own for some variables.

use candle_core::{Result, Var, bail};

/// What is special about a variable: the factors of the optimizer's learning rate and weight decay.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Group {
    /// Factor of the learning rate, finite and at least 0. At 0 the optimizer leaves the variable out:
    /// it has no moments and needs no gradient. A [`Trainer`](crate::train::Trainer) expects it to be
    /// declared frozen.
    pub learning_rate: f64,
    /// Factor of the weight decay and of the L2 term, finite and at least 0.
    pub weight_decay: f64,
}

impl Default for Group {
    /// Returns nothing special: both factors 1.
    fn default() -> Self {
        Self { learning_rate: 1., weight_decay: 1. }
    }
}

impl Group {
    /// Sets the factor of the learning rate.
    #[must_use]
    pub fn learning_rate(self, learning_rate: f64) -> Self {
        Self { learning_rate, ..self }
    }

    /// Sets the factor of the weight decay.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    pub(super) fn check(&self, optimizer: &str, name: &str) -> Result<()> {
        let factors = [("learning rate", self.learning_rate), ("weight decay", self.weight_decay)];
        match factors.iter().find(|(_, factor)| !(0.0..f64::INFINITY).contains(factor)) {
            None => Ok(()),
            Some((what, factor)) => bail!(
                "{optimizer}: the factor of the {what} must be finite and at least 0, received \
                 {factor} for {name}"
            ),
        }
    }
}

/// Returns the group of a variable under a common rule: no weight decay on biases and norms.
///
/// They are the variables of rank 0 or 1, and those with a name that ends in `bias` or `beta`, or
/// whose layer is called a norm by a word of its name, such as `norm`, `LayerNorm`, `q_norm`, `ln_f` or
/// `bn1`. The name decides in a model with a replica axis, where the bias of a dense layer is (R, 1, O)
/// and the weight of a norm (R, C).
///
/// ```
/// # use candle_core::{DType, Device, Result};
/// # use candle_nn::{VarMap, linear};
/// # use candle_noise::nn::{seeded_vars, trainable_vars};
/// use candle_noise::optim::{Adam, AdamOptions, no_decay_on_biases_and_norms};
///
/// # fn main() -> Result<()> {
/// # let varmap = VarMap::new();
/// # linear(2, 1, seeded_vars(&varmap, 42, DType::F32, &Device::Cpu))?;
/// let (vars, options) = (trainable_vars(&varmap), AdamOptions::adamw());
/// let adam = Adam::grouped(vars, options, no_decay_on_biases_and_norms)?;
/// # Ok(()) }
/// ```
pub fn no_decay_on_biases_and_norms(name: &str, var: &Var) -> Group {
    let (path, last) = name.rsplit_once('.').unwrap_or(("", name));
    let layer = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
    let is_bias = last.ends_with("bias") || last == "beta";
    let is_norm = layer.split(['_', '-']).any(is_norm);
    let factor = if is_bias || var.rank() <= 1 || is_norm { 0. } else { 1. };
    Group::default().weight_decay(factor)
}

/// Returns whether a word of a layer's name calls it a norm: `layernorm`, `batchnorm2d`, `ln`, `bn1`.
fn is_norm(word: &str) -> bool {
    let word =
        word.strip_suffix('d').filter(|rest| rest.ends_with(['1', '2', '3'])).unwrap_or(word);
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    matches!(word, "ln" | "bn" | "gn") || word.ends_with("norm") || word.ends_with("normalization")
}

//! What a layer is made of: its strengths, its site, and what else a description asks of it.

use std::fmt;

use candle_core::{Result, Tensor, bail};
use candle_nn::VarBuilder;

use super::kind::Kind;
use super::layer::{Channels, NoiseLayer};
use super::learned::LearnedStrength;
use super::options::NoiseOptions;
use super::site::NoiseBuilder;

/// What an [`AnyKind`](super::AnyKind) makes a layer of.
#[derive(Clone)]
pub struct Placing<'a> {
    /// The strength of each replica.
    pub strengths: &'a [f64],
    /// The place of the layer's site.
    pub nb: NoiseBuilder,
    /// The axis of channels in the rows.
    pub channels: Channels,
    pub(super) options: &'a NoiseOptions,
    /// Where the variable of a learned strength goes.
    pub(super) vars: Option<VarBuilder<'static>>,
    /// The standard deviations of a row's elements, if they are known.
    pub(super) stds: Option<&'a Tensor>,
    /// The number of the column that each element of a row is of, if it is known.
    pub(super) columns: Option<&'a [usize]>,
}

impl fmt::Debug for Placing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { strengths, nb, channels, options, .. } = self;
        let shown = (strengths, nb, channels, options);
        f.debug_tuple("Placing").field(&shown).finish()
    }
}

impl Placing<'_> {
    /// Returns the place one name deeper.
    pub(super) fn pp(self, name: &str) -> Self {
        Self { nb: self.nb.pp(name), vars: self.vars.map(|vars| vars.pp(name)), ..self }
    }

    /// Returns a layer of a kind that heeds the options of its description.
    ///
    /// # Errors
    /// If the layer cannot be made, or an option does not fit the kind.
    pub fn layer<K: Kind>(&self, kind: K) -> Result<NoiseLayer<K>> {
        let options = self.options;
        let mut layer = NoiseLayer::of_kind(kind, self.strengths, self.nb.clone())?;
        if options.relative {
            layer = match self.stds {
                Some(stds) => layer.relative_to(stds)?,
                None => layer.relative()?,
            };
        }
        if options.learned {
            let Some(vars) = &self.vars else {
                bail!("a learned strength is a variable: expected slots made with_vars")
            };
            layer = layer.learned(LearnedStrength::default(), vars.clone())?;
        }
        if options.always {
            layer = layer.always();
        }
        if options.paired {
            layer = layer.paired()?;
        }
        match &options.schedule {
            Some(schedule) => layer.scheduled(schedule.clone()),
            None => Ok(layer),
        }
    }
}

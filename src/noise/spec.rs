//! One noise: place, kind and strength.

use std::fmt;
use std::sync::Arc;

use candle_core::{Error, Result};

use super::any::{AnyKind, AnyLayer};
use super::options::NoiseOptions;
use super::placing::Placing;
use super::schedule::Schedule;
use super::shipped::KINDS;
use super::strength::Strength;

/// One noise: its place, its kind and its strength.
///
/// The text form is `place:kind:strength`, or `place:strength` for Gaussian noise, and options may follow:
/// `relative`, `learned`, `always` and `paired` (see [`NoiseLayer`](super::NoiseLayer)), and a schedule over the
/// epochs, `0.3..0.03:linear`, `cosine` or `exponential`, or `decay=0.5`. `weights` take a schedule and
/// `paired`, `gradients` a schedule and `anticorrelated`, `labels` a schedule. Places are those
/// of the model and three of every model: `weights` and `gradients`, which take `gaussian` (a
/// standard deviation, and the variance of the first step), and `labels`, which takes `flip` (the
/// share of wrong labels).
///
/// ```
/// use candle_noise::noise::NoiseSpec;
///
/// let noise: NoiseSpec = "input:0.1".parse()?;
/// assert_eq!(noise.to_string(), "input:gaussian:0.1");
/// let error = "input:dropout:1".parse::<NoiseSpec>().unwrap_err().to_string();
/// assert!(error.ends_with("rate must be at least 0 and below 1, received 1"), "{error}");
/// # candle_core::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct NoiseSpec {
    place: String,
    kind: String,
    /// Creates the layers; `None` at the places that have no layer.
    layers: Option<Arc<dyn AnyKind>>,
    strength: f64,
    options: NoiseOptions,
}

impl NoiseSpec {
    /// The name of Gaussian noise, the default kind.
    pub const GAUSSIAN: &str = "gaussian";
    /// The places of every model.
    pub const WITHOUT_LAYER: [&str; 3] = [Self::WEIGHTS, Self::GRADIENTS, Self::LABELS];
    /// The place of noise on the weights.
    pub const WEIGHTS: &str = "weights";
    /// The place of noise on the gradients.
    pub const GRADIENTS: &str = "gradients";
    /// The place of label noise.
    pub const LABELS: &str = "labels";

    /// The name of label noise, the only kind at its place.
    pub const FLIP: &str = "flip";

    /// The largest strength that is not a rate: far below the largest f32.
    const MOST: f64 = 1e30;

    /// Creates Gaussian noise with a standard deviation.
    ///
    /// # Errors
    /// If the standard deviation is out of range, or the place is not a valid name.
    pub fn gaussian(place: &str, stddev: f64) -> Result<Self> {
        Self::named(place, Self::GAUSSIAN, stddev)
    }

    /// Creates noise of a kind outside this crate. The name identifies the kind with its settings.
    ///
    /// # Errors
    /// If the strength is out of range, the place is not a valid name or has no layers, or the name
    /// of the kind is not valid or belongs to a kind of this crate.
    pub fn own(
        place: &str,
        name: &str,
        kind: impl AnyKind + 'static,
        strength: f64,
    ) -> Result<Self> {
        check_name("kind", name)?;
        if KINDS.iter().any(|(known, _)| *known == name) || name == Self::FLIP {
            return refused(format!(
                "expected a name that no kind of this crate has, received {name}"
            ));
        }
        if Self::WITHOUT_LAYER.contains(&place) {
            return refused(format!("{place} take no kind of one's own, received {name}"));
        }
        Self::new(place, name, Some(Arc::new(kind)), strength)
    }

    /// Creates noise of a kind of this crate.
    pub(super) fn named(place: &str, kind: &str, strength: f64) -> Result<Self> {
        let only = |expected: &str| match kind == expected {
            true => Ok(None),
            false => refused(format!("{place} take the kind {expected}, received {kind}")),
        };
        let layers = match place {
            Self::WEIGHTS | Self::GRADIENTS => only(Self::GAUSSIAN)?,
            Self::LABELS => only(Self::FLIP)?,
            _ => match KINDS.iter().find(|(name, _)| *name == kind) {
                Some((_, layers)) => Some(layers()),
                None => {
                    let known = KINDS.map(|(name, _)| name).join(", ");
                    return refused(format!(
                        "expected a kind of noise ({known}), received '{kind}'"
                    ));
                }
            },
        };
        Self::new(place, kind, layers, strength)
    }

    fn new(
        place: &str,
        kind: &str,
        layers: Option<Arc<dyn AnyKind>>,
        strength: f64,
    ) -> Result<Self> {
        check_name("place", place)?;
        let spec = Self {
            place: place.to_string(),
            kind: kind.to_string(),
            layers,
            strength: strength + 0., // -0 is 0
            options: NoiseOptions::default(),
        };
        spec.check_strength(strength)?;
        Ok(spec)
    }

    fn check_strength(&self, strength: f64) -> Result<()> {
        self.range().check_value(strength)?;
        if strength > Self::MOST {
            return refused(format!(
                "{}: expected a strength of at most {:e}, received {strength:e}",
                self.place,
                Self::MOST
            ));
        }
        Ok(())
    }

    /// Returns the noise with options.
    pub(super) fn with(self, options: NoiseOptions) -> Result<Self> {
        options.end().map_or(Ok(()), |end| self.check_strength(end))?;
        options.check(&self)?;
        Ok(Self { options, ..self })
    }

    fn range(&self) -> Strength {
        match (&self.layers, self.place.as_str()) {
            (Some(layers), _) => layers.strength(),
            (None, Self::LABELS) => Strength::rate("rate"),
            (None, Self::GRADIENTS) => Strength::amount("eta"),
            (None, _) => Strength::amount("stddev"),
        }
    }

    /// Returns the place of the noise.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Returns the name of the kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the strength, in the unit of the kind: a standard deviation for Gaussian noise. Under a
    /// schedule it is that of the first epoch.
    pub fn strength(&self) -> f64 {
        self.strength
    }

    /// Returns the strength of the last epoch, if a schedule leads from the first to it.
    pub fn last_strength(&self) -> Option<f64> {
        self.options.end()
    }

    /// Returns the words of its options, in the order of its text: `linear`, `relative`.
    pub fn options(&self) -> Vec<String> {
        self.options.words()
    }

    /// Returns whether the noise is of strength 0 in every epoch: there is none.
    pub fn is_silent(&self) -> bool {
        self.strength == 0. && self.options.end().is_none_or(|end| end == 0.)
    }

    /// Returns whether an option concerns training alone, or evaluations that are no test.
    pub fn is_of_training(&self) -> bool {
        self.options.is_of_training()
    }

    /// Returns how the strength changes from epoch to epoch, if it does.
    pub fn schedule(&self) -> Option<&Schedule> {
        self.options.schedule.as_ref()
    }

    /// Returns whether the strength is relative to the standard deviation of the input.
    pub fn is_relative(&self) -> bool {
        self.options.relative
    }

    /// Returns whether training finds the strength.
    pub fn is_learned(&self) -> bool {
        self.options.learned
    }

    /// Returns whether the noise comes with both signs: in pairs of rows, or of passes for weights.
    pub fn is_paired(&self) -> bool {
        self.options.paired
    }

    /// Returns whether each step takes back the noise of the last one.
    pub fn is_anticorrelated(&self) -> bool {
        self.options.anticorrelated
    }

    /// Returns the options as they are.
    pub(super) fn all_options(&self) -> &NoiseOptions {
        &self.options
    }

    pub(super) fn is_additive(&self) -> bool {
        self.layers.as_ref().is_some_and(|layers| layers.is_additive())
    }

    /// Returns the same noise at another layer's place, such as the one that an alias stands for.
    ///
    /// # Errors
    ///
    /// If the place is not a valid name, or one of the two places has no layers.
    pub fn at(&self, place: &str) -> Result<Self> {
        if !self.has_layer() || Self::WITHOUT_LAYER.contains(&place) {
            return refused(format!("{self} cannot move to {place}"));
        }
        let moved = Self::new(place, &self.kind, self.layers.clone(), self.strength)?;
        Ok(Self { options: self.options.clone(), ..moved })
    }

    /// Returns whether two specs differ only in the strength of the first epoch.
    pub fn is_like(&self, other: &Self) -> bool {
        self.has_site_of(other) && self.options == other.options
    }

    /// Returns whether two specs have one site, so that they cannot act together.
    pub fn has_site_of(&self, other: &Self) -> bool {
        (&self.place, &self.kind) == (&other.place, &other.kind)
    }

    /// Returns whether predictions pass through the noise: through a layer, or the weights.
    pub fn is_in_model(&self) -> bool {
        self.has_layer() || self.place == Self::WEIGHTS
    }

    /// Returns whether the noise enters through a layer of the model.
    pub fn has_layer(&self) -> bool {
        self.layers.is_some()
    }

    /// Creates the layer at a path. Gaussian noise keeps the path, another kind is one name deeper.
    pub(super) fn layer(&self, placing: Placing) -> Result<Option<Box<dyn AnyLayer>>> {
        let placing = if self.kind == Self::GAUSSIAN { placing } else { placing.pp(&self.kind) };
        self.layers.as_ref().map(|kind| kind.layer(&placing)).transpose()
    }
}

/// Checks a name, because names are parts of paths, file names and columns.
pub(super) fn check_name(what: &str, name: &str) -> Result<()> {
    /// Each noise of a list of strengths has its own.
    const MOST: usize = 64;
    if name.len() > MOST {
        return refused(format!(
            "expected a {what} of at most {MOST} characters, received {}",
            name.len()
        ));
    }
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(valid) {
        return refused(format!(
            "expected a {what} of lower-case letters, digits and hyphens, received '{name}'"
        ));
    }
    Ok(())
}

impl PartialEq for NoiseSpec {
    /// Returns whether both are the same noise. Kinds are compared by name.
    fn eq(&self, other: &Self) -> bool {
        self.is_like(other) && self.strength == other.strength
    }
}

impl fmt::Display for NoiseSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.place, self.kind, self.strength)?;
        self.options.end().map_or(Ok(()), |end| write!(f, "..{end}"))?;
        write!(f, "{}", self.options)
    }
}

impl fmt::Debug for NoiseSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Returns an error on one line, without a backtrace, because the text caused it.
pub(super) fn refused<T>(what: String) -> Result<T> {
    Err(Error::Msg(what))
}

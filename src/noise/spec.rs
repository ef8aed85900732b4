//! Noise as text: `place:kind:strength`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use candle_core::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::any::{AnyKind, AnyLayer};
use super::kinds::{
    Alpha, Drop, Gaussian, GaussianFactor, Impulse, Laplace, Neftune, Speckle, Uniform,
};
use super::layer::{Channels, NoiseLayer};
use super::site::NoiseBuilder;
use super::strength::Strength;

/// Creates a kind.
type Make = fn() -> Arc<dyn AnyKind>;

/// The kinds that text can name. Each kind for the layers of a model is one line here.
const KINDS: [(&str, Make); 10] = [
    ("gaussian", || Arc::new(Gaussian)),
    ("uniform", || Arc::new(Uniform)),
    ("laplace", || Arc::new(Laplace)),
    ("speckle", || Arc::new(Speckle)),
    ("gaussian-dropout", || Arc::new(GaussianFactor)),
    ("dropout", || Arc::new(Drop)),
    ("spatial-dropout", || Arc::new(Spatial)),
    ("alpha-dropout", || Arc::new(Alpha)),
    ("salt-and-pepper", || Arc::new(Impulse::default())),
    ("neftune", || Arc::new(Neftune)),
];

/// Dropout of whole channels.
struct Spatial;

impl AnyKind for Spatial {
    fn strength(&self) -> Strength {
        AnyKind::strength(&Drop)
    }

    fn layer(
        &self,
        rates: &[f64],
        nb: NoiseBuilder,
        channels: Channels,
    ) -> Result<Box<dyn AnyLayer>> {
        Ok(Box::new(NoiseLayer::<Drop>::with_strengths(rates, nb)?.by_channel(channels)))
    }
}

/// One noise: its place, its kind and its strength.
///
/// The text form is `place:kind:strength`, or `place:strength` for Gaussian noise. Places are those
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
    fn named(place: &str, kind: &str, strength: f64) -> Result<Self> {
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
        let spec = Self { place: place.to_string(), kind: kind.to_string(), layers, strength };
        spec.range().check_value(strength)?;
        if strength > Self::MOST {
            return refused(format!(
                "{place}: expected a strength of at most {:e}, received {strength:e}",
                Self::MOST
            ));
        }
        Ok(spec)
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

    /// Returns the strength, in the unit of the kind: a standard deviation for Gaussian noise.
    pub fn strength(&self) -> f64 {
        self.strength
    }

    /// Returns the same noise at another place, such as the place that an alias stands for.
    pub(crate) fn at(self, place: &str) -> Self {
        Self { place: place.to_string(), ..self }
    }

    /// Returns whether two specs differ only in strength.
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.place, &self.kind) == (&other.place, &other.kind)
    }

    /// Returns whether the noise enters through a layer of the model.
    pub fn has_layer(&self) -> bool {
        self.layers.is_some()
    }

    /// Creates the layer at a path. Gaussian noise keeps the path, another kind is one name deeper.
    pub(super) fn layer(
        &self,
        strengths: &[f64],
        nb: NoiseBuilder,
        channels: Channels,
    ) -> Result<Option<Box<dyn AnyLayer>>> {
        let nb = if self.kind == Self::GAUSSIAN { nb } else { nb.pp(&self.kind) };
        self.layers.as_ref().map(|kind| kind.layer(strengths, nb, channels)).transpose()
    }
}

/// Checks a name, because names are parts of paths, file names and columns.
pub(super) fn check_name(what: &str, name: &str) -> Result<()> {
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
        write!(f, "{}:{}:{}", self.place, self.kind, self.strength)
    }
}

impl fmt::Debug for NoiseSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for NoiseSpec {
    type Err = Error;

    /// Parses `place:kind:strength` and `place:strength`.
    fn from_str(text: &str) -> Result<Self> {
        if text.contains('&') {
            return error(text, "expected one noise; --noise can be repeated".to_string());
        }
        match &alternatives(text)?[..] {
            [one] => Ok(one.clone()),
            several => error(text, format!("expected one strength, received {}", several.len())),
        }
    }
}

/// Parses a noise with one or several strengths.
fn alternatives(text: &str) -> Result<Vec<NoiseSpec>> {
    let parts: Vec<&str> = text.trim().split(':').map(str::trim).collect();
    let (place, kind, strengths) = match parts[..] {
        [place, strengths] => (place, NoiseSpec::GAUSSIAN, strengths),
        [place, kind, strengths] => (place, kind, strengths),
        [_, _, _, option, ..] => error(text, format!("there is no option '{option}'"))?,
        _ => error(text, "expected place:kind:strength, as input:gaussian:0.1".to_string())?,
    };
    let spec = |strength: &str| {
        let number = strength.trim().parse();
        let number = number.or_else(|_| error(text, format!("'{strength}' is no number")))?;
        NoiseSpec::named(place, kind, number).or_else(|cause| error(text, cause.to_string()))
    };
    strengths.split(',').map(spec).collect()
}

fn error<T>(text: &str, what: String) -> Result<T> {
    refused(format!("noise '{text}': {what}"))
}

/// Returns an error on one line, without a backtrace, because the text caused it.
fn refused<T>(what: String) -> Result<T> {
    Err(Error::Msg(what))
}

impl Serialize for NoiseSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NoiseSpec {
    /// Deserializes kinds of this crate only.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Alternatives to compare, each of one or more noises that act together.
///
/// The text form is a noise with a list of strengths, `input:dropout:0.1,0.3`, or several joined by
/// `&`, `input:0.01 & hidden:0.1,0.3`. Every combination is an alternative.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseRow(pub Vec<Vec<NoiseSpec>>);

impl From<NoiseSpec> for NoiseRow {
    /// Returns the noise as the only alternative.
    fn from(noise: NoiseSpec) -> Self {
        Self(vec![vec![noise]])
    }
}

impl FromStr for NoiseRow {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut rows: Vec<Vec<NoiseSpec>> = vec![Vec::new()];
        for part in text.split('&') {
            let specs = alternatives(part)?;
            let with = |row: &Vec<NoiseSpec>, spec: &NoiseSpec| {
                row.iter().chain([spec]).cloned().collect::<Vec<_>>()
            };
            rows = rows.iter().flat_map(|row| specs.iter().map(|spec| with(row, spec))).collect();
        }
        Ok(Self(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_parses_and_prints_the_same() {
        for (kind, _) in KINDS {
            let text = format!("before-dense:{kind}:0.25");
            assert_eq!(text.parse::<NoiseSpec>().unwrap().to_string(), text);
        }
        for text in ["weights:gaussian:3", "gradients:gaussian:0.01", "labels:flip:0.1"] {
            assert_eq!(text.parse::<NoiseSpec>().unwrap().to_string(), text);
        }
        assert_eq!("input:1e-3".parse::<NoiseSpec>().unwrap().to_string(), "input:gaussian:0.001");
    }

    #[test]
    fn a_row_has_every_combination_of_its_strengths() {
        let row: NoiseRow = "input:0.1,0.2 & hidden:dropout:0.3,0.5".parse().unwrap();
        let texts: Vec<String> = row.0.iter().map(|specs| format!("{specs:?}")).collect();
        assert_eq!(texts.len(), 4);
        assert_eq!(texts[1], "[input:gaussian:0.1, hidden:dropout:0.5]");
    }

    #[test]
    fn errors_say_what_is_wrong_with_a_noise() {
        let cases = [
            ("", "expected place:kind:strength"),
            ("input", "expected place:kind:strength"),
            ("input:gauss:0.1", "expected a kind of noise (gaussian, uniform"),
            ("input:gaussian:0.1:often", "there is no option 'often'"),
            ("input:gaussian:", "'' is no number"),
            ("input:gaussian:x", "'x' is no number"),
            ("input:NaN", "finite and at least 0, received NaN"),
            ("input:-1", "finite and at least 0, received -1"),
            ("input:1e31", "at most 1e30"),
            ("input:dropout:1", "rate must be at least 0 and below 1, received 1"),
            ("weights:dropout:0.1", "weights take the kind gaussian, received dropout"),
            ("labels:0.1", "labels take the kind flip, received gaussian"),
            ("labels:flip:1", "below 1, received 1"),
            ("In put:0.1", "lower-case letters"),
        ];
        for (text, expected) in cases {
            let error = text.parse::<NoiseRow>().unwrap_err().to_string();
            assert!(error.contains(expected) && error.lines().count() == 1, "{text}: {error}");
        }
        assert!("input:0.1,0.2".parse::<NoiseSpec>().is_err());
    }
}

//! Noise as text: `place:kind:strength`.

use std::str::FromStr;

use candle_core::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::options::NoiseOptions;
use super::spec::{NoiseSpec, refused};

impl FromStr for NoiseSpec {
    type Err = Error;

    /// Parses `place:kind:strength` and `place:strength`, with options.
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
pub(super) fn alternatives(text: &str) -> Result<Vec<NoiseSpec>> {
    let parts: Vec<&str> = text.trim().split(':').map(str::trim).collect();
    let (place, kind, strengths, options) = match &parts[..] {
        // A strength begins as no name of a kind does.
        [place, strengths, options @ ..] if is_strength(strengths) => {
            (*place, NoiseSpec::GAUSSIAN, *strengths, options)
        }
        [place, kind, strengths, options @ ..] => (*place, *kind, *strengths, options),
        [place, strengths] => (*place, NoiseSpec::GAUSSIAN, *strengths, &[][..]),
        _ => error(text, "expected place:kind:strength, as input:gaussian:0.1".to_string())?,
    };
    if kind.is_empty() {
        error(
            text,
            "expected a kind between the colons, as in input:gaussian:0.1, received none"
                .to_string(),
        )?;
    }
    let spec = |strengths: &str| {
        let (first, end) = match strengths.split_once("..") {
            Some((first, end)) => (number(first)?, Some(number(end)?)),
            None => (number(strengths)?, None),
        };
        NoiseSpec::named(place, kind, first)?.with(NoiseOptions::parse(end, options)?)
    };
    let spec = |own: &str| spec(own).or_else(|cause| error(text, cause.to_string()));
    strengths.split(',').map(spec).collect()
}

fn is_strength(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || "+-.,".contains(c)) || number(text).is_ok()
}

fn number(text: &str) -> Result<f64> {
    if text.trim().is_empty() {
        return refused("expected a strength, as in input:gaussian:0.1, received none".to_string());
    }
    let number = text.trim().parse();
    number.or_else(|_| refused(format!("'{text}' is no number")))
}

fn error<T>(text: &str, what: String) -> Result<T> {
    refused(format!("noise '{text}': {what}"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::NoiseRow;
    use crate::noise::shipped::KINDS;

    #[test]
    fn every_kind_parses_and_prints_the_same() {
        for (kind, _) in KINDS {
            let strength = if kind == "crop" { "2" } else { "0.25" };
            let text = format!("before-dense:{kind}:{strength}");
            assert_eq!(text.parse::<NoiseSpec>().unwrap().to_string(), text);
        }
        for text in ["weights:gaussian:3", "gradients:gaussian:0.01", "labels:flip:0.1"] {
            assert_eq!(text.parse::<NoiseSpec>().unwrap().to_string(), text);
        }
        for text in [
            "input:gaussian:0.3..0.03:linear",
            "hidden:uniform:0.3..0.03:exponential:relative",
            "input:gaussian:0.1:relative:learned:always:paired",
            "weights:gaussian:0.02:paired",
            "gradients:gaussian:0.01:decay=0.55:anticorrelated",
            "labels:flip:0.2..0:cosine",
        ] {
            assert_eq!(text.parse::<NoiseSpec>().unwrap().to_string(), text);
        }
        let [short, long] = ["input:0.3..0.03:paired", "input:gaussian:0.3..0.03:linear:paired"];
        assert_eq!(short.parse::<NoiseSpec>().unwrap(), long.parse().unwrap());
        let row: NoiseRow = "input:0.3..0.03, 0.1..0.01:cosine".parse().unwrap();
        assert_eq!(row.0[1][0].to_string(), "input:gaussian:0.1..0.01:cosine");
        for (text, expected) in [("1e-3", "0.001"), ("-0", "0")] {
            let spec: NoiseSpec = format!("input:{text}").parse().unwrap();
            assert_eq!(spec.to_string(), format!("input:gaussian:{expected}"));
        }
    }

    #[test]
    fn errors_say_what_is_wrong_with_a_noise() {
        let cases = [
            ("", "expected place:kind:strength"),
            ("input", "expected place:kind:strength"),
            ("input:gauss:0.1", "expected a kind of noise (gaussian, uniform"),
            ("input:gaussian:0.1:often", "there is no option 'often'"),
            ("input:gaussian:", "expected a strength, as in input:gaussian:0.1, received none"),
            ("input:0.1,", "expected a strength, as in input:gaussian:0.1, received none"),
            (
                "input::0.1",
                "expected a kind between the colons, as in input:gaussian:0.1, received none",
            ),
            (
                "input:gaussian:0.1:",
                "expected an option after the last colon, received none (relative, ",
            ),
            (
                "input:0.1::paired",
                "expected an option between the colons, received none (relative, ",
            ),
            ("input:gaussian:x", "'x' is no number"),
            ("input:NaN", "finite and at least 0, received NaN"),
            ("input:-1", "finite and at least 0, received -1"),
            ("input:1e31", "at most 1e30"),
            ("input:dropout:1", "rate must be at least 0 and below 1, received 1"),
            ("weights:dropout:0.1", "weights take the kind gaussian, received dropout"),
            ("labels:0.1", "labels take the kind flip, received gaussian"),
            ("labels:flip:1", "below 1, received 1"),
            ("In put:0.1", "lower-case letters"),
            ("input:0.1:linear", "linear goes with two strengths, as 0.3..0.03:linear"),
            ("input:0.1..:linear", "expected a strength, as in input:gaussian:0.1, received none"),
            ("input:0.1..0:exponential", "strengths above 0, received 0.1 and 0"),
            ("input:0.1..-1", "finite and at least 0, received -1"),
            ("input:dropout:0.1..1", "below 1, received 1"),
            ("input:0.1:decay=x", "expected decay=POWER, as decay=0.5, received 'decay=x'"),
            ("input:0.1:decay=-1", "at least 0, received -1"),
            ("input:0.1..1:decay=1", "expected one schedule, received two"),
            ("input:0.1:relative:relative", "expected one relative, received two"),
            ("input:dropout:0.1:relative", "only noise that is added can be relative"),
            ("input:0:learned", "begins at 0.00001 or more, received 0"),
            ("input:0.1..0.2:learned", "a learned strength has no schedule"),
            (
                "input:0.1:anticorrelated",
                "gradients take the option anticorrelated, received input",
            ),
            ("weights:0.1:relative", "weights take no option relative"),
            ("gradients:0.1:paired", "gradients take no option paired"),
        ];
        for (text, expected) in cases {
            let error = text.parse::<NoiseRow>().unwrap_err().to_string();
            assert!(error.contains(expected) && error.lines().count() == 1, "{text}: {error}");
        }
        assert!("input:0.1,0.2".parse::<NoiseSpec>().is_err());
        let error = format!("{}:0.1", "a".repeat(65)).parse::<NoiseSpec>().unwrap_err().to_string();
        assert!(error.contains("a place of at most 64 characters, received 65"), "{error}");
    }
}

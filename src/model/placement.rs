//! Where noise enters a network.

use std::fmt;
use std::str::FromStr;

use candle_core::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::nn::SequentialT;
use crate::noise::{GaussianNoise, NoiseBuilder};

/// Where noise enters a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// On the inputs.
    Input,
    /// On every hidden layer's weighted sums, before the activation.
    BeforeActivation,
    /// On every hidden layer's outputs, after the activation.
    AfterActivation,
    /// On the features behind the convolutions, after the pooling.
    AfterPooling,
    /// On the last hidden state of a recurrent network, before the dense layer.
    BeforeDense,
}

impl Placement {
    const ALL: [Self; 5] = [
        Self::Input,
        Self::BeforeActivation,
        Self::AfterActivation,
        Self::AfterPooling,
        Self::BeforeDense,
    ];
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "input",
            Self::BeforeActivation => "before-activation",
            Self::AfterActivation => "after-activation",
            Self::AfterPooling => "after-pooling",
            Self::BeforeDense => "before-dense",
        })
    }
}

impl FromStr for Placement {
    type Err = String;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|placement| placement.to_string() == text);
        found.ok_or_else(|| format!("expected {}, received '{text}'", listed(&Self::ALL)))
    }
}

/// "a, b or c".
fn listed(placements: &[Placement]) -> String {
    let names: Vec<String> = placements.iter().map(Placement::to_string).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The noise that a network is built with: at most one spread a replica at each of its places.
pub(super) struct Noise<'a> {
    nb: &'a NoiseBuilder,
    placed: &'a [(Placement, Vec<f64>)],
}

impl<'a> Noise<'a> {
    /// Checks the placements; `places` are those that the network has.
    pub fn new(
        network: &str,
        places: &[Placement],
        nb: &'a NoiseBuilder,
        placed: &'a [(Placement, Vec<f64>)],
    ) -> Result<Self> {
        for (i, (placement, _)) in placed.iter().enumerate() {
            if !places.contains(placement) {
                bail!("{network} has noise at {}, received {placement}", listed(places))
            }
            if placed[..i].iter().any(|(other, _)| other == placement) {
                bail!("expected one noise for each placement, received two for {placement}")
            }
        }
        Ok(Self { nb, placed })
    }

    /// A layer at the site `name`, where there is noise at the placement.
    pub fn layer(&self, placement: Placement, name: &str) -> Result<Option<GaussianNoise>> {
        let found = self.placed.iter().find(|(other, _)| *other == placement);
        found
            .map(|(_, stddevs)| GaussianNoise::with_strengths(stddevs, self.nb.pp(name)))
            .transpose()
    }

    /// Appends that layer, where there is one.
    pub fn add(&self, model: SequentialT, placement: Placement, name: &str) -> Result<SequentialT> {
        match self.layer(placement, name)? {
            Some(layer) => model.add_named(name, layer),
            None => Ok(model),
        }
    }
}

//! What is learned, and the tutorial's settings for it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::settings::Settings;
use crate::loss::Loss;
use crate::model::{Cnn, Lstm, Mlp, Placement};

/// A set of data with its network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Two noisy circles and a multilayer perceptron.
    #[default]
    Circles,
    /// Images of handwritten digits and a convolutional network.
    Digits,
    /// Utterances of nine speakers and a recurrent network.
    Vowels,
}

impl Task {
    /// All tasks.
    pub const ALL: [Self; 3] = [Self::Circles, Self::Digits, Self::Vowels];

    /// The tutorial's settings, without noise.
    pub fn defaults(self) -> Settings {
        let settings = Settings { task: self, ..Settings::default() };
        let real = Settings { data_noise: 0., data_seed: 0, ..settings.clone() };
        match self {
            Self::Circles => settings,
            Self::Digits => Settings {
                samples: 1797,
                test_rows: Some(1000),
                train_size: 100,
                hidden: 32,
                epochs: 100,
                ..real
            },
            Self::Vowels => Settings {
                samples: 640,
                test_rows: Some(370),
                train_size: 270,
                hidden: 64,
                epochs: 60,
                ..real
            },
        }
    }

    /// Where noise can enter.
    pub fn placements(self) -> &'static [Placement] {
        match self {
            Self::Circles => &Mlp::PLACEMENTS,
            Self::Digits => &Cnn::PLACEMENTS,
            Self::Vowels => &Lstm::PLACEMENTS,
        }
    }

    /// Number of files that can take the place of the data that come with this crate.
    pub fn files(self) -> usize {
        match self {
            Self::Circles => 0,
            Self::Digits => 1,
            Self::Vowels => 2,
        }
    }

    /// What is made small.
    pub(super) fn loss(self) -> Loss {
        match self {
            Self::Circles => Loss::BinaryCrossEntropy,
            Self::Digits | Self::Vowels => Loss::CrossEntropy,
        }
    }

    /// Whether several runs can be the replicas of one network.
    pub(super) fn has_replicas(self) -> bool {
        self == Self::Circles
    }

    /// Numbers of an activation for each row and of a weight, at the most, with layers so wide.
    pub(super) fn extents(self, hidden: usize) -> [usize; 2] {
        let square = hidden.saturating_mul(hidden);
        match self {
            Self::Circles => [hidden, hidden.saturating_mul(2)],
            Self::Digits => [hidden.saturating_mul(6 * 6), square.saturating_mul(3 * 3)],
            Self::Vowels => [hidden.saturating_mul(4 * 29), square.saturating_mul(4)],
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Circles => "circles",
            Self::Digits => "digits",
            Self::Vowels => "vowels",
        })
    }
}

impl FromStr for Task {
    type Err = String;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|task| task.to_string() == text);
        let [a, b, c] = Self::ALL;
        found.ok_or_else(|| format!("expected {a}, {b} or {c}, received '{text}'"))
    }
}

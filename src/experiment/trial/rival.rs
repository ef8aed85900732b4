//! A remedy against overfitting that is compared with noise.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::noise::NoiseSpec;
use crate::stats::number;
use crate::task::Hyper;
use crate::train::EarlyStopping;

/// A remedy against overfitting that is compared with noise. Its text is its name: `weight decay 0.1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rival {
    /// Ends a run when its validation loss no longer falls, and restores its best epoch.
    EarlyStopping {
        /// Number of epochs in a row without a lower validation loss after which a run ends.
        patience: usize,
    },
    /// Dropout at a place of the network, which is the same as this noise.
    Dropout(NoiseSpec),
    /// Decoupled weight decay, as that of the recipe.
    WeightDecay(f64),
    /// Label smoothing, as that of the recipe.
    LabelSmoothing(f64),
}

impl Rival {
    /// Returns what it is, without its strength: `weight decay`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::EarlyStopping { .. } => "early stopping",
            Self::Dropout(_) => "dropout",
            Self::WeightDecay(_) => "weight decay",
            Self::LabelSmoothing(_) => "label smoothing",
        }
    }

    /// Returns its strength; early stopping has none.
    pub fn strength(&self) -> Option<f64> {
        match self {
            Self::EarlyStopping { .. } => None,
            Self::Dropout(noise) => Some(noise.strength()),
            Self::WeightDecay(strength) | Self::LabelSmoothing(strength) => Some(*strength),
        }
    }

    /// Returns the noise that it is, if it is one.
    pub fn noise(&self) -> Option<&NoiseSpec> {
        match self {
            Self::Dropout(noise) => Some(noise),
            _ => None,
        }
    }

    /// Returns the hyperparameters with the setting of the rival applied.
    pub fn applied_to(&self, mut hyper: Hyper) -> Hyper {
        match *self {
            Self::EarlyStopping { patience } => {
                hyper.early_stopping = Some(EarlyStopping::new(patience).restore_best());
            }
            Self::Dropout(_) => {}
            Self::WeightDecay(strength) => hyper.recipe.weight_decay = strength,
            Self::LabelSmoothing(strength) => hyper.recipe.label_smoothing = strength,
        }
        hyper
    }
}

impl fmt::Display for Rival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.strength().map_or(Ok(()), |strength| write!(f, " {}", number(strength)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_a_name_and_the_json_says_all() {
        let dropout = "after-activation:dropout:0.5".parse().unwrap();
        let cases = [
            (
                Rival::EarlyStopping { patience: 7 },
                "early stopping",
                r#"{"early-stopping":{"patience":7}}"#,
            ),
            (
                Rival::Dropout(dropout),
                "dropout 0.5",
                r#"{"dropout":"after-activation:dropout:0.5"}"#,
            ),
            (Rival::WeightDecay(1.), "weight decay 1", r#"{"weight-decay":1.0}"#),
            (Rival::LabelSmoothing(0.1), "label smoothing 0.1", r#"{"label-smoothing":0.1}"#),
        ];
        for (rival, text, json) in cases {
            assert_eq!(rival.to_string(), text);
            assert_eq!(serde_json::to_string(&rival).unwrap(), json);
            assert_eq!(serde_json::from_str::<Rival>(json).unwrap(), rival);
        }
    }
}

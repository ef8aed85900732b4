//! One run as its content: everything that determines its bits, and a name that follows from it.

mod check;
mod init;
mod network;
mod rival;
mod subject;

use std::fmt;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use init::set_weights;
pub(super) use network::Network;
pub use rival::Rival;
pub(super) use subject::Built;
pub use subject::Subject;

use crate::files::sha256;
use crate::noise::NoiseSpec;
use crate::task::{Draw, Hyper};

/// One run: hyperparameters, rows, noise or a rival of it, and seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Network and training.
    pub hyper: Hyper,
    /// The rows.
    pub draw: Draw,
    /// The noises that act together; none in the baseline.
    pub noise: Vec<NoiseSpec>,
    /// The rival of noise that changes the hyperparameters of its plan, if one does.
    pub rival: Option<Rival>,
    /// Seed of weights, batches and noise.
    pub seed: u64,
}

impl Trial {
    /// Whether two runs differ in seeds, folds and strengths alone.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let alike = |(a, b): (&NoiseSpec, &NoiseSpec)| a.is_like(b);
        let Draw { data_seed, fold, .. } = self.draw;
        let draw = Draw { data_seed, fold, ..other.draw.clone() };
        self.hyper == other.hyper
            && self.draw == draw
            && self.noise.len() == other.noise.len()
            && self.noise.iter().zip(&other.noise).all(alike)
    }
}

/// The name of a run: the SHA-256 of its content as JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrialId(String);

impl fmt::Display for TrialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What tells the runs of one folder apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Varying {
    pub hidden: usize,
    pub learning_rate: f64,
    pub train_size: usize,
    pub data_seed: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
    /// The text of each noise.
    pub noise: Vec<String>,
    /// What the hyperparameters are changed by, which the runs of a folder share otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rival: Option<Rival>,
    pub seed: u64,
}

impl Varying {
    pub fn of(trial: &Trial) -> Self {
        // Noise of strength 0 is no noise: the baseline.
        let noise = trial.noise.iter().filter(|noise| !noise.is_silent());
        Self {
            hidden: trial.hyper.hidden,
            learning_rate: trial.hyper.learning_rate + 0., // -0 is 0
            train_size: trial.draw.train_size,
            data_seed: trial.draw.data_seed,
            fold: trial.draw.fold,
            noise: noise.map(NoiseSpec::to_string).collect(),
            rival: trial.rival.clone(),
            seed: trial.seed,
        }
    }

    /// The name of a run with this content beside what the runs of its folder share.
    pub fn id(&self, common: &Value, network: &Network) -> Result<TrialId> {
        let content = serde_json::to_vec(&(common, &network.variables, self))?;
        Ok(TrialId(sha256(&content)))
    }
}

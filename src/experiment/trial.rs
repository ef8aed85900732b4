//! One run as its content: everything that determines its bits, and a name that follows from it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::settings::{EarlyStop, Noise, Settings};
use super::task::Task;
use crate::files::sha256;

/// Raised when a change makes runs of the same content give other bits.
const REVISION: u32 = 1;

/// Everything that determines the bits of a run, and nothing else: no path, no number of repeats.
///
/// Its JSON is its identity. A new field that is left out where it has no effect changes no name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    revision: u32,
    device: String,
    task: Task,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Fingerprint>,
    samples: usize,
    data_noise: f64,
    data_seed: u32,
    train_size: usize,
    validation_size: usize,
    hidden: usize,
    epochs: usize,
    batch_size: usize,
    learning_rate: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    noise: Vec<Noise>,
    #[serde(skip_serializing_if = "Option::is_none")]
    early_stopping: Option<EarlyStop>,
    seed: u64,
}

/// The name of a run: the SHA-256 of a [`Trial`]'s JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrialId(String);

impl fmt::Display for TrialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Trial {
    /// The run with one seed of an experiment. `data` are those of files or of this crate, `None`
    /// where the settings determine them; `device` is `cpu` or `cuda`, whose bits may differ.
    pub fn new(settings: &Settings, data: Option<&Fingerprint>, device: &str, seed: u64) -> Self {
        // Noise of strength 0 is no noise: the baseline.
        let noise = settings.noise.iter().filter(|noise| noise.stddev != 0.).copied();
        Self {
            revision: REVISION,
            device: device.to_string(),
            task: settings.task,
            data: data.cloned(),
            samples: settings.samples,
            data_noise: settings.data_noise + 0., // -0 is 0
            data_seed: settings.data_seed,
            train_size: settings.train_size,
            validation_size: settings.validation_size,
            hidden: settings.hidden,
            epochs: settings.epochs,
            batch_size: settings.batch_size,
            learning_rate: settings.learning_rate + 0.,
            noise: noise.collect(),
            early_stopping: settings.early_stopping,
            seed,
        }
    }

    /// The name of the run.
    pub fn id(&self) -> TrialId {
        // Plain data with names as keys: they cannot fail to become JSON.
        TrialId(sha256(&serde_json::to_vec(self).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Placement;

    fn noisy(stddev: f64) -> Settings {
        let noise = vec![Noise { placement: Placement::Input, stddev }];
        Settings { noise, ..Settings::default() }
    }

    fn id(settings: &Settings) -> TrialId {
        Trial::new(settings, None, "cpu", 0).id()
    }

    /// The names are frozen: finished runs would not be found under others.
    #[test]
    fn the_json_and_its_hash_are_frozen() {
        let trial = Trial::new(&noisy(0.1), None, "cpu", 7);
        assert_eq!(
            serde_json::to_string(&trial).unwrap(),
            "{\"revision\":1,\"device\":\"cpu\",\"task\":\"circles\",\"samples\":100,\
             \"data_noise\":0.1,\"data_seed\":1,\"train_size\":30,\"validation_size\":0,\
             \"hidden\":500,\"epochs\":4000,\"batch_size\":32,\"learning_rate\":0.001,\
             \"noise\":[{\"placement\":\"input\",\"stddev\":0.1}],\"seed\":7}"
        );
        // From `sha256sum`.
        let frozen = "17418fa023a916918a9d086bf1299364137aac51fd8eb646101be38ce5e9568d";
        assert_eq!(trial.id().to_string(), frozen);
    }

    #[test]
    fn what_changes_no_bit_changes_no_name() {
        let settings = noisy(0.1);
        let files = vec!["somewhere/else.csv".into()];
        assert_eq!(id(&Settings { repeats: 9, seed: 3, files, ..settings.clone() }), id(&settings));
        assert_eq!(id(&noisy(0.)), id(&Settings::default()), "the baseline");
        assert_eq!(id(&Settings { data_noise: -0., ..noisy(1.) }), {
            id(&Settings { data_noise: 0., ..noisy(1.) })
        });
    }

    #[test]
    fn whatever_changes_bits_changes_the_name() {
        let settings = noisy(0.1);
        let stop = EarlyStop { patience: 5, restore_best: false, on_test: false };
        let mut others = vec![
            Settings { task: Task::Digits, ..settings.clone() },
            Settings { samples: 101, ..settings.clone() },
            Settings { data_noise: 0.2, ..settings.clone() },
            Settings { data_seed: 2, ..settings.clone() },
            Settings { train_size: 31, ..settings.clone() },
            Settings { validation_size: 1, ..settings.clone() },
            Settings { hidden: 501, ..settings.clone() },
            Settings { epochs: 4001, ..settings.clone() },
            Settings { batch_size: 33, ..settings.clone() },
            Settings { learning_rate: 0.002, ..settings.clone() },
            Settings { early_stopping: Some(stop), ..settings.clone() },
            noisy(0.2),
            Settings::default(),
        ];
        others.push(settings.clone());
        let mut ids: Vec<TrialId> = others.iter().map(id).collect();
        let data = Fingerprint::new([(1, [(&[1.][..], 0)].into_iter())]);
        ids.push(Trial::new(&settings, Some(&data), "cpu", 0).id());
        ids.push(Trial::new(&settings, None, "cuda", 0).id());
        ids.push(Trial::new(&settings, None, "cpu", 1).id());
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}

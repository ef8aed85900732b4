//! Training: epochs, curves, early stopping, checkpoints in memory and predictions.

mod batch;
mod checkpoint;
mod diagnose;
mod early_stopping;
mod epochs;
mod evaluate;
mod finite;
mod fit;
mod frozen;
mod history;
mod lone_row;
mod lr_schedule;
#[cfg(feature = "cuda")]
mod many_epochs;
mod measured;
mod mixup;
mod options;
mod outputs;
mod predictor;
mod rows;
mod sample;
mod shuffle;
mod trainer;

pub use checkpoint::Checkpoint;
pub use diagnose::{Diagnosis, SiteDiagnosis, diagnose};
pub use early_stopping::EarlyStopping;
pub use evaluate::{evaluate, predict};
pub use fit::fit;
pub use history::{Curves, History, ReplicaHistory, SetScores, Stop};
pub use lr_schedule::{LrDecay, LrSchedule};
pub use mixup::Mixup;
pub use options::TrainOptions;
pub use predictor::Predictor;
#[cfg(feature = "experiment")]
pub(crate) use rows::check_rows;
pub use sample::{Sampled, sample};
pub use shuffle::shuffled;
pub use trainer::Trainer;

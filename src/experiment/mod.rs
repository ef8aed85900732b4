//! Experiments: settings, repeats as replicas, and their outcome.

mod boundary;
mod outcome;
mod repeats;
mod settings;
mod statistics;

pub use boundary::{Field, boundary};
pub use outcome::{Outcome, Run, Seconds, Statistic, Summary, statistic};
pub use repeats::{Schedule, Trained, train_repeats};
pub use settings::{Noise, Settings};
pub use statistics::{Interval, TTest, bootstrap_interval, holm, mcnemar, nadeau_bengio, paired_t};

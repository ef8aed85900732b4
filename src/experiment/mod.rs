//! Experiments: settings, repeats as replicas, grids of them, and what they say.

mod boundary;
mod chunk;
mod compare;
mod conclusion;
mod grid;
mod keeper;
mod outcome;
mod record;
mod repeats;
mod resumable;
mod schedule;
mod search;
mod settings;
mod shard;
mod statistics;
mod store;

pub use boundary::{Field, boundary};
pub use chunk::Trained;
pub use compare::{CellOutcome, Difference, Test, compare};
pub use conclusion::{Choice, ChosenBy, Conclusion, Verdict, conclude};
pub use grid::{Cell, Grid, Variant};
pub use outcome::{GridOutcome, Outcome, Run, Seconds, Statistic, Summary, statistic};
pub use record::{Curves, Record, RunId, sampled_epochs};
pub use repeats::train_repeats;
pub use resumable::{Checkpointing, Ending, train_resumable};
pub use schedule::Schedule;
pub use search::{Watch, missing, search};
pub use settings::{EarlyStop, Noise, Settings};
pub use shard::Shard;
pub use statistics::{Interval, TTest, bootstrap_interval, holm, mcnemar, nadeau_bengio, paired_t};
pub use store::{Common, Store};

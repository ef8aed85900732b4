//! Experiments: many runs of a task with and without noise, and what they say.
//!
//! The order is trial → plan → basis → record → store → run → units → compare → conclude → outcome → sentences →
//! robustness → builder: each uses those before it only.

mod basis;
mod builder;
mod bundling;
mod compare;
mod conclude;
mod outcome;
mod plan;
mod record;
mod references;
mod robustness;
mod run;
mod sentences;
pub(crate) mod store;
mod trial;
mod units;
mod until;

pub use basis::Basis;
pub use builder::Experiment;
pub use bundling::{bundle_cell, bundle_runs};
pub use compare::{
    CellOutcome, ComparedRuns, Comparison, Difference, Dropped, Further, Judge, Sides, Test,
    compare, compare_runs,
};
pub use conclude::{
    About, Choice, ChosenBy, Conclusion, Judged, Needed, Reason, Verdict, Versus, What, conclude,
};
pub use outcome::{Outcome, Seconds};
pub use plan::{Cell, Plan, Variant};
pub use record::{Record, Run, Sampled, Scores, Summary, sampled_epochs};
pub use references::{Reference, references};
pub use robustness::robustness;
pub use run::{
    Checkpointing, Ending, Event, Field, Schedule, Shard, TestNoise, Trained, Watch, attack_epochs,
    boundary, checkpoints_device, forecast_repeats, forecast_search, lacking_classes, missing,
    search, train_once_more, train_repeats, train_resumable,
};
pub use sentences::{
    cell_name, comparison_sentences, comparison_word, conclusion_sentences, folds_words,
    margin_number, noise_name, p_number, place_name, range, remedy_name, strength_name,
    strength_words, variant_words,
};
pub use store::Store;
pub use trial::{Rival, Subject, Trial, TrialId};
pub use units::{Effect, Scope, Unit};

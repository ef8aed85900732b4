//! Flags for how training steps are made, beside the noise.

use clap::Args;

use super::parse::{above_zero, share, stddev};
use crate::task::Recipe;
use crate::train::LrSchedule;

/// Flags for weight decay, label smoothing, clipping, mixup and the schedule of the learning rate.
#[derive(Args, Clone, Debug)]
pub struct RecipeArgs {
    /// Weight decay of AdamW: each step takes this share of the weights off, times the learning rate
    #[arg(long, value_name = "X", default_value = "0", value_parser = stddev, allow_hyphen_values = true)]
    weight_decay: f64,
    /// Label smoothing from 0 to 1, in training only
    #[arg(long, value_name = "X", default_value = "0", value_parser = share, allow_hyphen_values = true)]
    label_smoothing: f64,
    /// Largest norm of the gradient; a longer one is scaled down to it, before noise on gradients
    #[arg(long, value_name = "X", value_parser = above_zero, allow_hyphen_values = true)]
    clip_norm: Option<f64>,
    /// Schedule of the learning rate: constant, step:EVERY:FACTOR, cosine[:FLOOR] or
    /// plateau:PATIENCE:FACTOR, also after a warm-up, as in warmup:10,cosine
    #[arg(long, value_name = "SCHEDULE", default_value = "constant")]
    lr_schedule: LrSchedule,
    /// Mix each training row with another one: the α of mixup, as 0.2; targets that are numbers are mixed with
    /// near ones (C-Mixup)
    #[arg(long, value_name = "ALPHA", default_value = "0", value_parser = stddev, allow_hyphen_values = true)]
    mixup: f64,
}

impl RecipeArgs {
    /// Returns the recipe of the flags.
    pub(super) fn recipe(&self) -> Recipe {
        let Self { weight_decay, label_smoothing, clip_norm, lr_schedule, mixup } = *self;
        Recipe { weight_decay, label_smoothing, clip_norm, lr_schedule, mixup }
    }
}

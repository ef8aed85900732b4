//! How training steps are made, beside the objective and the noise.

use std::fmt;

use candle_core::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::train::LrSchedule;

/// How training steps are made, beside the objective and the noise. By default none of it is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Recipe {
    /// Decoupled weight decay of AdamW, finite and at least 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub weight_decay: f64,
    /// Label smoothing, from 0 to 1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub label_smoothing: f64,
    /// The largest norm of a replica's gradient, finite and above 0 in single precision; longer gradients
    /// are scaled down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// The schedule of the learning rate.
    #[serde(default, skip_serializing_if = "LrSchedule::is_constant")]
    pub lr_schedule: LrSchedule,
    /// The α of mixup, finite and at least 0; 0 mixes nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub mixup: f64,
}

fn is_zero(x: &f64) -> bool {
    *x == 0.
}

impl Recipe {
    /// Returns whether nothing of it is used.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that the numbers are in range.
    ///
    /// # Errors
    /// If one is not.
    pub fn check(&self) -> Result<()> {
        let Self { weight_decay, label_smoothing, clip_norm, mixup, .. } = *self;
        if !(0.0..f64::INFINITY).contains(&mixup) {
            bail!("mixup must be finite and at least 0, received {mixup}")
        }
        if !(0.0..f64::INFINITY).contains(&weight_decay) {
            bail!("weight decay must be finite and at least 0, received {weight_decay}")
        }
        if !(0.0..=1.).contains(&label_smoothing) {
            bail!("label smoothing must lie in [0, 1], received {label_smoothing}")
        }
        match clip_norm {
            Some(norm) if !(norm as f32 > 0. && norm.is_finite()) => {
                bail!("clip norm must be finite and above 0 in single precision, received {norm:?}")
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Recipe {
    /// Writes what is used of it: `weight decay 0.01, schedule cosine:0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { weight_decay, label_smoothing, clip_norm, lr_schedule, mixup } = self;
        let number = |name: &str, x: f64| (x != 0.).then(|| format!("{name} {x}"));
        let parts = [
            number("weight decay", *weight_decay),
            number("label smoothing", *label_smoothing),
            number("clip norm", clip_norm.unwrap_or(0.)),
            number("mixup", *mixup),
            (!lr_schedule.is_constant()).then(|| format!("schedule {lr_schedule}")),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

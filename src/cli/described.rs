//! The task and the rows that settings describe, as in `experiment.json` and in trained models.

use anyhow::Result;
use candle_core::Device;
use serde_json::{Value, json};

use crate::task::{self, Draw, Parts, Source, Task};

/// Opens the task of some settings, if its data are drawn or those of this crate.
///
/// # Errors
/// If the data cannot be drawn.
pub(super) fn task_of(settings: &Value) -> Result<Option<Box<dyn Task>>> {
    let name = settings["task"].as_str().unwrap_or_default();
    if !task::names().any(|own| own == name) {
        return Ok(None);
    }
    let is_drawn = task::files(name) == 0;
    let data = &settings["data"];
    let drawn = data["samples"].as_u64().zip(data["data_noise"].as_f64()).filter(|_| is_drawn);
    let drawn = drawn.map(|(samples, noise)| (samples as usize, noise));
    let task = task::open(name, &Source { drawn, ..Source::default() })?;
    // Files may stand in for the data of this crate.
    let is_own = is_drawn || json!(task.fingerprint()) == settings["content_of_the_data"];
    Ok(is_own.then_some(task))
}

/// Returns the draw of the rows.
pub(super) fn draw_of(settings: &Value) -> Draw {
    let size = |name: &str| settings[name].as_u64().unwrap_or(0);
    Draw {
        data_seed: size("data_seed") as u32,
        train_size: size("train_size") as usize,
        validation_size: size("validation_size") as usize,
        fold: None,
    }
}

/// Returns the rows of a task that draws its data or has them with it.
///
/// # Errors
/// If the data cannot be drawn.
pub(super) fn parts_of(settings: &Value) -> Result<Option<Parts>> {
    let Some(task) = task_of(settings)? else { return Ok(None) };
    Ok(Some(task.parts(&task.defaults(), &draw_of(settings), &Device::Cpu)?))
}

//! `robustness.json`; `docs/result.md` describes every key.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use crate::report::json::pretty;
use crate::robust::Robustness;

/// Returns `robustness.json`: all figures of models side by side, how they were measured, and what they say,
/// indented.
///
/// # Errors
/// If they cannot be written as JSON.
pub fn robustness_json(found: &Robustness, command: &str, settings: &Value) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Json<'a> {
        version: &'static str,
        command: &'a str,
        settings: &'a Value,
        #[serde(flatten)]
        found: &'a Robustness,
        sentences: Vec<String>,
    }
    let sentences = found.sentences();
    pretty(&Json { version: env!("CARGO_PKG_VERSION"), command, settings, found, sentences })
}

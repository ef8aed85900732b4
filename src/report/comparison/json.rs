//! `comparison.json`; `docs/result.md` describes every key.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::experiment::{Comparison, comparison_sentences};
use crate::report::json::pretty;

/// Returns `comparison.json`: all figures of a comparison of experiments in some folders, and what they say,
/// indented.
///
/// # Errors
/// If the comparison cannot be written as JSON.
pub fn comparison_json(found: &Comparison, command: &str, folders: &[PathBuf]) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Json<'a> {
        version: &'static str,
        command: &'a str,
        folders: Vec<String>,
        #[serde(flatten)]
        found: &'a Comparison,
        sentences: Vec<String>,
    }
    pretty(&Json {
        version: env!("CARGO_PKG_VERSION"),
        command,
        folders: folders.iter().map(|folder| folder.display().to_string()).collect(),
        found,
        sentences: comparison_sentences(found),
    })
}

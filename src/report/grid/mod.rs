//! A grid's results: a table and sentences for the terminal, CSV, JSON, pictures, and a page.

mod csv;
mod html;
mod pictures;
mod sentences;
mod table;

pub use csv::{cells_csv, runs_csv};
pub use html::report_html;
pub use pictures::{GRID_PICTURES, Picture, grid_pictures};
pub use sentences::conclusion_sentences;
pub use table::grid_text;

use anyhow::Result;
use serde::Serialize;

use crate::experiment::GridOutcome;

/// `result.json` of a grid: the outcome and its sentences, indented.
///
/// # Errors
/// Never for an outcome of this crate.
pub fn grid_json(outcome: &GridOutcome) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct WithSentences<'a> {
        #[serde(flatten)]
        outcome: &'a GridOutcome,
        sentences: Vec<String>,
    }
    let sentences = conclusion_sentences(outcome);
    let mut json = serde_json::to_vec_pretty(&WithSentences { outcome, sentences })?;
    json.push(b'\n');
    Ok(json)
}

//! The results of a grid: a table for the terminal, CSV files, pictures and a page.

mod csv;
mod data;
mod html;
mod lines;
mod method;
mod pictures;
mod table;
mod text;

pub use csv::{cells_csv, runs_csv};
pub use html::report_html;
pub(super) use pictures::PANELS;
pub use pictures::{GRID_PICTURES, Picture, grid_pictures};
pub(super) use table::{Cells, Column, Rank, further, further_names, p_value, with_reach};
pub(super) use text::{all_cells, cells, prose};
pub use text::{grid_text, wrapped};

/// Returns whether a figure is neither one of the primary metric nor a loss: a further metric's.
fn is_further(name: &str, metric: &str) -> bool {
    let sets = ["train", "validation", "test", "best_test"];
    let is_own =
        |set: &&str| [format!("{set}_{metric}"), format!("{set}_loss")].contains(&name.into());
    !sets.iter().any(is_own)
}

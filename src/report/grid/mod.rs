//! The results of a grid: a table for the terminal, CSV files, pictures and a page.

mod csv;
mod html;
mod pictures;
mod table;

pub use csv::{cells_csv, runs_csv};
pub use html::report_html;
pub use pictures::{GRID_PICTURES, Picture, grid_pictures};
pub use table::grid_text;

//! Results as text, files and pictures.

mod curves;
mod examples;
mod grid;
mod json;
mod noisy_rows;
pub mod plot;
mod tables;
mod text;

pub use curves::{Training, accuracy_png, boundary_png, dataset_png, loss_png};
pub use examples::{confusion_png, images_png, sequences_png};
pub use grid::{
    GRID_PICTURES, Picture, cells_csv, grid_pictures, grid_text, report_html, runs_csv,
};
pub use json::{grid_json, outcome_json};
pub use noisy_rows::{NoisyRows, noisy_rows};
pub use tables::{dataset_csv, history_csv};
pub use text::result_line;

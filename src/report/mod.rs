//! Results as text, files and pictures.

mod curves;
mod examples;
mod grid;
pub mod plot;
mod tables;
mod text;

pub use curves::{accuracy_png, boundary_png, dataset_png, loss_png};
pub use examples::{confusion_png, images_png, sequences_png};
pub use grid::{
    GRID_PICTURES, Picture, cells_csv, conclusion_sentences, grid_json, grid_pictures, grid_text,
    report_html, runs_csv,
};
pub use tables::{dataset_csv, history_csv, outcome_json};
pub use text::{number, result_line};

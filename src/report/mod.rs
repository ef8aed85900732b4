//! Results as text, files and pictures.

mod curves;
mod files;
pub mod plot;
mod tables;
mod text;

pub use curves::{accuracy_png, boundary_png, dataset_png, loss_png};
pub use files::{create_folder, remove_files, wait_for_files, write_file, write_file_with};
pub use tables::{dataset_csv, history_csv, outcome_json};
pub use text::result_line;

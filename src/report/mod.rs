//! Results as text, files and pictures.

mod comparison;
mod curves;
mod diagnosis;
mod examples;
mod forecasts;
mod grid;
mod json;
mod noisy_rows;
mod page;
pub mod plot;
mod predictions;
mod predictions_csv;
mod robustness;
mod tables;
mod tensorboard;
mod text;
mod tfrecord;

pub use comparison::{comparison_json, comparison_latex, comparison_markdown, comparison_text};
pub use curves::{
    Points, Trainings, boundary_picture, dataset_picture, loss_picture, score_picture,
};
pub use diagnosis::{diagnosis_text, penalty_picture};
pub use examples::{images_picture, sequences_picture};
pub use forecasts::{forecast_csv, forecast_scores};
pub use grid::{
    GRID_PICTURES, Picture, cells_csv, grid_pictures, grid_text, report_html, runs_csv, wrapped,
};
pub use json::{grid_json, outcome_json};
pub use noisy_rows::{NoisyRows, noisy_rows};
pub use plot::{
    AttackedPoint, PlaneOfAttack, attacks as attack_picture, confusion as confusion_picture,
};
pub use predictions::{regression_pictures, reliability_picture, roc_picture};
pub use predictions_csv::Predictions;
pub use robustness::{
    RobustnessPage, difference_picture, robustness_html, robustness_json, robustness_picture,
    robustness_section, robustness_text,
};
pub use tables::{dataset_csv, history_csv, read_history};
pub use tensorboard::{EVENTS, Scalars};
pub use text::{figures_line, folds_line, result_line};

//! The robustness of models as text, files and pictures.

mod json;
mod text;

pub use json::robustness_json;
pub use text::robustness_text;

//! Finished experiments beside the first of them: a table as text, Markdown or LaTeX, and JSON.

mod columns;
mod json;
mod latex;
mod markdown;
mod text;

pub use json::comparison_json;
pub use latex::comparison_latex;
pub use markdown::comparison_markdown;
pub use text::comparison_text;

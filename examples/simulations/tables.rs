//! Experiments by number, and tables in markdown.

use rayon::prelude::*;

use super::draws::Share;

/// Number of simulated experiments for each figure.
pub const EXPERIMENTS: u32 = 2000;

/// Returns what is seen in each experiment.
pub fn each<T: Send>(see: impl Fn(u32) -> T + Sync + Send) -> Vec<T> {
    (0..EXPERIMENTS).into_par_iter().map(see).collect()
}

/// Returns how many of some experiments something happened in, with the standard error: `94.8 ± 0.5`, in per
/// cent.
pub fn percent(found: impl IntoIterator<Item = bool>) -> String {
    let share = Share::of(found);
    let value = share.value();
    format!("{:.1} ± {:.1}", 100. * value, 100. * share.error(value))
}

/// Prints the head of a table below its title.
pub fn head(title: &str, columns: &[&str]) {
    println!("\n**{title}**\n\n| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
}

/// Prints a row of a table.
pub fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

//! Wrong flags and values as one line, with what was probably meant.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command, Error};

use super::defaults::OWN_NOISE;
use super::exit::joined;
use super::experiment_args::ExperimentArgs;
use super::grid_args::GridArgs;

/// Formats an error in the flags as one line.
pub(super) fn usage_line(error: &Error) -> String {
    let named = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        // The most similar one is the last.
        Some(ContextValue::Strings(texts)) => texts.last().map(String::as_str),
        _ => None,
    };
    let first = first_lines(error);
    match (error.kind(), named(ContextKind::InvalidArg), named(ContextKind::SuggestedArg)) {
        (ErrorKind::UnknownArgument, Some(flag), suggested) => {
            let is_elsewhere = is_flag_elsewhere(flag);
            match suggested {
                Some(suggested) if !is_elsewhere || is_plural(flag, suggested) => {
                    format!("unexpected argument '{flag}'; did you mean '{suggested}'?")
                }
                _ if is_elsewhere => format!(
                    "unexpected argument '{flag}': other programs have this flag, this one does not"
                ),
                _ => first,
            }
        }
        _ => match named(ContextKind::SuggestedValue).or(named(ContextKind::SuggestedSubcommand)) {
            Some(suggested) => format!("{first}; did you mean '{suggested}'?"),
            None => first,
        },
    }
}

/// Returns what clap prints up to the first empty line, as one line.
fn first_lines(error: &Error) -> String {
    let text = error.render().to_string();
    let first = text.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default();
    // Candle's errors carry a backtrace if RUST_BACKTRACE is set.
    joined(first.lines().take_while(|line| !line.trim_start().starts_with("0: ")))
}

/// Returns whether some program has this flag.
fn is_flag_elsewhere(flag: &str) -> bool {
    let Some(name) = flag.strip_prefix("--") else { return false };
    let experiment = ExperimentArgs::augment_args(Command::new("experiment"));
    let grid = GridArgs::augment_args(Command::new("grid"));
    let mut all = experiment.get_arguments().chain(grid.get_arguments());
    OWN_NOISE.iter().any(|id| id.replace('_', "-") == name)
        || all.any(|arg| arg.get_long() == Some(name))
}

/// Returns whether one of the flags is the other's plural, as `--data-seed` and `--data-seeds`.
fn is_plural(flag: &str, other: &str) -> bool {
    flag.trim_end_matches('s') == other.trim_end_matches('s')
}

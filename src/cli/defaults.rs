//! The defaults of flags that differ from task to task.

use std::ffi::OsString;

use clap::Command;

use crate::experiment::{Settings, Task};

/// Gives the flags of a program the defaults of a task, which its help shows.
pub(super) fn with_defaults(command: Command, task: Task) -> Command {
    let Settings { samples, data_noise, data_seed, train_size, .. } = task.defaults();
    let Settings { hidden, epochs, batch_size, learning_rate, .. } = task.defaults();
    let placements: Vec<String> = task.placements().iter().map(ToString::to_string).collect();
    let defaults = [
        ("task", task.to_string()),
        ("samples", samples.to_string()),
        ("data_noise", data_noise.to_string()),
        ("data_seed", data_seed.to_string()),
        ("data_seeds", data_seed.to_string()),
        ("train_size", train_size.to_string()),
        ("hidden", hidden.to_string()),
        ("epochs", epochs.to_string()),
        ("batch_size", batch_size.to_string()),
        ("learning_rate", learning_rate.to_string()),
        ("placements", placements.join(",")),
    ];
    let has = |command: &Command, id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
    defaults.into_iter().fold(command, |command, (id, default)| match has(&command, id) {
        true => command.mut_arg(id, |arg| arg.required(false).default_value(default)),
        false => command,
    })
}

/// The task that `--task` names in the arguments: the defaults of other flags depend on it. What is no
/// task is for the flag itself to refuse.
pub(super) fn task_in(args: impl Iterator<Item = OsString>) -> Task {
    let args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    let behind = args.iter().position(|arg| arg == "--task").and_then(|i| args.get(i + 1));
    let joined = args.iter().find_map(|arg| arg.strip_prefix("--task="));
    let named = behind.map(String::as_str).or(joined);
    named.and_then(|name| name.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_task_is_found_in_both_spellings() {
        let task = |text: &str| task_in(text.split_whitespace().map(OsString::from));
        assert_eq!(task("grid_search --repeats 3"), Task::Circles);
        assert_eq!(task("grid_search --repeats 3 --task digits"), Task::Digits);
        assert_eq!(task("grid_search --task=vowels -q"), Task::Vowels);
        assert_eq!(task("grid_search --task"), Task::Circles);
        assert_eq!(task("grid_search --task letters"), Task::Circles);
    }
}

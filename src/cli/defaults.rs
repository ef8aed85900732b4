//! Default values of flags that depend on the task.

use std::ffi::OsString;

use clap::Command;

use super::format_args::FormatArgs;
use crate::experiment::Subject;
use crate::noise::NoiseSpec;
use crate::task::{self, Draw, Hyper, Source, Tabular};

/// The flags for a program's own noise, which `--noise` replaces.
pub(super) const OWN_NOISE: [&str; 4] = ["stddev", "hidden_stddev", "placement", "placements"];

/// The flags whose defaults depend on the file, and those for files of one's own.
const OF_OTHER_FILES: [(&str, &str); 3] = [
    ("data_seed", "1 for one --data file of your own"),
    ("data_seeds", "1 for one --data file of your own"),
    ("train_size", "all that are not for validation or test for --data files of your own"),
];

/// Sets the defaults of a program's flags to those of a task, so that its help shows them. Also
/// makes `--noise` conflict with the other noise flags.
///
/// # Errors
/// If the task cannot be opened or its model cannot be built.
pub(super) fn with_defaults(command: Command, task: &str) -> anyhow::Result<Command> {
    let is_grid = has(&command, "placements");
    let repeats = |grid: &str| if is_grid { grid.to_string() } else { "1".to_string() };
    if task == Tabular::NAME {
        // The other defaults follow from the file.
        let own = [
            ("data_seed", "0".to_string()),
            ("placements", "input,before-activation,after-activation".to_string()),
            ("repeats", repeats("10")),
            ("task", "circles".to_string()), // which a table replaces
        ];
        let defaults = network_defaults(Tabular::hyper()).into_iter().chain(own);
        return Ok(with_conflicts(with_values(command, defaults)));
    }
    let task = task::open(task, &Source::default())?;
    let Draw { data_seed, train_size, .. } = task.draw();
    let details = task.details();
    let data_noise = details.iter().find(|(name, _)| *name == "data_noise");
    let mut places = Vec::new();
    if is_grid {
        places = Subject::new(&*task, "cpu", &[])?.places(&task.defaults())?;
        places.retain(|place| !NoiseSpec::WITHOUT_LAYER.contains(&place.as_str()));
    }
    let mut defaults = vec![
        ("task", task.name().to_string()),
        ("samples", task.rows().all.to_string()),
        ("data_noise", data_noise.map_or("0".to_string(), |(_, noise)| noise.to_string())),
        ("data_seed", data_seed.to_string()),
        ("data_seeds", data_seed.to_string()),
        ("train_size", train_size.to_string()),
        ("placements", places.join(",")),
        ("repeats", repeats("30")),
    ];
    let command = match has(&command, "target") {
        true => {
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            command.after_help(format!(
                "Defaults are those of {}; --data FILE --target COLUMN --help has those of a \
                 table.\n\n{examples}",
                task.name()
            ))
        }
        false => command,
    };
    let command = match task::files(task.name()) {
        0 => command,
        _ => with_file_defaults(command, &mut defaults),
    };
    let defaults = network_defaults(task.defaults()).into_iter().chain(defaults);
    Ok(with_conflicts(with_values(command, defaults)))
}

/// Moves the defaults that depend on the file from the list of defaults into the help texts.
fn with_file_defaults(command: Command, defaults: &mut Vec<(&str, String)>) -> Command {
    OF_OTHER_FILES.into_iter().fold(command, |command, (id, others)| {
        let Some(place) = defaults.iter().position(|(own, _)| *own == id) else { return command };
        let (_, default) = defaults.swap_remove(place);
        match has(&command, id) {
            true => command.mut_arg(id, |arg| {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                arg.required(false).help(format!("{help} [default: {default}; {others}]"))
            }),
            false => command,
        }
    })
}

/// Returns the defaults of the flags for the network and its training.
fn network_defaults(hyper: Hyper) -> [(&'static str, String); 4] {
    let Hyper { hidden, epochs, batch_size, learning_rate, .. } = hyper;
    [
        ("hidden", hidden.to_string()),
        ("epochs", epochs.to_string()),
        ("batch_size", batch_size.to_string()),
        ("learning_rate", learning_rate.to_string()),
    ]
}

/// Returns whether a program has a flag.
pub(super) fn has(command: &Command, id: &str) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == id)
}

fn with_values(
    command: Command,
    defaults: impl IntoIterator<Item = (&'static str, String)>,
) -> Command {
    defaults.into_iter().fold(command, |command, (id, default)| {
        if has(&command, id) {
            command.mut_arg(id, |arg| arg.required(false).default_value(default))
        } else {
            command
        }
    })
}

/// Flags that do not apply to a table, which is its own task, or to files, each with the flag of that table or file.
const OF_OTHER_DATA: [(&str, &str); 6] = [
    ("task", "target"),
    ("shape", "target"),
    ("samples", "target"),
    ("data_noise", "target"),
    ("samples", "data_files"),
    ("data_noise", "data_files"),
];

/// Makes `--noise` conflict with the flags of a program's own noise, and flags of other data with those
/// of files. The format of a table needs its target.
fn with_conflicts(command: Command) -> Command {
    let noise = OWN_NOISE.map(|id| ("noise", id)).into_iter();
    let pairs = noise.chain(OF_OTHER_DATA);
    let command = pairs.fold(command, |command, (id, other)| {
        if has(&command, id) && has(&command, other) {
            command.mut_arg(id, |arg| arg.conflicts_with(other))
        } else {
            command
        }
    });
    FormatArgs::FLAGS.into_iter().fold(command, |command, id| match has(&command, id) {
        true => command.mut_arg(id, |arg| arg.requires("target")),
        false => command,
    })
}

/// Returns the task named by `--task` in the arguments, because the defaults of other flags depend
/// on it; a table has a `--target`. An invalid name gives the first task; the flag's own parser rejects
/// it later.
pub(super) fn task_in(words: &[OsString]) -> &'static str {
    let args: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    if args.iter().any(|arg| arg == "--target" || arg.starts_with("--target=")) {
        return Tabular::NAME;
    }
    let after = args.iter().position(|arg| arg == "--task").and_then(|i| args.get(i + 1));
    let joined = args.iter().find_map(|arg| arg.strip_prefix("--task="));
    let named = after.map(AsRef::as_ref).or(joined);
    task::names().find(|name| Some(*name) == named).unwrap_or("circles")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_in_accepts_both_spellings_of_the_flag() {
        let task =
            |text: &str| task_in(&text.split_whitespace().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(task("grid_search --repeats 3"), "circles");
        assert_eq!(task("grid_search --repeats 3 --task digits"), "digits");
        assert_eq!(task("grid_search --task=vowels -q"), "vowels");
        assert_eq!(task("grid_search --task"), "circles");
        assert_eq!(task("grid_search --task letters"), "circles");
    }
}

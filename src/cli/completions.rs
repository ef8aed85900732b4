//! The `completions` program: a script that completes commands and flags in a shell.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::exit::Failure;
use super::terminal::print;

/// Flags of the program.
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the script with which a shell completes the commands and flags of `command`.
///
/// # Errors
/// If standard output cannot be written to.
pub fn run_completions(args: &CompletionsArgs, mut command: Command) -> Result<(), Failure> {
    let (name, mut script) = (command.get_name().to_string(), Vec::new());
    generate(args.shell, &mut command, &name, &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if args.shell == Shell::Bash {
        // The script writes the hyphen of a name in two ways (clap-rs/clap#6421).
        script = script.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"));
    }
    Ok(print(script.as_bytes())?)
}

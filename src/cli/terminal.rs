//! What a program writes to its terminal, and the command that started it.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;

use crate::data::table::Reading;

/// Writes to standard output. A pipe closed by a reader such as `head` is not an error.
pub(super) fn print(text: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error. A line that cannot be written is dropped.
pub(super) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes a warning to standard error.
pub(super) fn warn(line: &str) {
    tell(&format!("warning: {line}"));
}

/// Writes the warnings of a table to standard error.
pub(super) fn warn_of(reading: &Reading) {
    reading.warnings.iter().for_each(|warning| warn(&warning.text));
}

/// Returns the command as a shell accepts it, without the folder of the program.
pub(super) fn command_line() -> String {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    if let Some(program) = words.first_mut() {
        *program = Path::new(program).file_name().unwrap_or_default().to_os_string();
    }
    joined(&words)
}

/// Returns the command to type next, as a shell accepts it: it removes nothing, and with `--resume` it
/// continues from checkpoints.
pub(super) fn next_command(flags: &[&str]) -> String {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    words.retain(|word| word != "--fresh" && flags.iter().all(|flag| word != flag));
    words.extend(flags.iter().map(OsString::from));
    joined(&words)
}

/// Returns the program as it was typed.
pub(super) fn program() -> String {
    joined(&std::env::args_os().take(1).collect::<Vec<_>>())
}

fn joined(words: &[OsString]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// Quotes a word for a POSIX shell. Bytes that are no UTF-8 are written as `$'\xff'`, for Bash and Zsh.
pub(super) fn quoted(word: &OsStr) -> String {
    let bytes = word.as_encoded_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:=,+@%^".contains(byte);
    match word.to_str() {
        Some(text) if !text.is_empty() && bytes.iter().all(is_plain) => text.to_string(),
        Some(text) => format!("'{}'", text.replace('\'', r"'\''")),
        None => {
            let escaped = bytes.iter().map(|byte| match byte {
                byte if is_plain(byte) => char::from(*byte).to_string(),
                byte => format!("\\x{byte:02x}"),
            });
            format!("$'{}'", escaped.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shell's own reading of the quoted words is the reference.
    #[cfg(unix)]
    #[test]
    fn a_shell_reads_quoted_words_as_they_were() {
        use std::os::unix::ffi::OsStrExt;
        let words: [&[u8]; 12] = [
            b"hidden_noise",
            b"--stddev=0.1",
            b"",
            b"two words",
            b"it's",
            b"input:0.01 & hidden:0.1",
            b"$HOME `id` \\ \"x\"",
            b"a\nb\tc",
            b"*?[a]{b,c}~#!",
            "Größe".as_bytes(),
            b"data\xff 'file'.csv",
            b"-",
        ];
        for word in words {
            let script = format!("printf %s {}", quoted(OsStr::from_bytes(word)));
            let output = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(output.stdout, word, "{script}");
        }
    }
}

//! `candle-noise` alone, the examples in its help, and its completions.

use std::process::Command;

use crate::cli::{program, stderr, stdout};
use crate::cli_predict::tool;

#[test]
fn alone_it_prints_what_it_can_do() {
    let output = tool("");
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    let text = stdout(&output);
    for name in ["hidden_noise", "grid_search", "predict", "compare", "completions"] {
        assert!(text.contains(&format!("\n  {name} ")), "{name}: {text}");
    }
    assert_eq!(text.lines().find(|line| line.chars().count() > 80), None);
    assert!(text.contains("\nStart here:\n"), "{text}");
    assert_eq!(text, stdout(&tool("--help")));
}

#[test]
fn help_ends_with_examples_here_and_in_the_single_programs() {
    for name in ["baseline", "cnn_noise", "grid_search", "circles"] {
        let own = stdout(&program(name).arg("--help").output().unwrap());
        let as_tool = stdout(&tool(&format!("{name} --help")));
        for help in [own, as_tool] {
            let (_, examples) = help.split_once("\nExamples:\n").unwrap();
            let lines: Vec<&str> = examples.lines().collect();
            let is_own = |line: &&str| line.starts_with(&format!("  candle-noise {name} "));
            assert!(lines.len() > 1 && lines.iter().all(is_own), "{examples}");
        }
    }
    let grid = stdout(&tool("grid_search --task digits --help"));
    assert!(grid.contains("Defaults are those of digits;"), "{grid}");
}

/// Bash itself completes a word with the script.
#[test]
fn bash_completes_commands_and_flags() {
    let script = stdout(&tool("completions bash"));
    let completed = |words: &str| -> Vec<String> {
        let line = format!(
            "{script}
             own=$(complete -p candle-noise | sed 's/.*-F \\([^ ]*\\).*/\\1/')
             COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
             $own candle-noise \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["-c", &line]).output().unwrap();
        stdout(&output).lines().map(str::to_string).collect()
    };
    assert_eq!(completed("candle-noise hidden_"), ["hidden_noise"]);
    assert_eq!(completed("candle-noise grid_search --rep"), ["--repeats", "--report"]);
    assert_eq!(completed("candle-noise completions z"), ["zsh"]);
}

#[test]
fn zsh_and_fish_have_scripts_and_other_shells_are_refused() {
    let zsh = stdout(&tool("completions zsh"));
    assert!(zsh.starts_with("#compdef candle-noise\n") && zsh.contains("--tensorboard"), "{zsh}");
    let fish = stdout(&tool("completions fish"));
    assert!(fish.lines().all(|line| !line.contains("complete -c hidden_noise")));
    assert!(fish.contains("complete -c candle-noise") && fish.contains("-l tensorboard"), "{fish}");
    for (shell, script) in [("zsh", zsh), ("fish", fish)] {
        // Where the shell is installed, it says itself whether it understands the script.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script");
        std::fs::write(&path, script).unwrap();
        if let Ok(output) = Command::new(shell).arg("-n").arg(&path).output() {
            assert!(output.status.success(), "{shell}: {}", stderr(&output));
        }
    }
    let output = tool("completions csh");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("'csh'"), "{}", stderr(&output));
}

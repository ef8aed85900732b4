//! Mistyped flags and values: one line that says what was probably meant.

use crate::cli::{assert_refused, run, stdout};
use crate::cli_predict::tool;

#[test]
fn mistyped_flags_and_values_get_a_suggestion() {
    let meant = |wrong: &str, right: &str| {
        format!("error: unexpected argument '{wrong}'; did you mean '{right}'?\n")
    };
    let cases = [
        ("hidden_noise", "--stdev 0.1", meant("--stdev", "--stddev")),
        ("hidden_noise", "--stdev=0.1", meant("--stdev", "--stddev")),
        ("input_hidden_noise", "--hiden-stddev 0.1", meant("--hiden-stddev", "--hidden-stddev")),
        ("baseline", "--epoch 5", meant("--epoch", "--epochs")),
        ("baseline", "--no-plot", meant("--no-plot", "--no-plots")),
        ("cnn_noise", "--early-stoping 5", meant("--early-stoping", "--early-stopping")),
        ("lstm_noise", "--learn-rate 0.1", meant("--learn-rate", "--learning-rate")),
        ("circles", "--sample 50", meant("--sample", "--samples")),
        ("grid_search", "--repeat 5", meant("--repeat", "--repeats")),
        // Another program's flag, but the plural of one of this program.
        ("grid_search", "--data-seed 5", meant("--data-seed", "--data-seeds")),
        ("baseline", "--data-seeds 1..5", meant("--data-seeds", "--data-seed")),
        (
            "hidden_noise",
            "--placement before",
            "'before' for '--placement <PLACE>' [possible values: before-activation, \
             after-activation]; did you mean 'before-activation'?\n"
                .to_string(),
        ),
        ("baseline", "--format jsn", "[possible values: text, json]; did you mean 'json'?".into()),
        ("grid_search", "--task digit", "did you mean 'digits'?\n".into()),
    ];
    let cases = cases.each_ref().map(|(program, args, expected)| (*program, *args, &expected[..]));
    assert_refused(&cases);
}

#[test]
fn help_has_80_columns() {
    let folder = tempfile::tempdir().unwrap();
    let programs = ["baseline", "lstm_noise", "circles", "grid_search"];
    let helps = programs.map(|program| stdout(&run(program, "--help", folder.path()))).into_iter();
    let tools = ["predict", "diagnose", "compare"].map(|name| stdout(&tool(&format!("{name} -h"))));
    for help in helps.chain(tools) {
        assert!(help.contains("Usage: "), "{help}");
        let wide = help.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None);
    }
}

/// A flag that resembles none of a program's own gets no misleading suggestion.
#[test]
fn flags_of_other_programs_are_named_as_such() {
    let cases = [
        ("baseline", "--stddev 0.1"),
        ("baseline", "--placement input"),
        ("hidden_noise", "--hidden-stddev 0.1"),
        ("circles", "--epochs 5"),
        ("circles", "--hidden 5"),
        ("lstm_noise", "--task vowels"),
        ("grid_search", "--resume"),
        ("grid_search", "--early-stopping 5"),
    ];
    for (program, args) in cases {
        let flag = args.split(' ').next().unwrap();
        let expected = format!(
            "error: unexpected argument '{flag}': other programs have this flag, this one does not\n"
        );
        assert_refused(&[(program, args, &expected)]);
    }
    assert_refused(&[
        ("baseline", "--zzz", "error: unexpected argument '--zzz' found\n"),
        ("baseline", "words", "error: unexpected argument 'words' found\n"),
    ]);
}

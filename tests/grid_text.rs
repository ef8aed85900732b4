//! The terminal output of a grid: at most 80 columns, and no figure cut.

use candle_noise::experiment::{
    Outcome, Plan, Record, Reference, compare, conclude, conclusion_sentences,
};
use candle_noise::metric::Better;
use candle_noise::noise::NoiseRow;
use candle_noise::report::grid_text;
use candle_noise::stats::statistic;
use candle_noise::train::Stop;

use crate::cli_grid::joined;
use crate::compare::{basis, record};
use crate::grid::grid;

/// A plan of these noises beside the baseline.
fn plan(noise: &[&str], others: Plan) -> Plan {
    let rows: Vec<NoiseRow> = noise.iter().map(|row| row.parse().unwrap()).collect();
    others.against_baseline(&rows)
}

/// Runs whose test accuracies differ, in thousandths, by cell, data seed and repeat.
fn records(plan: &Plan) -> Vec<Vec<Record>> {
    let cell = |cell: usize| {
        let mut records = Vec::new();
        for &data_seed in &plan.data_seeds {
            for seed in plan.seeds() {
                let thousandths = 700 + 7 * cell as u64 + seed * (3 + cell as u64 % 4);
                let accuracy = (thousandths + u64::from(data_seed)) as f64 / 1000.;
                records.push(record(plan, cell, data_seed, seed, accuracy, ""));
            }
        }
        records
    };
    (0..plan.cells().len()).map(cell).collect()
}

fn text(plan: &Plan, records: &[Vec<Record>]) -> String {
    let basis = basis(plan);
    let mut outcome = Outcome::of_repeats(plan, &basis, Vec::new());
    outcome.cells = compare(&basis, plan, records);
    outcome.conclusion = conclude(&basis, plan, &outcome.cells, records);
    grid_text(&outcome)
}

/// Checks the width, and that each cell has a row with its mean test score and its difference.
fn assert_fits(name: &str, plan: &Plan, records: &[Vec<Record>]) -> String {
    let text = text(plan, records);
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 80, "{name} has {widest} columns:\n{text}");
    let outcome = compare(&basis(plan), plan, records);
    for own in &outcome {
        let mean = own.summary.get("test_accuracy").mean.map(|mean| format!("{mean:.3}"));
        let difference = own.difference.as_ref().map(|d| format!("{:+.3}", d.mean));
        let wanted: Vec<String> = mean.into_iter().chain(difference).collect();
        let has = |line: &str| wanted.iter().all(|one| line.split(' ').any(|word| word == one));
        assert!(text.lines().any(has), "{name} lacks {wanted:?}:\n{text}");
    }
    text
}

const PLACES: [&str; 3] = ["input:0.01,0.3", "before-activation:0.01,0.3", "after-activation:0.1"];

#[test]
fn grids_of_every_shape_fit_80_columns() {
    let one = Plan { data_seeds: vec![1], seed: 0, ..grid() };
    let several = Plan { data_seeds: vec![1, 2, 3], validation_size: 10, ..one.clone() };
    let varied = Plan {
        hidden: vec![50, 65_536],
        learning_rates: vec![0.000_123_456_789, 0.01],
        train_sizes: vec![20, 30],
        ..several.clone()
    };
    let long = ["x".repeat(64), "encoder-block-11-self-attention-output".to_string()];
    let long: Vec<String> = long.iter().map(|place| format!("{place}:neftune:0.1")).collect();
    let both = "before-activation:salt-and-pepper:0.01,0.3 & after-activation:gaussian-dropout:0.25 & \
                weights:0.01 & gradients:0.01";
    let exact = "input:0.30000000000000004,0.00012345678901234567";
    let cases = [
        ("one data seed", plan(&PLACES, one.clone())),
        ("one repeat", plan(&PLACES, Plan { repeats: 1, ..one.clone() })),
        ("several data seeds", plan(&PLACES, several)),
        ("several variants", plan(&PLACES, varied.clone())),
        ("combined noises", plan(&[both, "input:uniform:0.1"], varied.clone())),
        ("long names", plan(&[&long[0], &long[1]], varied.clone())),
        ("long numbers", plan(&[exact], varied)),
        ("all of it", plan(&[&long[0], both, exact], one)),
    ];
    for (name, plan) in &cases {
        assert_fits(name, plan, &records(plan));
    }
}

#[test]
fn diverged_runs_and_further_metrics_fit_80_columns() {
    let plan = plan(&PLACES, Plan { data_seeds: vec![1, 2], seed: 0, ..grid() });
    let mut records = records(&plan);
    for (cell, records) in records.iter_mut().enumerate() {
        for record in records.iter_mut() {
            for name in ["macro_f1", "expected_calibration_error", "r_squared"] {
                record.run.scores.set(&format!("test_{name}"), Some(-1e30 * cell as f64));
            }
        }
        if cell % 2 == 1 {
            let run = &mut records[0].run;
            let (which, value) = ("loss".to_string(), "NaN".to_string());
            run.stopped = Some(Stop { replica: 0, seed: 0, epoch: 3, which, value });
            run.scores.set("test_accuracy", None);
        }
    }
    let text = joined(&assert_fits("diverged runs", &plan, &records));
    let head = "noise stddev test difference 95 % interval diverged p (adjusted) baseline 0 ";
    assert!(text.starts_with(head), "{text}");
    let left_out = "Not shown: std, answer, p, p (Holm), p (Nadeau-Bengio), mean of test macro f1, mean of test \
                    expected calibration error, mean of test r squared, train;";
    assert!(text.contains(left_out), "{text}");
}

/// The groups have their own baselines; names are wrapped, and whole.
#[test]
fn a_table_reads_as_written_here() {
    let others = Plan { data_seeds: vec![1], repeats: 1, hidden: vec![8, 16], seed: 0, ..grid() };
    let plan = plan(&["input:0.01 & before-activation:salt-and-pepper:0.3 & weights:0.05"], others);
    let text = text(&plan, &records(&plan));
    let table: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
    let expected = [
        "  noise                                        strength   test  difference",
        "8 hidden",
        "  baseline                                            0  0.701",
        "  input & before-activation salt-and-pepper &    0.01 &  0.708      +0.007",
        "  weights                                         0.3 &",
        "                                                   0.05",
        "16 hidden",
        "  baseline                                            0  0.715",
        "* input & before-activation salt-and-pepper &    0.01 &  0.722      +0.007",
        "  weights                                         0.3 &",
        "                                                   0.05",
        "* recommended",
        "Not shown: answer, train; report.html and cells.csv have all columns.",
    ];
    assert_eq!(table, expected, "{text}");
}

/// The best of the networks has a mean of 0.72, as a product of rounded numbers.
#[test]
fn a_simple_model_that_is_as_good_is_recommended() {
    let plan = plan(&["input:0.1"], Plan { data_seeds: vec![1], seed: 0, repeats: 1, ..grid() });
    let basis = basis(&plan);
    let runs =
        vec![vec![record(&plan, 0, 1, 0, 0.7, "")], vec![record(&plan, 1, 1, 0, 0.1 + 0.62, "")]];
    let mut outcome = Outcome::of_repeats(&plan, &basis, Vec::new());
    outcome.cells = compare(&basis, &plan, &runs);
    let mut said = |scores: [f64; 2], better: Better| {
        outcome.better = better;
        let names = ["majority class", "logistic regression"].into_iter().zip(scores);
        let of = |(name, score): (&str, f64)| Reference {
            name: name.to_string(),
            score: statistic([score]),
        };
        outcome.references = names.map(of).collect();
        let sentences = conclusion_sentences(&outcome);
        sentences.into_iter().find(|sentence| sentence.starts_with("No network"))
    };
    let needless = |name: &str, how: &str| {
        Some(format!("No network is needed here: {name} does {how} against 0.720)."))
    };
    let (simple, none) = ("logistic regression", "the majority class");
    assert_eq!(said([0.6, 0.719], Better::Higher), None);
    assert_eq!(
        said([0.6, 0.72], Better::Higher),
        needless(simple, "as well as the best one (0.720")
    );
    assert_eq!(
        said([0.6, 0.75], Better::Higher),
        needless(simple, "better than the best one (0.750")
    );
    assert_eq!(
        said([0.75, 0.6], Better::Higher),
        needless(none, "better than the best one (0.750")
    );
    assert_eq!(said([0.9, 0.75], Better::Lower), None);
    let against = said([0.9, 0.69], Better::Lower).unwrap();
    assert!(against.contains("better than the best one (0.690 against 0.700)"), "{against}");
}

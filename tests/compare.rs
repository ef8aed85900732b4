//! What a grid's runs say: differences, tests, and the conclusion.

use candle_noise::experiment::{
    Basis, CellOutcome, ChosenBy, Conclusion, Dropped, Outcome, Plan, Record, Run, Scores, Subject,
    Test, Verdict, compare, conclude, conclusion_sentences,
};
use candle_noise::train::Stop;

use crate::grid::{circles, grid, rows};

/// A finished run of a plan with a given test accuracy; `hits` are its test points.
pub fn record(
    plan: &Plan,
    cell: usize,
    data_seed: u32,
    seed: u64,
    accuracy: f64,
    hits: &str,
) -> Record {
    let mut trials = plan.trials_of(plan.cells()[cell].clone());
    let trial = trials.find(|trial| (trial.draw.data_seed, trial.seed) == (data_seed, seed));
    let mut scores = Scores::default();
    scores.set("train_accuracy", Some(1.));
    scores.set("test_accuracy", Some(accuracy));
    let run = Run { seed, data_seed, scores, ..Run::default() };
    Record::of(&trial.unwrap(), run, hits)
}

pub fn basis(plan: &Plan) -> Basis {
    let task = circles();
    Basis::new(&Subject::new(&task, "cpu", &[]).unwrap(), plan).unwrap()
}

/// A plan of some noisy cells beside the baseline.
fn plan(noisy: usize, data_seeds: usize, repeats: usize) -> Plan {
    let stddevs: Vec<f64> = (1..=noisy).map(|k| k as f64).collect();
    let data_seeds = (0..data_seeds as u32).collect();
    let plan = Plan { data_seeds, repeats, seed: 0, ..grid() };
    plan.against_baseline(&rows(&["input"], &stddevs))
}

/// A plan with the given accuracies by cell, data seed and repeat.
fn outcome(accuracies: &[&[&[f64]]]) -> (Plan, Vec<CellOutcome>, Option<Conclusion>) {
    let plan = plan(accuracies.len() - 1, accuracies[0].len(), accuracies[0][0].len());
    let records: Vec<Vec<Record>> = accuracies
        .iter()
        .enumerate()
        .map(|(cell, by_seed)| {
            let by_seed = by_seed.iter().enumerate();
            let of = |(data_seed, values): (usize, &&[f64])| -> Vec<Record> {
                let values = values.iter().enumerate();
                values
                    .map(|(k, &x)| record(&plan, cell, data_seed as u32, k as u64, x, ""))
                    .collect()
            };
            by_seed.flat_map(of).collect()
        })
        .collect();
    let basis = basis(&plan);
    let cells = compare(&basis, &plan, &records);
    let conclusion = conclude(&basis, &plan, &cells, &records);
    (plan, cells, conclusion)
}

/// `scipy.stats.ttest_rel([.80, .83, .79, .84, .81], [.77, .78, .76, .80, .79])` gives
/// t = 6.667949, p = 0.0026285.
#[test]
fn one_data_seed_is_compared_repeat_by_repeat() {
    let baseline = [0.77, 0.78, 0.76, 0.80, 0.79];
    let (_, cells, conclusion) = outcome(&[&[&baseline], &[&[0.80, 0.83, 0.79, 0.84, 0.81]]]);
    assert_eq!(cells[0].difference, None);
    let difference = cells[1].difference.clone().unwrap();
    assert!((difference.mean - 0.034).abs() < 1e-12);
    let t = difference.paired_t.unwrap();
    assert!((t.t.unwrap() - 6.667949).abs() < 1e-6 && (t.p - 0.0026285).abs() < 1e-7, "{t:?}");
    assert_eq!((difference.p, difference.p_holm), (Some(t.p), Some(t.p)));
    assert_eq!((difference.n, difference.units, difference.test), (5, 5, Test::PairedT));
    assert!(difference.low < Some(0.034) && difference.high > Some(0.034));
    assert_eq!(difference.nadeau_bengio, None);
    let conclusion = conclusion.unwrap();
    assert_eq!(conclusion.verdict, Verdict::Helps);
    assert_eq!(conclusion.choice.by, ChosenBy::TestScore);
}

/// Ten repeats on each of three data seeds are three observations, not thirty: differences of
/// 0.10, 0.02 and -0.06 by data seed prove nothing, however often each is repeated.
#[test]
fn repeats_on_one_data_set_are_no_independent_draws_of_data() {
    let noisy: Vec<Vec<f64>> = [0.10, 0.02, -0.06].iter().map(|d| vec![0.7 + d; 10]).collect();
    let noisy: Vec<&[f64]> = noisy.iter().map(Vec::as_slice).collect();
    let baseline: [&[f64]; 3] = [&[0.7; 10]; 3];
    let (_, cells, conclusion) = outcome(&[&baseline, &noisy]);
    let difference = cells[1].difference.clone().unwrap();
    assert_eq!((difference.n, difference.units), (30, 3));
    // t = 0.02 / (0.08 / √3) = 0.4330 with 2 degrees of freedom: p = 1 - t / √(t² + 2) = 0.7073.
    assert!((difference.p.unwrap() - 0.7073).abs() < 1e-4, "{difference:?}");
    // Corrected for 40 test and 20 training points: t = 0.02 / (0.08 √(1/3 + 2)) = 0.16366.
    let corrected = difference.nadeau_bengio.unwrap();
    assert!((corrected.t.unwrap() - 0.16366).abs() < 1e-5, "{corrected:?}");
    assert_eq!(conclusion.unwrap().verdict, Verdict::NoEvidence);
}

/// `scipy.stats.ttest_1samp([.02, .01, .01, .03, .01, 0], 0)` gives p = 0.025031, which two cells
/// that show it double to above 0.05.
#[test]
fn looking_at_many_cells_is_paid_for() {
    let baseline = [0.70; 6];
    let weak = [0.72, 0.71, 0.71, 0.73, 0.71, 0.70];
    let (_, alone, one) = outcome(&[&[&baseline], &[&weak]]);
    let (_, both, two) = outcome(&[&[&baseline], &[&weak], &[&weak]]);
    let p = alone[1].difference.as_ref().unwrap().p.unwrap();
    assert!((p - 0.025031).abs() < 1e-6, "{p}");
    assert_eq!(both[2].difference.as_ref().unwrap().p_holm, Some(2. * p));
    assert_eq!(one.unwrap().verdict, Verdict::Helps);
    assert_eq!(two.unwrap().verdict, Verdict::NoEvidence);
}

#[test]
fn noise_that_loses_hurts_and_the_baseline_is_the_best_cell() {
    let worse = [0.60, 0.61, 0.59, 0.62];
    let (_, _, conclusion) = outcome(&[&[&[0.70, 0.71, 0.69, 0.70]], &[&worse]]);
    let conclusion = conclusion.unwrap();
    assert_eq!((conclusion.verdict, conclusion.gains, conclusion.losses), (Verdict::Hurts, 0, 1));
    assert!(conclusion.choice.cell.is_baseline());
    assert_eq!(conclusion.choice.difference, 0.);
}

/// A spread that is too large always loses: that says nothing against a smaller one.
#[test]
fn one_cell_of_two_that_loses_is_no_evidence_against_noise() {
    let baseline = [0.70, 0.71, 0.69, 0.70];
    let (worse, same) = ([0.50, 0.51, 0.49, 0.52], [0.71, 0.70, 0.69, 0.71]);
    let (plan, _, conclusion) = outcome(&[&[&baseline], &[&same], &[&worse]]);
    let conclusion = conclusion.unwrap();
    assert_eq!(conclusion.verdict, Verdict::NoEvidence);
    assert_eq!((conclusion.gains, conclusion.losses, conclusion.compared), (0, 1, 2));
    assert_eq!(conclusion.cell, plan.cells()[1], "the best is spoken of");
    let (_, _, conclusion) = outcome(&[&[&baseline], &[&worse], &[&worse]]);
    assert_eq!(conclusion.unwrap().verdict, Verdict::Hurts);
}

/// The cell that is best on all other data seeds is the worst on the one left out: what was chosen
/// is judged by data that did not choose it.
#[test]
fn the_nested_choice_does_not_see_the_data_that_judge_it() {
    // On data seed k the noisy cell k + 1 shines and the others are poor.
    let shines = |k: usize| -> Vec<Vec<f64>> {
        (0..3).map(|seed| vec![if seed == k { 0.95 } else { 0.60 + 0.01 * k as f64 }]).collect()
    };
    let cells: Vec<Vec<Vec<f64>>> = (0..3).map(shines).collect();
    let cells: Vec<Vec<&[f64]>> =
        cells.iter().map(|cell| cell.iter().map(Vec::as_slice).collect()).collect();
    let baseline: Vec<&[f64]> = vec![&[0.65]; 3];
    let (_, outcomes, conclusion) = outcome(&[&baseline, &cells[0], &cells[1], &cells[2]]);
    let choice = conclusion.unwrap().choice;
    assert_eq!((choice.by, choice.data_seeds), (ChosenBy::OtherDataSeeds, 3));
    let flattering = outcomes[3].summary.get("test_accuracy").mean.unwrap();
    assert!(flattering > 0.70 && choice.test_score < 0.65, "{flattering} {choice:?}");
    assert!(choice.difference < 0.);
}

#[test]
fn a_single_pair_of_runs_has_mcnemars_test() {
    let grid = plan(1, 1, 1);
    let records = vec![
        vec![record(&grid, 0, 0, 0, 0.5, "111100000011")],
        vec![record(&grid, 1, 0, 0, 0.8, "111111110011")],
    ];
    let difference = compare(&basis(&grid), &grid, &records)[1].difference.clone().unwrap();
    // Four points gained and none lost: 2 · 2⁻⁴.
    assert_eq!(difference.test, Test::Mcnemar);
    assert!((difference.p.unwrap() - 0.125).abs() < 1e-9, "{difference:?}");
    assert_eq!((difference.low, difference.paired_t, difference.n), (None, None, 1));
}

#[test]
fn runs_that_stopped_make_no_pair() {
    let grid = plan(1, 1, 3);
    let of = |cell, values: [f64; 3]| -> Vec<Record> {
        values.iter().enumerate().map(|(k, x)| record(&grid, cell, 0, k as u64, *x, "")).collect()
    };
    let mut records = vec![of(0, [0.7, 0.7, 0.7]), of(1, [0.8, 0.9, 0.7])];
    records[1][2].run.scores.set("test_accuracy", None);
    records[0][0].run.scores.set("test_accuracy", None);
    let difference = compare(&basis(&grid), &grid, &records)[1].difference.clone().unwrap();
    assert_eq!((difference.n, difference.test), (1, Test::Mcnemar));
    assert!((difference.mean - 0.2).abs() < 1e-12);
}

/// A cell of 4 repeats against the baseline: in repeat 0 the noisy run diverged, in repeat 1 both
/// did, and in repeat 2 the baseline's ended with the weights of an earlier epoch.
fn diverged() -> Outcome {
    let grid = plan(1, 1, 4);
    let mut records: Vec<Vec<Record>> = [0.7, 0.8]
        .into_iter()
        .enumerate()
        .map(|(cell, x)| (0..4).map(|seed| record(&grid, cell, 0, seed, x, "")).collect())
        .collect();
    let stop = |epoch| {
        Some(Stop {
            replica: 0,
            seed: 0,
            epoch,
            which: "loss".to_string(),
            value: "NaN".to_string(),
        })
    };
    for (cell, seed) in [(1, 0), (1, 1), (0, 1)] {
        let run: &mut Run = &mut records[cell][seed].run;
        run.stopped = stop(3);
        run.scores.set("test_accuracy", None);
    }
    let run = &mut records[0][2].run;
    (run.stopped, run.restored_epoch) = (stop(9), Some(5));
    let basis = basis(&grid);
    let mut outcome = Outcome::of_repeats(&grid, &basis, Vec::new());
    outcome.cells = compare(&basis, &grid, &records);
    outcome.conclusion = conclude(&basis, &grid, &outcome.cells, &records);
    outcome
}

#[test]
fn diverged_runs_are_counted_on_each_side() {
    let outcome = diverged();
    let [baseline, noisy] = &outcome.cells[..] else { panic!("two cells") };
    let expected = Dropped { noisy: 2, baseline: 1 };
    assert_eq!((baseline.dropped, noisy.dropped), (None, Some(expected)));
    assert_eq!(noisy.difference.as_ref().unwrap().n, 2);
    assert_eq!(outcome.conclusion.as_ref().unwrap().dropped, expected);
    let sentences = conclusion_sentences(&outcome);
    let without =
        "2 paired repeats on data seed 0, without 2 noisy and 1 baseline runs that diverged)";
    assert!(sentences[0].contains(without), "{sentences:?}");
    let left_out = "Runs that diverged are left out: 2 of 4 with noise, 1 of 4 without.";
    let restored = "Runs that diverged count with the weights that early stopping restored: 0 of 4 \
                    with noise, 1 of 4 without.";
    assert_eq!(sentences[2..], [left_out, restored]);
}

#[cfg(feature = "cli")]
#[test]
fn diverged_runs_are_in_the_table_and_in_all_files() {
    use candle_noise::report;
    let outcome = diverged();
    let json: serde_json::Value =
        serde_json::from_slice(&report::grid_json(&outcome).unwrap()).unwrap();
    assert_eq!(json["cells"][0]["dropped"], serde_json::Value::Null);
    for found in [&json["cells"][1]["dropped"], &json["conclusion"]["dropped"]] {
        assert_eq!(found, &serde_json::json!({"noisy": 2, "baseline": 1}));
    }
    let column = |csv: Vec<u8>, name: &str| -> Vec<String> {
        let csv = String::from_utf8(csv).unwrap();
        let mut rows = csv.lines().map(|line| line.split(',').map(str::to_string));
        let at = rows.next().unwrap().position(|head| head == name).unwrap();
        rows.map(|mut row| row.nth(at).unwrap()).collect()
    };
    let cells = |name| column(report::cells_csv(&outcome).unwrap(), name);
    assert_eq!(cells("dropped_noisy"), ["", "2"]);
    assert_eq!(cells("dropped_baseline"), ["", "1"]);
    assert_eq!(cells("finished"), ["3", "2"]);
    let runs = |name| column(report::runs_csv(&outcome).unwrap(), name);
    assert_eq!(runs("stopped_epoch"), ["", "3", "9", "", "3", "3", "", ""]);
    assert_eq!(runs("restored_epoch"), ["", "", "5", "", "", "", "", ""]);
    let table = report::grid_text(&outcome);
    let last = |line: &str| line.split_whitespace().last().map(str::to_string);
    let last: Vec<String> = table.lines().take(4).filter_map(last).collect();
    assert_eq!(last, ["diverged", "(Holm)", "1", "2"], "{table}");
}

/// What a person reads, word by word.
fn sentences(accuracies: &[&[&[f64]]]) -> Vec<String> {
    let (plan, cells, conclusion) = outcome(accuracies);
    let mut outcome = Outcome::of_repeats(&plan, &basis(&plan), Vec::new());
    (outcome.cells, outcome.conclusion) = (cells, conclusion);
    conclusion_sentences(&outcome)
}

#[test]
fn the_answer_is_one_sentence_and_says_what_chose() {
    let baseline = [0.77, 0.78, 0.76, 0.80, 0.79];
    let better = [0.80, 0.83, 0.79, 0.84, 0.81];
    let [verdict, choice] = &sentences(&[&[&baseline], &[&better]])[..] else { panic!() };
    let (begin, end) = verdict.split_once(" (95 % interval ").unwrap();
    let expected = "Noise helps: 1 of 1 noisy cells gain test accuracy over the baseline, input 1 \
                    most: +0.034";
    assert_eq!(begin, expected);
    assert!(end.ends_with(", p = 0.003, 5 paired repeats on data seed 0); none loses."), "{end}");
    assert!(choice.contains("accuracy of 0.814 is optimistic: --validation-size"), "{choice}");

    let worse = [0.60, 0.61, 0.59, 0.62, 0.60];
    let verdict = &sentences(&[&[&baseline], &[&worse], &[&worse]])[0];
    let expected = "Noise hurts: 2 of 2 noisy cells lose test accuracy against the baseline and \
                    none gains; the best, input 1, differs by -0.176 (";
    assert!(verdict.starts_with(expected), "{verdict}");

    let verdict = &sentences(&[&[&baseline], &[&baseline]])[0];
    let expected = "No evidence that noise helps: of 1 noisy cells the best, input 1, differs from \
                    the baseline by +0.000 in test accuracy (95 % interval +0.000 to +0.000, p = \
                    1.000, 5 paired repeats on data seed 0); none loses.";
    assert_eq!(verdict, expected);
}

#[test]
fn several_data_seeds_are_judged_by_those_that_did_not_choose() {
    let (baseline, noisy): ([&[f64]; 2], [&[f64]; 2]) =
        ([&[0.70, 0.70], &[0.80, 0.80]], [&[0.76, 0.74], &[0.84, 0.86]]);
    let choice = &sentences(&[&baseline, &noisy])[1];
    let expected = "Chosen by the other data seeds, the best cell (input 1 for 2 of 2 data seeds) \
                    has a test accuracy of 0.800 on the data that the choice has not seen (+0.050 \
                    against the baseline, 95 % interval +0.050 to +0.050).";
    assert_eq!(choice, expected);
}

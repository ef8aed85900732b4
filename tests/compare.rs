//! The cells of a grid beside their baselines: differences, intervals and tests.

use candle_noise::experiment::{
    Basis, CellOutcome, Conclusion, Dropped, Outcome, Plan, Record, Run, Scores, Subject, Test,
    compare, conclude, conclusion_sentences,
};
use candle_noise::stats::{Answer, Interval};
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
pub fn plan(noisy: usize, data_seeds: usize, repeats: usize) -> Plan {
    let stddevs: Vec<f64> = (1..=noisy).map(|k| k as f64).collect();
    let data_seeds = (0..data_seeds as u32).collect();
    let plan = Plan { data_seeds, repeats, seed: 0, ..grid() };
    plan.against_baseline(&rows(&["input"], &stddevs))
}

/// A plan with the given accuracies by cell, data seed and repeat.
pub fn outcome(accuracies: &[&[&[f64]]]) -> (Plan, Vec<CellOutcome>, Option<Conclusion>) {
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
    let (cells, conclusion) = concluded(&plan, &records);
    (plan, cells, conclusion)
}

/// What the runs of a plan say.
pub fn concluded(plan: &Plan, records: &[Vec<Record>]) -> (Vec<CellOutcome>, Option<Conclusion>) {
    let basis = basis(plan);
    let cells = compare(&basis, plan, records);
    let conclusion = conclude(&basis, plan, &cells, records);
    (cells, conclusion)
}

fn assert_near(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-10, "{found}, not {expected}");
}

/// ```python
/// d = np.array([.80, .83, .79, .84, .81]) - np.array([.77, .78, .76, .80, .79])
/// scipy.stats.ttest_1samp(d, 0)
/// scipy.stats.t.interval(0.95, 4, d.mean(), scipy.stats.sem(d))
/// ```
#[test]
fn one_data_seed_is_compared_repeat_by_repeat() {
    let baseline = [0.77, 0.78, 0.76, 0.80, 0.79];
    let (_, cells, _) = outcome(&[&[&baseline], &[&[0.80, 0.83, 0.79, 0.84, 0.81]]]);
    assert_eq!(cells[0].difference, None);
    let difference = cells[1].difference.clone().unwrap();
    assert_near(Some(difference.mean), 0.034);
    let t = difference.paired_t.unwrap();
    assert_near(Some(t.t), 6.66794859469828);
    assert_near(difference.p, 0.002628545107680721);
    assert_eq!((difference.p_adjusted, difference.p_holm), (Some(t.p), Some(t.p)));
    assert_eq!((difference.n, difference.units, difference.test), (5, 5, Test::PairedT));
    assert_near(difference.low, 0.019842852230177323);
    assert_near(difference.high, 0.048157147769822654);
    let alone = difference.low.zip(difference.high).map(|(low, high)| Interval { low, high });
    assert_eq!((difference.simultaneous, difference.nadeau_bengio), (alone, None));
    assert_eq!((difference.margin, difference.answer), (0.01, Answer::Helps));
}

/// Ten repeats on each of three data seeds are three observations, not thirty: differences of
/// 0.10, 0.02 and -0.06 by data seed prove nothing, however often each is repeated.
/// `scipy.stats.t.interval(0.95, 2, d.mean(), scipy.stats.sem(d))` of the three.
#[test]
fn repeats_on_one_data_set_are_no_independent_draws_of_data() {
    let noisy: Vec<Vec<f64>> = [0.10, 0.02, -0.06].iter().map(|d| vec![0.7 + d; 10]).collect();
    let noisy: Vec<&[f64]> = noisy.iter().map(Vec::as_slice).collect();
    let baseline: [&[f64]; 3] = [&[0.7; 10]; 3];
    let (_, cells, _) = outcome(&[&baseline, &noisy]);
    let difference = cells[1].difference.clone().unwrap();
    assert_eq!((difference.n, difference.units), (30, 3));
    // t = 0.02 / (0.08 / √3) = 0.4330 with 2 degrees of freedom: p = 1 - t / √(t² + 2) = 0.7073.
    assert!((difference.p.unwrap() - 0.7073).abs() < 1e-4, "{difference:?}");
    assert_near(difference.low, -0.1787310169400264);
    assert_near(difference.high, 0.2187310169400264);
    // Corrected for 40 test and 20 training points: t = 0.02 / (0.08 √(1/3 + 2)) = 0.16366.
    let corrected = difference.nadeau_bengio.unwrap();
    assert!((corrected.t - 0.16366).abs() < 1e-5, "{corrected:?}");
    assert_eq!(difference.answer, Answer::Undecided);
}

/// ```python
/// d = np.array([.02, .01, .01, .03, .01, 0])
/// scipy.stats.ttest_1samp(d, 0).pvalue                              # below 0.05, twice it above
/// scipy.stats.t.interval(1 - 0.05 / 2, 5, d.mean(), scipy.stats.sem(d))
/// ```
#[test]
fn looking_at_many_cells_is_paid_for_by_p_and_interval_alike() {
    let baseline = [0.70; 6];
    let weak = [0.72, 0.71, 0.71, 0.73, 0.71, 0.70];
    let (_, alone, _) = outcome(&[&[&baseline], &[&weak]]);
    let (_, both, _) = outcome(&[&[&baseline], &[&weak], &[&weak]]);
    let [alone, of_two] = [&alone[1], &both[2]].map(|own| own.difference.clone().unwrap());
    assert_near(alone.p, 0.025031015818452945);
    assert_eq!((of_two.p, of_two.p_holm), (alone.p, alone.p.map(|p| 2. * p)));
    assert_eq!(of_two.p_adjusted, alone.p.map(|p| 2. * p));
    let interval = of_two.simultaneous.unwrap();
    assert_near(Some(interval.low), -4.6539855080973e-06);
    assert_near(Some(interval.high), 0.026671320652174785);
    assert_eq!((alone.answer, of_two.answer), (Answer::Helps, Answer::Undecided));
    assert_eq!((of_two.low, of_two.high), (alone.low, alone.high), "the raw one stays");
}

/// Whatever the grid: p is below 0.05 exactly if the interval excludes 0.
#[test]
fn intervals_and_p_values_never_contradict_each_other() {
    let baseline = [0.70; 6];
    let cell = |k: usize| -> Vec<f64> {
        (0..6).map(|i| 0.69 + 0.002 * k as f64 + 0.005 * ((i * 7 + k) % 5) as f64).collect()
    };
    let noisy: Vec<Vec<f64>> = (0..12).map(cell).collect();
    let by_seed: Vec<[&[f64]; 1]> = noisy.iter().map(|own| [own.as_slice()]).collect();
    let base: [&[f64]; 1] = [&baseline];
    let all: Vec<&[&[f64]]> =
        [&base[..]].into_iter().chain(by_seed.iter().map(|own| &own[..])).collect();
    let (_, cells, _) = outcome(&all);
    let mut seen = [0, 0];
    for own in cells.iter().filter_map(|own| own.difference.as_ref()) {
        let pairs = [
            (own.p, own.low.zip(own.high)),
            (own.p_adjusted, own.simultaneous.map(|i| (i.low, i.high))),
        ];
        for (p, interval) in pairs {
            let (low, high) = interval.unwrap();
            let excludes = low > 0. || high < 0.;
            assert_eq!(p.unwrap() < 0.05, excludes, "{own:?}");
            seen[usize::from(excludes)] += 1;
        }
        let within = own.simultaneous.is_some_and(|i| i.low >= -0.01 && i.high <= 0.01);
        assert_eq!(own.answer == Answer::Equivalent, within);
    }
    assert!(seen[0] > 2 && seen[1] > 2, "both happen: {seen:?}");
}

#[test]
fn equal_differences_have_neither_interval_nor_p() {
    for noisy in [[0.75; 3], [0.7; 3]] {
        let (_, cells, _) = outcome(&[&[&[0.7; 3]], &[&noisy]]);
        let own = cells[1].difference.clone().unwrap();
        assert_eq!((own.low, own.simultaneous, own.paired_t), (None, None, None));
        assert_eq!((own.p, own.p_adjusted, own.p_holm), (None, None, None));
        assert_eq!(own.answer, Answer::Undecided);
    }
}

/// The differences of the losses: 0.4 - 1.0, 0.5 - 1.2, 0.3 - 1.1.
#[test]
fn further_figures_are_described_beside_the_score() {
    let plan = plan(1, 1, 3);
    let of = |cell: usize, losses: [f64; 3]| -> Vec<Record> {
        let record = |(seed, loss): (usize, &f64)| {
            let mut own = record(&plan, cell, 0, seed as u64, 0.7, "");
            own.run.scores.set("test_nll", Some(*loss));
            own
        };
        losses.iter().enumerate().map(record).collect()
    };
    let (cells, _) = concluded(&plan, &[of(0, [1.0, 1.2, 1.1]), of(1, [0.4, 0.5, 0.3])]);
    let further = &cells[1].difference.as_ref().unwrap().further;
    assert_eq!(further.len(), 1);
    assert_eq!(further[0].figure, "test_nll");
    assert_near(Some(further[0].baseline), 1.1);
    assert_near(Some(further[0].effect.mean), -0.7);
    // t(0.975, 2) = 4.302652730 times 0.1 / √3
    assert_near(further[0].effect.high, -0.7 + 4.302652729749462 * 0.1 / 3f64.sqrt());
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
    assert_eq!((difference.p_adjusted, difference.answer), (None, Answer::Undecided));
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
    let without = "2 repeats, leaving out 2 diverged with noise and 1 without";
    assert!(sentences[0].contains(without), "{sentences:?}");
    let left_out = "Runs that diverged are left out: 2 of 4 with noise, 1 of 4 without.";
    let restored = "Runs that diverged count with the weights that early stopping restored: 0 of 4 \
                    with noise, 1 of 4 without.";
    let bounds = "Had these runs of input 1 and its baseline been the worst or the best of all that \
                  finished, the difference would lie from +0.025 to +0.100.";
    for expected in [left_out, restored, bounds] {
        assert!(sentences.iter().any(|own| own == expected), "{expected}: {sentences:#?}");
    }
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
    let head = table.lines().next().unwrap();
    let at = head.find("diverged").unwrap() + "diverged".len();
    let counts: Vec<&str> = table.lines().skip(1).take(2).map(|line| &line[at - 1..at]).collect();
    assert_eq!(counts, ["1", "2"], "{table}");
}

//! Runs of finished experiments against those of the first one, as a library's user compares them.

use candle_noise::experiment::{
    Comparison, Difference, Judge, Run, Scope, Scores, Sides, Test, Unit, compare_runs,
    comparison_sentences,
};
use candle_noise::metric::{Better, Margin};
use candle_noise::report::{comparison_latex, comparison_markdown, comparison_text};
use candle_noise::stats::Answer;
use candle_noise::train::Stop;

/// Hits of 70 test rows without noise, by seed.
const HITS: [i32; 10] = [50, 51, 49, 50, 52, 48, 50, 51, 49, 50];
/// How many more two experiments hit.
const SLIGHT: [i32; 10] = [1, 0, 2, -1, 3, 1, 0, 1, 2, -1];
const CLEAR: [i32; 10] = [2, 3, 2, 4, 1, 3, 2, 2, 3, 4];
/// Differences of three folds, twice.
const FOLDS: [f64; 6] = [0.03, 0.01, -0.02, 0.04, 0.02, 0.01];

type Experiment = (String, Vec<Run>);

fn run(seed: u64, figures: &[(&str, f64)]) -> Run {
    let mut scores = Scores::default();
    figures.iter().for_each(|(name, score)| scores.set(name, Some(*score)));
    Run { seed, data_seed: 1, scores, ..Run::default() }
}

/// Returns an experiment with an accuracy for each seed from 0.
fn experiment(name: &str, accuracies: impl IntoIterator<Item = f64>) -> Experiment {
    let runs = (0..).zip(accuracies).map(|(seed, score)| run(seed, &[("test_accuracy", score)]));
    (name.to_string(), runs.collect())
}

fn of_hits(name: &str, more: [i32; 10]) -> Experiment {
    experiment(name, HITS.iter().zip(more).map(|(hits, more)| f64::from(hits + more) / 70.))
}

/// Returns an experiment on three folds, repeated with other seeds.
fn of_folds(name: &str, accuracies: [f64; 6]) -> Experiment {
    let (name, mut runs) = experiment(name, accuracies);
    for (number, run) in (0..).zip(&mut runs) {
        let repeat = number / 3;
        (run.seed, run.data_seed, run.fold) =
            (repeat, 1 + repeat as u32, Some(number as usize % 3));
    }
    (name, runs)
}

fn judge() -> Judge {
    Judge::new("accuracy", Better::Higher)
}

fn difference(found: &Comparison, number: usize) -> &Difference {
    found.experiments[number].difference.as_ref().unwrap()
}

fn assert_near(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-10, "{found}, not {expected}");
}

fn assert_simultaneous(found: &Difference, low: f64, high: f64) {
    assert_near(found.simultaneous.map(|ends| ends.low), low);
    assert_near(found.simultaneous.map(|ends| ends.high), high);
}

/// ```python
/// st.ttest_rel(own, base).pvalue * 2
/// st.t.interval(1 - 0.05 / 2, 9, d.mean(), d.std(ddof=1) / np.sqrt(10))
/// ```
///
/// of SciPy 1.17.1; the raw interval at 0.95.
#[test]
fn two_experiments_share_the_error_rate() {
    let experiments =
        [of_hits("baseline", [0; 10]), of_hits("slight", SLIGHT), of_hits("clear", CLEAR)];
    let found = compare_runs(&judge(), &experiments);
    assert_eq!((found.unit, found.scope, found.margin), (Unit::Repeat, Scope::Rows, 0.01));
    let slight = difference(&found, 1);
    assert_near(Some(slight.mean), 0.011428571428571427);
    assert_near(slight.p, 0.086842290545351);
    assert_near(slight.p_adjusted, 0.173684581090702);
    assert_simultaneous(slight, -0.004540845108615951, 0.02739798796575882);
    assert_near(slight.low, -0.002025873289273703);
    assert_near(slight.high, 0.024883016146416557);
    assert_eq!((slight.answer, slight.test), (Answer::Undecided, Test::PairedT));
    let clear = difference(&found, 2);
    assert_near(clear.p_adjusted, 2.6917912672482728e-05);
    assert_simultaneous(clear, 0.025424509097796304, 0.048861205187918);
    assert_eq!((clear.answer, clear.n, clear.units), (Answer::Helps, 10, 10));
    let alone = compare_runs(&judge(), &experiments[..2]);
    assert_simultaneous(difference(&alone, 1), -0.002025873289273703, 0.024883016146416557);
    assert_near(difference(&alone, 1).p_adjusted, 0.086842290545351);
}

/// ```python
/// se = np.sqrt((1 / 6 + ratio) * d.var(ddof=1))      # 1 / (3 - 1) for 3 folds; 25 test and 75 training rows
/// 2 * st.t.sf(d.mean() / se, 5), st.t.interval(0.95, 5, d.mean(), se)
/// ```
#[test]
fn folds_and_random_splits_have_the_error_of_nadeau_and_bengio() {
    let baseline = of_folds("baseline", [0.7, 0.8, 0.75, 0.72, 0.81, 0.77]);
    let mut own = baseline.clone();
    own.0 = "own".to_string();
    for (run, more) in own.1.iter_mut().zip(FOLDS) {
        let score = run.get("test_accuracy").unwrap() + more;
        run.scores.set("test_accuracy", Some(score));
    }
    let found = compare_runs(&judge().folds(3), &[baseline.clone(), own.clone()]);
    let folds = difference(&found, 1);
    assert_eq!((folds.test, folds.units, found.scope), (Test::NadeauBengio, 6, Scope::Source));
    assert_near(folds.p, 0.4162208032939009);
    assert_simultaneous(folds, -0.028523121201590056, 0.058523121201590055);
    let rows = folds.on_these_rows.unwrap();
    assert_eq!(rows.units, 2);
    assert_near(Some(rows.mean), 0.015);
    let found = compare_runs(&judge().splits(25. / 75.), &[baseline, own]);
    assert_near(difference(&found, 1).p, 0.3532317466767764);
    assert_simultaneous(difference(&found, 1), -0.022692128612566094, 0.05269212861256609);
}

/// Seeds 0 to 3 against 2 to 6: seeds 2 and 3 are pairs, with differences 0.1 and 0.3; t(0.975, 1) is 12.7062.
#[test]
fn runs_without_a_partner_are_counted_and_left_out() {
    let baseline = experiment("baseline", [0., 0., 0.5, 0.5]);
    let mut own = experiment("own", [0.6, 0.8, 1., 1., 1.]);
    own.1.iter_mut().for_each(|run| run.seed += 2);
    let found = compare_runs(&judge(), &[baseline, own]);
    let compared = &found.experiments[1];
    assert_eq!(compared.unmatched, Some(Sides { own: 3, baseline: 2 }));
    assert_eq!((compared.runs, found.experiments[0].unmatched), (5, None));
    let pairs = difference(&found, 1);
    assert_near(Some(pairs.mean), 0.2);
    assert!((pairs.simultaneous.unwrap().high - 0.2 - 12.7062 * 0.1).abs() < 1e-5);
    let sentences = comparison_sentences(&found);
    let warning = "Warning: 3 runs of own and 2 runs of baseline without a partner of the same seed are left out.";
    assert_eq!(sentences[1..], [warning]);
    assert!(comparison_text(&found).contains("3 + 2"));
}

#[test]
fn the_same_seed_on_another_fold_or_data_seed_is_no_partner() {
    let baseline = experiment("baseline", [0.5, 0.5]);
    let mut own = experiment("own", [0.6, 0.8]);
    (own.1[0].fold, own.1[1].data_seed) = (Some(0), 2);
    let found = compare_runs(&judge(), &[baseline, own]);
    assert_eq!(found.experiments[1].unmatched, Some(Sides { own: 2, baseline: 2 }));
    assert_eq!(found.experiments[1].difference, None);
    let expected = "own cannot be compared with baseline: no pair of runs has a test accuracy.";
    assert_eq!(comparison_sentences(&found)[0], expected);
}

#[test]
fn a_single_pair_and_equal_differences_have_no_interval() {
    let one = compare_runs(&judge(), &[experiment("baseline", [0.5]), experiment("own", [0.75])]);
    assert_eq!(
        comparison_sentences(&one),
        [
            "own raises test accuracy by 0.250 against baseline on this split, and 1 repeat has no interval \
          (1 pair; margin 0.01): undecided."
        ]
    );
    let (baseline, own) = ([0.5, 0.25, 0.75], [0.75, 0.5, 1.]);
    let equal = compare_runs(&judge(), &[experiment("baseline", baseline), experiment("own", own)]);
    assert_eq!(
        comparison_sentences(&equal),
        [
            "own raises test accuracy by 0.250 against baseline on this split, the same every time, which \
          tells nothing of the spread (3 pairs; margin 0.01): undecided."
        ]
    );
    for found in [&one, &equal] {
        let own = difference(found, 1);
        assert_eq!((own.simultaneous, own.p, own.p_adjusted), (None, None, None));
        assert_eq!(own.answer, Answer::Undecided);
    }
}

/// Scores from 0.2 to 0.8 finished. The own run that diverged lies between them, so the difference of its
/// pair lies between -0.3 and 0.3, and the mean of both between (0.3 - 0.3) / 2 and (0.3 + 0.3) / 2.
#[test]
fn runs_that_diverged_are_counted_with_what_they_could_have_been() {
    let stop = |run: &mut Run| {
        run.scores.set("test_accuracy", None);
        let (which, value) = ("loss".to_string(), "NaN".to_string());
        run.stopped = Some(Stop { replica: 0, seed: run.seed, epoch: 1, which, value });
    };
    let baseline = experiment("baseline", [0.5, 0.5, 0.2]);
    let mut own = experiment("own", [0.8, 0.5]);
    stop(&mut own.1[1]);
    let found = compare_runs(&judge(), &[baseline, own]);
    let compared = &found.experiments[1];
    assert_eq!(compared.diverged, Some(Sides { own: 1, baseline: 0 }));
    let own = difference(&found, 1);
    assert_near(own.bounds.map(|ends| ends.low), 0.);
    assert_near(own.bounds.map(|ends| ends.high), 0.3);
    let sentences = comparison_sentences(&found);
    assert_eq!(
        sentences[2],
        "Warning: 1 run of own and 0 of baseline diverged and are left out; had they been the worst or the \
         best of all that finished, the difference would lie from +0.000 to +0.300."
    );
}

/// Errors of about 100 in units of their own: 1 % of the baseline's mean of 100 is 1.
#[test]
fn a_lower_error_is_better_and_its_margin_is_a_share() {
    let of = |name: &str, scores: [f64; 4]| {
        let runs = (0..).zip(scores).map(|(seed, score)| run(seed, &[("test_rmse", score)]));
        (name.to_string(), runs.collect())
    };
    let experiments = [of("baseline", [99., 101., 98., 102.]), of("own", [90., 91., 89., 92.])];
    let judge = Judge::new("rmse", Better::Lower);
    let found = compare_runs(&judge, &experiments);
    assert_eq!((found.margin, difference(&found, 1).answer), (1., Answer::Helps));
    let sentence = &comparison_sentences(&found)[0];
    assert!(
        sentence.starts_with("own lowers test rmse by 9.500 against baseline on this split (95 %")
    );
    assert!(sentence.ends_with("4 pairs; margin 1): better."), "{sentence}");
    let found = compare_runs(&judge.margin(Margin::Absolute(20.)), &experiments);
    assert_eq!(difference(&found, 1).answer, Answer::Equivalent);
    let sentence = &comparison_sentences(&found)[0];
    assert!(sentence.contains("on this split, less than the margin of 20 (95 %"), "{sentence}");
    assert!(sentence.ends_with("4 pairs): equivalent."), "{sentence}");
}

/// NLL 0.5 and 0.7 without, 0.4 and 0.4 with: mean difference -0.2, standard error 0.1.
#[test]
fn further_figures_that_both_have_are_described() {
    let of = |name: &str, figures: [[f64; 2]; 2]| {
        let runs = (0..).zip(figures).map(|(seed, [accuracy, nll])| {
            run(seed, &[("test_accuracy", accuracy), ("test_nll", nll), ("test_loss", nll)])
        });
        (name.to_string(), runs.collect::<Vec<Run>>())
    };
    let mut experiments =
        [of("baseline", [[0.5, 0.5], [0.7, 0.7]]), of("own", [[0.6, 0.4], [0.9, 0.4]])];
    let found = compare_runs(&judge(), &experiments);
    let [nll] = &difference(&found, 1).further[..] else { panic!("one figure") };
    assert_eq!(nll.figure, "test_nll");
    assert_near(Some(nll.effect.mean), -0.2);
    assert_near(Some(nll.baseline), 0.6);
    assert!((nll.effect.high.unwrap() + 0.2 - 12.7062 * 0.1).abs() < 1e-5);
    assert!(comparison_text(&found).contains("\nown\n  -0.200 ± 1.271\n"));
    // Without a metric of probabilities the loss stands for them.
    for (_, runs) in &mut experiments {
        runs.iter_mut().for_each(|run| run.scores.set("test_nll", None));
    }
    let found = compare_runs(&judge(), &experiments);
    assert_eq!(difference(&found, 1).further[0].figure, "test_loss");
}

#[test]
fn a_table_has_a_row_for_each_experiment_in_each_form() {
    let experiments = [
        of_hits("baseline", [0; 10]),
        of_hits("hidden_noise: before-activation 0.1 & input 5 % {a|b}", SLIGHT),
        of_hits("clear", CLEAR),
    ];
    let found = compare_runs(&judge(), &experiments);
    let markdown = comparison_markdown(&found);
    assert_eq!(
        markdown,
        "| experiment | test accuracy | difference | 95 % interval, simultaneous | p, adjusted | answer | pairs |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n\
         | baseline | 0.714 ± 0.016 |  |  |  |  |  |\n\
         | hidden\\_noise: before-activation 0.1 \\& input 5 % \\{a\\|b\\} | 0.726 ± 0.026 | +0.011 | -0.005 to +0.027 | 0.174 | undecided | 10 |\n\
         | clear | 0.751 ± 0.017 | +0.037 | +0.025 to +0.049 | \\<0.001 | better | 10 |\n\n\
         Scores are means and standard deviations over the runs. Margin 0.01.\n"
    );
    let latex = comparison_latex(&found);
    assert_eq!(
        latex,
        "% Scores are means and standard deviations over the runs. Margin 0.01.\n\
         \\begin{tabular}{lrrrrrr}\n\\toprule\n\
         experiment & test accuracy & difference & 95 \\% interval, simultaneous & p, adjusted & answer & pairs \\\\\n\
         \\midrule\n\
         baseline & $0.714$ $\\pm$ $0.016$ &  &  &  &  &  \\\\\n\
         hidden\\_noise: before-activation 0.1 \\& input 5 \\% \\{a\\textbar{}b\\} & $0.726$ $\\pm$ $0.026$ & $+0.011$ & $-0.005$ to $+0.027$ & $0.174$ & undecided & $10$ \\\\\n\
         clear & $0.751$ $\\pm$ $0.017$ & $+0.037$ & $+0.025$ to $+0.049$ & $<0.001$ & better & $10$ \\\\\n\
         \\bottomrule\n\\end{tabular}\n"
    );
    let text = comparison_text(&found);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("adjusted p < 0.001, 10 pairs; margin 0.01): better."), "{text}");
    assert!(!text.contains("unmatched"), "{text}");
    assert!(
        comparison_markdown(&compare_runs(&judge(), &experiments[..2]))
            .contains("| 95 % interval | p |")
    );
}

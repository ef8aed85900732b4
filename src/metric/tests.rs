//! All metrics against scikit-learn and their laws.

use candle_core::Result;
use serde::Deserialize;

use super::average_precision::average_precision;
use super::balanced_accuracy::balanced_accuracy;
use super::brier::brier;
use super::classified::Classified;
use super::ece::ece;
use super::errors::{mae, median_absolute_error, rmse};
use super::f1::{f1, macro_f1};
use super::matthews::matthews;
use super::nll::nll;
use super::r_squared::r_squared;
use super::roc_auc::roc_auc;
use super::tally::tally;
use super::*;

/// Fixed predictions and what scikit-learn 1.7 says of them: `balanced_accuracy_score`, `f1_score`,
/// `roc_auc_score(…, multi_class="ovr")`, `average_precision_score`, `log_loss`, `matthews_corrcoef`,
/// and those of a regression.
#[derive(Deserialize)]
struct Case {
    classes: usize,
    #[serde(default)]
    probabilities: Vec<Vec<f64>>,
    #[serde(default)]
    predictions: Vec<f64>,
    targets: Vec<f64>,
    scores: serde_json::Map<String, serde_json::Value>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../../tests/fixtures/metrics.json")).unwrap()
}

impl Case {
    fn labels(&self) -> Vec<u32> {
        self.targets.iter().map(|target| *target as u32).collect()
    }

    fn classes_of_rows(&self) -> Vec<u32> {
        let most = |row: &Vec<f64>| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        self.probabilities.iter().map(|row| most(row).unwrap() as u32).collect()
    }

    fn scores_of_classes(&self) -> Vec<(&'static str, Option<f64>)> {
        let labels = self.labels();
        let predicted = self.classes_of_rows();
        let tallies = tally(self.classes, predicted.iter().copied().zip(labels.iter().copied()));
        let rows = Classified {
            classes: self.classes,
            probabilities: self.probabilities.concat(),
            labels: labels.clone(),
        };
        let log_likelihoods: Vec<f64> = rows.iter().map(|(row, label)| row[label].ln()).collect();
        let confidences: Vec<(f64, bool)> = (0..labels.len())
            .map(|i| (self.probabilities[i][predicted[i] as usize], predicted[i] == labels[i]))
            .collect();
        vec![
            ("balanced_accuracy", balanced_accuracy(&tallies)),
            ("macro_f1", macro_f1(&tallies)),
            ("roc_auc", roc_auc(&rows)),
            ("nll", nll(&log_likelihoods)),
            ("brier", Some(brier(&rows))),
            ("ece", ece(&confidences)),
            ("matthews", matthews(&tallies)),
            ("f1", f1(&tallies)),
            ("average_precision", average_precision(&rows)),
        ]
    }

    fn scores_of_numbers(&self) -> Vec<(&'static str, Option<f64>)> {
        let pairs = self.predictions.iter().copied().zip(self.targets.iter().copied());
        let pairs: Vec<(f64, f64)> = pairs.collect();
        vec![
            ("rmse", rmse(&pairs)),
            ("mae", mae(&pairs)),
            ("median_absolute_error", median_absolute_error(&pairs)),
            ("r2", r_squared(&pairs)),
        ]
    }

    /// Returns the predictions as logits or numbers in single precision.
    fn predicted(&self) -> Result<Predicted> {
        let values: Vec<f64> = match self.classes {
            0 => self.predictions.clone(),
            2 => self.probabilities.iter().map(|row| (row[1] / row[0]).ln()).collect(),
            _ => self.probabilities.iter().flatten().map(|p| p.ln()).collect(),
        };
        let outputs = if self.classes > 2 { self.classes } else { 1 };
        let single = |values: &[f64]| values.iter().map(|x| *x as f32).collect();
        Predicted::new(outputs, single(&values), single(&self.targets))
    }
}

#[test]
fn scores_in_double_precision_are_those_of_scikit_learn() {
    let mut compared = 0;
    for case in cases() {
        let scores =
            if case.classes == 0 { case.scores_of_numbers() } else { case.scores_of_classes() };
        for (name, score) in scores {
            let expected = case.scores.get(name).map(|score| score.as_f64().unwrap());
            let tolerance = if name == "ece" { 1e-9 } else { 1e-12 };
            match (score, expected) {
                (Some(score), Some(expected)) => {
                    let error = (score - expected).abs();
                    assert!(error < tolerance, "{name} of {} classes: {score}", case.classes);
                    compared += 1;
                }
                (score, expected) => assert_eq!(score, expected, "{name}"),
            }
        }
    }
    assert_eq!(compared, 9 + 2 * 7 + 4);
}

#[test]
fn metrics_of_logits_are_those_of_scikit_learn_to_single_precision() -> Result<()> {
    for case in cases() {
        let rows = case.predicted()?;
        let metrics = if case.classes == 0 { for_numbers() } else { for_classes(case.classes) };
        assert_eq!(metrics.len(), case.scores.len());
        for metric in metrics {
            let key = if metric.name() == "r_squared" { "r2" } else { metric.name() };
            let expected = case.scores[key].as_f64().unwrap();
            let score = metric.score(&rows).unwrap();
            assert!((score / expected - 1.).abs() < 2e-6, "{key}: {score}, not {expected}");
        }
    }
    Ok(())
}

/// Two rows of class 0 and two of class 1, with the logits −1, 0 and 0, 2. The predicted classes are 0, 0
/// and 0, 1, because a logit of 0 does not predict class 1. By hand: three hits of four; recalls 1 and ½;
/// F1 4/5 and 2/3; of four pairs three are in order and one is tied; precision 1 up to a recall of ½, and
/// 2/3 up to 1; Matthews (3 · 4 − 2 · 3 − 2 · 1) / √((16 − 10) (16 − 8)).
#[test]
fn four_rows_have_the_scores_found_by_hand() -> Result<()> {
    let two = Predicted::new(1, vec![-1., 0., 0., 2.], vec![0., 0., 1., 1.])?;
    let same = Predicted::new(2, vec![1., 0., 3., 3., 0., 0., 0., 2.], vec![0., 0., 1., 1.])?;
    let [p, q] = [1. / (1. + 1f64.exp()), 1. / (1. + 2f64.exp())];
    let expected = [
        ("accuracy", 0.75),
        ("balanced_accuracy", 0.75),
        ("macro_f1", (4. / 5. + 2. / 3.) / 2.),
        ("roc_auc", 3.5 / 4.),
        ("nll", -((1. - p).ln() + 2. * 0.5f64.ln() + (1. - q).ln()) / 4.),
        ("brier", (2. * p * p + 0.5 + 0.5 + 2. * q * q) / 4.),
        // three bins: two rows of confidence ½ with one hit, and one row in each of two
        ("ece", (p + q) / 4.),
        ("matthews", 4. / 48f64.sqrt()),
        ("f1", 2. / 3.),
        ("average_precision", 1. / 2. + 2. / 3. / 2.),
    ];
    for rows in [two, same] {
        for metric in for_classes(2) {
            let (_, value) = expected.iter().find(|(name, _)| *name == metric.name()).unwrap();
            let score = metric.score(&rows).unwrap();
            assert!((score - value).abs() < 1e-12, "{}: {score}, not {value}", metric.name());
        }
    }
    Ok(())
}

/// The errors are 1, −2, 4 and 1, and of a second output 0, 0, 3 and 0.
#[test]
fn errors_are_averaged_over_the_outputs() -> Result<()> {
    let score = |metric: &dyn Metric, rows: &Predicted| metric.score(rows).unwrap();
    let one = Predicted::new(1, vec![1., -2., 4., 1.], vec![0.; 4])?;
    let two = Predicted::new(2, vec![1., 0., -2., 0., 4., 3., 1., 0.], vec![0.; 8])?;
    let [first, second] = [(22f64 / 4.).sqrt(), (9f64 / 4.).sqrt()];
    assert_eq!(score(&Rmse, &one), first);
    assert_eq!(score(&Rmse, &two), (first + second) / 2.);
    assert_eq!([score(&Mae, &one), score(&Mae, &two)], [2., (2. + 0.75) / 2.]);
    let medians = [score(&MedianAbsoluteError, &one), score(&MedianAbsoluteError, &two)];
    assert_eq!(medians, [1.5, 0.75]);
    let odd = Predicted::new(1, vec![5., -1., 3.], vec![0.; 3])?;
    assert_eq!(score(&MedianAbsoluteError, &odd), 3.);
    Ok(())
}

/// The ranks of Mann and Whitney, pair by pair.
#[test]
fn the_area_is_the_share_of_pairs_in_order() {
    for case in cases().iter().filter(|case| case.classes > 0) {
        let labels = case.labels();
        let probabilities: Vec<Vec<f64>> = case
            .probabilities
            .iter()
            .map(|row| row.iter().map(|p| (p * 8.).round() / 8.).collect())
            .collect();
        let of_class = |class: usize| {
            let [mut pairs, mut ordered] = [0., 0.];
            for (high, own) in probabilities.iter().zip(&labels) {
                for (low, other) in probabilities.iter().zip(&labels) {
                    if *own as usize == class && *other as usize != class {
                        pairs += 1.;
                        ordered += match high[class].total_cmp(&low[class]) {
                            std::cmp::Ordering::Greater => 1.,
                            std::cmp::Ordering::Equal => 0.5,
                            std::cmp::Ordering::Less => 0.,
                        };
                    }
                }
            }
            ordered / pairs
        };
        let judged: Vec<usize> =
            if case.classes == 2 { vec![1] } else { (0..case.classes).collect() };
        let expected =
            judged.iter().map(|class| of_class(*class)).sum::<f64>() / judged.len() as f64;
        let classified =
            Classified { classes: case.classes, probabilities: probabilities.concat(), labels };
        let found = roc_auc(&classified).unwrap();
        assert!((found - expected).abs() < 1e-14, "{found}, not {expected}");
    }
}

#[test]
fn scores_of_three_classes_do_not_depend_on_their_order() -> Result<()> {
    let case = cases().into_iter().find(|case| case.classes == 3).unwrap();
    let renamed = Case {
        probabilities: case.probabilities.iter().map(|p| vec![p[1], p[2], p[0]]).collect(),
        targets: case.targets.iter().map(|class| (class + 2.) % 3.).collect(),
        predictions: Vec::new(),
        scores: case.scores.clone(),
        classes: 3,
    };
    for metric in for_classes(3) {
        let [a, b] =
            [&case, &renamed].map(|case| metric.score(&case.predicted().unwrap()).unwrap());
        assert!((a - b).abs() < 1e-12, "{}: {a} and {b}", metric.name());
    }
    Ok(())
}

/// A class of four without rows: `roc_auc_score` refuses it, the others leave it out.
#[test]
fn a_class_without_rows_has_no_area_and_counts_for_nothing() -> Result<()> {
    let rows = Predicted::new(4, [[9f32, 0., 0., 0.], [0., 9., 0., 0.]].concat(), vec![0., 1.])?;
    assert_eq!(RocAuc.score(&rows), None);
    assert_eq!(BalancedAccuracy.score(&rows), Some(1.));
    assert_eq!(MacroF1.score(&rows), Some(1.));
    assert_eq!(Matthews.score(&rows), Some(1.));
    assert_eq!([F1.score(&rows), AveragePrecision.score(&rows)], [None, None]);
    Ok(())
}

#[test]
fn guesses_of_one_class_have_no_correlation_and_targets_of_one_class_have_none_defined()
-> Result<()> {
    let guess = Predicted::new(1, vec![-1., -1., -1.], vec![0., 1., 0.])?;
    assert_eq!(Matthews.score(&guess), Some(0.));
    assert_eq!([F1.score(&guess), RocAuc.score(&guess)], [Some(0.), Some(0.5)]);
    let alike = Predicted::new(1, vec![-1., -1., 1.], vec![0., 0., 0.])?;
    assert_eq!([Matthews.score(&alike), RocAuc.score(&alike)], [None, None]);
    assert_eq!([F1.score(&alike), AveragePrecision.score(&alike)], [Some(0.), None]);
    let none = Predicted::new(1, vec![-1.], vec![0.])?;
    assert_eq!([F1.score(&none), BalancedAccuracy.score(&none)], [None, Some(1.)]);
    Ok(())
}

#[test]
fn a_tiny_probability_has_a_finite_logarithm() -> Result<()> {
    for rows in [
        Predicted::new(1, vec![1000., 1000.], vec![0., 1.])?,
        Predicted::new(2, vec![-500., 500., 0., 1000.], vec![0., 1.])?,
    ] {
        assert_eq!(Nll.score(&rows), Some(500.));
    }
    Ok(())
}

#[test]
fn scores_are_undefined_and_never_nan() -> Result<()> {
    let nowhere = f32::INFINITY;
    let of_classes = [
        Predicted::new(2, vec![], vec![])?,
        Predicted::new(1, vec![f32::NAN, 0.], vec![0., 1.])?,
        Predicted::new(2, vec![0., f32::NAN, 1., 0.], vec![0., 1.])?,
        Predicted::new(1, vec![0., 0.], vec![0., 2.])?,
        Predicted::new(2, vec![nowhere, nowhere, 0., 1.], vec![0., 1.])?,
        Predicted::new(1, vec![nowhere, -1.], vec![0., 1.])?,
        Predicted::new(3, vec![-nowhere; 6], vec![0., 1.])?,
    ];
    for (rows, case) in of_classes.iter().zip(0..) {
        for metric in for_classes(2) {
            let score = metric.score(rows);
            assert!(score.is_none_or(f64::is_finite), "{}: {score:?}", metric.name());
            assert!(case > 3 || score.is_none(), "{}: {score:?} of case {case}", metric.name());
        }
    }
    let of_numbers = [
        Predicted::new(1, vec![], vec![])?,
        Predicted::new(1, vec![f32::NAN, 1., 2.], vec![0., 1., 2.])?,
        Predicted::new(1, vec![nowhere, 1.], vec![0., 1.])?,
        Predicted::new(2, vec![1., 2., 3., 4.], vec![0., 1.])?,
    ];
    for rows in of_numbers {
        for metric in for_numbers() {
            assert_eq!(metric.score(&rows), None, "{}", metric.name());
        }
    }
    Ok(())
}

/// The Brier score of shares is 1 − Σ p², and their NLL the entropy.
#[test]
fn the_shares_of_the_classes_have_their_entropy() -> Result<()> {
    let shares = [0.5f64, 0.25, 0.25];
    let logits = [shares.map(|p| p.ln() as f32); 4].concat();
    let rows = Predicted::new(3, logits, vec![0., 0., 1., 2.])?;
    let entropy: f64 = -shares.iter().map(|p| p * p.ln()).sum::<f64>();
    assert!((Nll.score(&rows).unwrap() - entropy).abs() < 1e-7);
    assert!((Brier.score(&rows).unwrap() - (1. - 0.375)).abs() < 1e-7);
    assert!(Ece.score(&rows).unwrap() < 1e-7);
    Ok(())
}

#[test]
fn errors_and_likelihoods_are_better_if_lower() {
    let lower: Vec<String> = for_classes(2)
        .iter()
        .chain(&for_numbers())
        .filter(|metric| metric.better() == Better::Lower)
        .map(|metric| metric.name().to_string())
        .collect();
    assert_eq!(lower, ["nll", "brier", "ece", "rmse", "mae", "median_absolute_error"]);
}

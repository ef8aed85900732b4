//! Laws of a verdict, on grids whose scores are drawn instead of trained (`examples/simulations` has more of
//! them). All draws are addressed, so that each share is the same on every machine.

#[path = "../examples/simulations/draws.rs"]
mod draws;
#[path = "../examples/simulations/grid.rs"]
mod grid;

use candle_noise::experiment::{Difference, Reason};
use candle_noise::metric::Better;
use candle_noise::stats::{Answer, Estimate, units_needed};

use draws::{Share, normals};
use grid::{Found, Grid, Law};

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-10, "{found}, not {expected}");
}

/// The standard deviation with n - 1.
fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.)).sqrt()
}

/// A 95 % interval lies within the margin exactly if two one-sided tests reject at 2.5 %; their p-value is the
/// larger of the two, each half of a two-sided one on its side.
#[test]
fn equivalent_is_what_two_one_sided_tests_say() {
    let mut counts = [0; 2];
    for experiment in 0..400 {
        let sample = normals("verdict/tost", experiment, 4 + experiment as usize % 9);
        let own = Estimate::of(&sample).unwrap();
        let margin = 1.;
        let one_sided = |value: f64, is_below: bool| match is_below {
            true => own.p(value) / 2.,
            false => 1. - own.p(value) / 2.,
        };
        let not_below = one_sided(margin, own.mean < margin);
        let not_above = one_sided(-margin, own.mean > -margin);
        assert_near(own.tost(margin), not_below.max(not_above));
        let answer = Answer::of(Some(own.interval(0.95)), margin, Better::Higher);
        let is_equivalent = answer == Answer::Equivalent;
        assert_eq!(is_equivalent, own.tost(margin) <= 0.025, "{own:?}");
        counts[usize::from(is_equivalent)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}

/// SE² = var (1/(K R) + 1/(K - 1)); `scipy.stats.t.ppf(0.975, df)`. The headline leaves out each repeat's
/// first fold, which only chooses.
#[test]
fn folds_have_the_error_of_nadeau_and_bengio() {
    for (repeats, all, judging) in [
        (1, 2.7764451051977934, 3.1824463052837078),
        (2, 2.262157162798205, 2.364624251592784),
        (10, 2.0095752371292392, 2.022690920036761),
    ] {
        let grid = Grid::of_folds(1, 5, repeats).unwrap();
        let law = Law { gains: vec![1.], spread: 0.02, correlation: 0.2 };
        let scores = law.scores("verdict/folds", 0, 5 * repeats);
        let differences: Vec<f64> = scores[1].iter().zip(&scores[0]).map(|(a, b)| a - b).collect();
        let found = grid.found(&grid.plan, &grid.records(&scores, &law.gains)).unwrap();
        let error =
            |values: &[f64]| deviation(values) * (1. / values.len() as f64 + 1. / 4f64).sqrt();
        let Difference { low, high, .. } = found.outcomes[1].difference.clone().unwrap();
        assert_near((high.unwrap() - low.unwrap()) / 2., all * error(&differences));
        let choice = found.conclusion.choice;
        let judged = error(&differences[repeats..]);
        assert_near((choice.high.unwrap() - choice.low.unwrap()) / 2., judging * judged);
        assert_eq!((choice.judged, choice.noisy), (4 * repeats, 4 * repeats));
    }
}

/// Of 34 pairs with a standard deviation of twice the margin, `scipy.stats.nct` gives a power of 0.8078; the
/// test allows four standard errors.
#[test]
fn the_number_of_pairs_that_is_asked_for_has_the_promised_power() {
    assert_eq!(units_needed(0.02, 0.01, 0., 0.05), Some(34));
    let finds = |experiment| {
        let sample: Vec<f64> =
            normals("verdict/power", experiment, 34).iter().map(|z| 0.01 + 0.02 * z).collect();
        Estimate::of(&sample).unwrap().p(0.) < 0.05
    };
    let share = Share::of((0..2000).map(finds));
    assert!((share.value() - 0.8078).abs() < 4. * share.error(0.8), "{share:?}");
}

/// What the conclusion says of the choice; the bits of its figures.
fn headline(found: &Found) -> (Vec<u64>, usize, usize, String) {
    let choice = &found.conclusion.choice;
    let figures = [Some(choice.difference), choice.low, choice.high, choice.p];
    let bits = figures.iter().flatten().map(|x| x.to_bits()).collect();
    (bits, choice.times, choice.judged, format!("{:?}", choice.cell.noise))
}

#[test]
fn a_setting_that_is_never_chosen_does_not_change_the_headline() {
    for folds in [None, Some(5)] {
        let of = |noises| {
            let grid = Grid::new(noises, |plan| match folds {
                Some(_) => (plan.folds, plan.repeats) = (folds, 3),
                None => plan.data_seeds = (1..=12).collect(),
            });
            grid.unwrap()
        };
        let law = Law { gains: vec![0.02, 0.01, 0., -5.], spread: 0.02, correlation: 0. };
        let (few, more) = (of(3), of(4));
        let scores = law.scores("verdict/never", 0, more.runs_of_a_cell());
        let [few, more] = [(&few, 3), (&more, 4)].map(|(grid, noises)| {
            let records = grid.records(&scores[..=noises], &law.gains[..noises]);
            headline(&grid.found(&grid.plan, &records).unwrap())
        });
        assert_eq!(few.0.len(), 4, "there is an interval");
        assert_eq!(few, more);
    }
}

#[test]
fn the_gain_is_zero_if_no_noise_is_ever_chosen() {
    let grid = Grid::of_data_seeds(3, 12).unwrap();
    let law = Law { gains: vec![-1.; 3], spread: 0.02, correlation: 0. };
    for found in grid.simulate("verdict/none", &law, 20, |found| found).unwrap() {
        let conclusion = found.conclusion;
        assert_eq!((conclusion.choice.difference, conclusion.choice.noisy), (0., 0));
        assert_eq!(
            (conclusion.answer, conclusion.reason),
            (Answer::Undecided, Reason::NoNoiseChosen)
        );
        assert_eq!(conclusion.judged.interval, None);
    }
}

/// Looks after 10, 20, …, 100 pairs: 0.193 by Armitage, McPherson and Rowe, whose variance is known, and
/// about 0.198 with Student's t.
#[test]
fn looks_at_p_reject_a_true_hypothesis_too_often_and_the_sequential_rule_does_not() {
    let rejects = |experiment| {
        let zs = normals("verdict/looks", experiment, 100);
        let p = |n: usize| Estimate::of(&zs[..n]).unwrap().p(0.);
        (1..=10).any(|k| p(10 * k) < 0.05)
    };
    let share = Share::of((0..1000).map(rejects));
    assert!((share.value() - 0.196).abs() < 4. * share.error(0.196), "{share:?}");

    let differs = |found: &Found| matches!(found.conclusion.answer, Answer::Helps | Answer::Hurts);
    let repeats = Grid::new(3, |plan| plan.repeats = 40).unwrap();
    for grid in [repeats, Grid::of_data_seeds(3, 40).unwrap()] {
        let law = Law::null(3);
        let found = |experiment| {
            let scores = law.scores("verdict/sequential", experiment, 40);
            let found = grid.until_decided(&grid.records(&scores, &law.gains)).unwrap();
            // Every wrong answer ends the experiment, and others take up to 40 units.
            let units = found.outcomes[0].runs.len();
            assert!(
                differs(&found) || units == 40 || found.conclusion.answer == Answer::Equivalent
            );
            differs(&found)
        };
        let share = Share::of((0..200).map(found));
        assert!(share.value() <= 0.05 + 2. * share.error(0.05), "{share:?}");
    }
}

/// Arms that are exchangeable within a unit; the headline's p is 1 if there is none. Of so many shares each is
/// allowed three standard errors.
#[test]
fn p_values_keep_their_level_without_an_effect() {
    let folds = Law { correlation: 0.2, ..Law::null(7) };
    for (name, grid, law) in [
        ("data seeds", Grid::of_data_seeds(7, 8).unwrap(), Law::null(7)),
        ("folds", Grid::of_folds(7, 5, 2).unwrap(), folds),
    ] {
        let ps = grid.simulate(&format!("verdict/null/{name}"), &law, 1000, |found| {
            let differences = found.outcomes.iter().filter_map(|own| own.difference.as_ref());
            let adjusted = differences.clone().filter_map(|own| own.p_adjusted);
            let raw = differences.clone().next().and_then(|own| own.p);
            let holm = differences.filter_map(|own| own.p_holm);
            let least = |ps: &mut dyn Iterator<Item = f64>| ps.fold(1., f64::min);
            let headline = found.conclusion.choice.p.unwrap_or(1.);
            [raw.unwrap(), least(&mut { adjusted }), least(&mut { holm }), headline]
        });
        let ps = ps.unwrap();
        for level in [0.01, 0.05, 0.1] {
            for (i, which) in ["raw", "adjusted", "Holm's", "headline"].into_iter().enumerate() {
                let share = Share::of(ps.iter().map(|own| own[i] <= level));
                let most = level + 3. * share.error(level);
                assert!(share.value() <= most, "{name}, {which} p <= {level}: {share:?}");
            }
            let raw = Share::of(ps.iter().map(|own| own[0] <= level));
            assert!(raw.value() >= level - 3. * raw.error(level), "{name}: {raw:?}");
        }
    }
}

/// From five data seeds on; of 600 experiments two standard errors are 0.021. If each data seed were judged with
/// what all others choose, it would be 0.77 over 20 data seeds without an effect.
#[test]
fn the_headline_holds_the_true_gain_of_what_was_chosen() {
    for (data_seeds, gain) in [(5, 0.), (10, 0.05), (20, 0.)] {
        let grid = Grid::of_data_seeds(4, data_seeds).unwrap();
        let law = Law { gains: vec![0., gain, gain, 0.], ..Law::null(4) };
        let site = format!("verdict/coverage/{data_seeds}/{gain}");
        let found = grid.simulate(&site, &law, 600, |found| {
            let (interval, truth) = (found.conclusion.choice.interval()?, found.true_gain()?);
            Some(interval.low <= truth && truth <= interval.high)
        });
        let share = Share::of(found.unwrap().into_iter().flatten());
        assert!(share.value() >= 0.93 - 2. * share.error(0.93), "{data_seeds}, {gain}: {share:?}");
    }
}

/// Of a grid with one noise that helps, 25 useless ones more widen the interval of a setting by the quotient of
/// the quantiles, and leave that of the headline as it is.
#[test]
fn useless_settings_hardly_move_the_headline() {
    let of = |noises: usize| {
        let grid = Grid::of_data_seeds(noises, 20).unwrap();
        let mut law = Law::null(noises);
        law.gains[2] = 0.1;
        let found = grid.simulate("verdict/useless", &law, 40, |found| {
            let (choice, setting) = (found.conclusion.choice, found.conclusion.difference);
            let [headline, setting] = [choice.interval(), setting.simultaneous]
                .map(|own| own.map_or(f64::NAN, |own| own.high - own.low));
            [choice.difference, headline, setting]
        });
        let found = found.unwrap();
        [0, 1, 2].map(|i| found.iter().map(|own| own[i]).sum::<f64>() / 40.)
    };
    let ([few, more], narrow) = ([of(5), of(30)], 0.1);
    assert!((few[0] - more[0]).abs() < narrow * few[0], "{few:?} {more:?}");
    assert!((few[1] / more[1] - 1.).abs() < narrow, "{few:?} {more:?}");
    // scipy.stats.t.ppf(1 - 0.025 / m, 19): 2.86093 for m = 5, 3.65950 for m = 30.
    assert!((more[2] / few[2] - 1.2791).abs() < 0.03, "{few:?} {more:?}");
}

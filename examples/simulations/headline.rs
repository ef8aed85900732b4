//! How good the headline is: the gain of noise that is chosen by units that do not judge it.

use anyhow::Result;
use candle_noise::metric::Better;
use candle_noise::stats::{Interval, best_arm, mean};

use super::grid::{Found, Grid, Law};
use super::intervals::{Method, bca, holds, student};
use super::tables::{EXPERIMENTS, each, head, percent, row};

/// As much as a cell's own effect spreads.
const GAIN: f64 = 0.05;

/// Returns the laws under which none, one or all of some noises help.
fn laws(noises: usize) -> [(&'static str, Law); 3] {
    let mut one = Law::null(noises);
    one.gains[noises / 2] = GAIN;
    let all = Law { gains: vec![GAIN; noises], ..Law::null(noises) };
    [("none", Law::null(noises)), ("one", one), ("all", all)]
}

const SEEDS: [u32; 4] = [5, 6, 10, 20];

/// Prints how often the headline's interval holds the true gain, and how often it would if each data seed were
/// judged with what all others choose.
pub fn coverage() -> Result<()> {
    head(
        "95 % intervals over data seeds: how many hold the true gain of what was chosen, in %",
        &[
            "chosen by",
            "interval",
            "noises",
            "that help",
            "5 seeds",
            "6 seeds",
            "10 seeds",
            "20 seeds",
        ],
    );
    for noises in [4, 15, 30] {
        for (name, law) in laws(noises) {
            let share = |data_seeds: u32| {
                let grid = Grid::of_data_seeds(noises, data_seeds)?;
                let site = format!("headline/{noises}/{name}/{data_seeds}");
                let found = grid.simulate(&site, &law, EXPERIMENTS, |own| is_covered(&own))?;
                Ok(percent(found.into_iter().flatten()))
            };
            let shares: Vec<String> = SEEDS.into_iter().map(share).collect::<Result<_>>()?;
            print(["the earlier ones", "Student's t", &noises.to_string(), name], &shares);
        }
    }
    let methods: [(&str, Method); 2] = [("Student's t", student), ("BCa bootstrap", bca)];
    for (method, interval) in methods {
        for (name, law) in laws(15) {
            let shares =
                SEEDS.map(|data_seeds| covered_by_others(name, &law, data_seeds, interval));
            print(["all others", method, "15", name], &shares);
        }
    }
    Ok(())
}

fn print(names: [&str; 4], shares: &[String]) {
    row(&[&names.map(String::from)[..], shares].concat());
}

fn is_covered(found: &Found) -> Option<bool> {
    Some(holds(found.conclusion.choice.interval()?, found.true_gain()?))
}

fn covered_by_others(name: &str, law: &Law, data_seeds: u32, interval: Method) -> String {
    let site = format!("others/{name}/{data_seeds}");
    let found = each(|experiment| {
        let scores = law.scores(&site, experiment, data_seeds as usize);
        let (differences, truth) = by_others(&scores, &law.gains);
        Some(holds(interval(&differences)?, truth))
    });
    percent(found.into_iter().flatten())
}

/// Returns the differences of what all other units choose for each, and their true mean.
fn by_others(scores: &[Vec<f64>], gains: &[f64]) -> (Vec<f64>, f64) {
    let of_unit = |unit: usize| scores.iter().map(|own| Some(own[unit])).collect();
    let units: Vec<Vec<Option<f64>>> = (0..scores[0].len()).map(of_unit).collect();
    let chosen = |unit: usize| {
        let others = [&units[..unit], &units[unit + 1..]].concat();
        best_arm(&others, Better::Higher).map(|cell| (unit, cell))
    };
    let chosen: Vec<(usize, usize)> = (0..units.len()).filter_map(chosen).collect();
    let difference = |(unit, cell): &(usize, usize)| scores[*cell][*unit] - scores[0][*unit];
    let gain = |(_, cell): &(usize, usize)| cell.checked_sub(1).map_or(0., |noise| gains[noise]);
    let gains: Vec<f64> = chosen.iter().map(gain).collect();
    (chosen.iter().map(difference).collect(), mean(&gains))
}

/// Prints what useless noises change.
pub fn useless_noises() -> Result<()> {
    head(
        "Five noises, one of which gains 0.05, and 25 useless ones beside them, over 20 data seeds: means",
        &["noises", "gain of the headline", "width of its interval", "width for the best setting"],
    );
    for noises in [5, 30] {
        let mut law = Law::null(noises);
        law.gains[2] = GAIN;
        let grid = Grid::of_data_seeds(noises, 20)?;
        let found = grid.simulate("useless", &law, EXPERIMENTS, |found| {
            let (choice, setting) = (found.conclusion.choice, found.conclusion.difference);
            [Some(choice.difference), width(choice.interval()), width(setting.simultaneous)]
        })?;
        let means =
            [0, 1, 2].map(|i| mean(&found.iter().filter_map(|own| own[i]).collect::<Vec<_>>()));
        let means = means.map(|own| format!("{own:.3}")).into_iter();
        row(&[noises.to_string()].into_iter().chain(means).collect::<Vec<_>>());
    }
    Ok(())
}

fn width(interval: Option<Interval>) -> Option<f64> {
    interval.map(|own| own.high - own.low)
}

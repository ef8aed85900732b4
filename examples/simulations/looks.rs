//! How often answers are wrong if one looks again and again.

use anyhow::Result;
use candle_noise::metric::Better;
use candle_noise::stats::{Answer, Estimate, chosen_by_earlier, error_of_looks};

use super::answers::{
    MARGIN, NOISES, at_the_margin, differs, is_equivalent, is_wrongly_equivalent,
};
use super::draws::normals;
use super::grid::{Found, Grid, Law};
use super::tables::{each, head, percent, row};

const MOST: usize = 100;

/// Prints how often answers are wrong after all looks.
pub fn wrong() -> Result<()> {
    head(
        "Experiments with a wrong answer after up to 100 units, in %",
        &["rule", "looks after", "helps or hurts", "equivalent"],
    );
    let repeats = Grid::new(NOISES, |plan| plan.repeats = MOST)?;
    until_decided("best of 15 settings, repeats on one split", &repeats)?;
    let data_seeds = Grid::of_data_seeds(NOISES, MOST as u32)?;
    until_decided("headline, data seeds", &data_seeds)?;
    every_look("some of 15 settings", some_setting);
    every_look("headline, data seeds", headline);

    let looks: Vec<usize> = (10..=MOST).step_by(10).collect();
    let plain = percent(each(|experiment| {
        let zs = normals("looks/plain", experiment, MOST);
        looks.iter().any(|n| Estimate::of(&zs[..*n]).is_some_and(|own| own.p(0.) < 0.05))
    }));
    let computed = format!("{:.1}", 100. * error_of_looks(&looks, 0.05));
    for (rule, share) in [("p < 0.05", plain), ("p < 0.05, as computed", computed)] {
        row(&[rule.to_string(), "10, 20, …, 100".to_string(), share, String::new()]);
    }
    Ok(())
}

/// Prints a row of grids that are extended until they are decided.
fn until_decided(name: &str, grid: &Grid) -> Result<()> {
    let share = |law: &Law, is_wrong: fn(&Found) -> bool| -> Result<String> {
        let found = each(|experiment| {
            let scores = law.scores(&format!("until decided/{name}"), experiment, MOST);
            grid.until_decided(&grid.records(&scores, &law.gains)).map(|found| is_wrong(&found))
        });
        Ok(percent(found.into_iter().collect::<Result<Vec<_>>>()?))
    };
    row(&[
        format!("`--until-decided`, {name}"),
        "10, 13, 17, …, 100".to_string(),
        share(&Law::null(NOISES), |found| differs(found.conclusion.answer))?,
        share(&at_the_margin(NOISES, 0.), is_wrongly_equivalent)?,
    ]);
    Ok(())
}

/// Whether some answer that a predicate calls wrong is ever given about scores by cell.
type Ever = fn(&[Vec<f64>], fn(Answer) -> bool) -> bool;

/// Prints a row of looks after every unit.
fn every_look(name: &str, ever: Ever) {
    let share = |law: Law, is_wrong: fn(Answer) -> bool| {
        let site = format!("every look/{name}");
        percent(each(|experiment| ever(&law.scores(&site, experiment, MOST), is_wrong)))
    };
    row(&[
        format!("anytime interval, {name}"),
        "5, 6, 7, …, 100".to_string(),
        share(Law::null(NOISES), differs),
        share(at_the_margin(NOISES, 0.), is_equivalent),
    ]);
}

fn is_ever_wrong(differences: &[f64], alpha: f64, is_wrong: fn(Answer) -> bool) -> bool {
    (5..=differences.len()).any(|n| {
        let interval = Estimate::of(&differences[..n]).and_then(|own| own.anytime_interval(alpha));
        is_wrong(Answer::of(interval, MARGIN, Better::Higher))
    })
}

fn some_setting(scores: &[Vec<f64>], is_wrong: fn(Answer) -> bool) -> bool {
    let mut differences = scores[1..].iter().map(|own| -> Vec<f64> {
        own.iter().zip(&scores[0]).map(|(own, baseline)| own - baseline).collect()
    });
    differences.any(|own| is_ever_wrong(&own, 0.05 / NOISES as f64, is_wrong))
}

fn headline(scores: &[Vec<f64>], is_wrong: fn(Answer) -> bool) -> bool {
    let of_unit = |unit: usize| scores.iter().map(|own| Some(own[unit])).collect();
    let units: Vec<Vec<Option<f64>>> = (0..MOST).map(of_unit).collect();
    let chosen = chosen_by_earlier(&units, 2, Better::Higher);
    let differences = (2..MOST).zip(chosen);
    let differences: Vec<f64> = differences
        .filter_map(|(unit, cell)| Some(scores[cell?][unit] - scores[0][unit]))
        .collect();
    is_ever_wrong(&differences, 0.05, is_wrong)
}

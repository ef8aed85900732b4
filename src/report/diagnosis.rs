//! What a diagnosis of a model's noise says: a table of its sites, sentences, and a picture of the law.

use super::grid::{Cells, Column, Rank, cells, prose};
use super::plot::{Scene, SpreadLine, SpreadPoint, spreads};
use crate::noise::NoiseSpec;
use crate::stats::{Digits, number};
use crate::train::{Diagnosis, SiteDiagnosis};

/// Changes of the outputs below this share of the change by another seed count as no effect.
const NOTHING: f64 = 0.01;

/// Returns the diagnosis of networks, means over which are shown, in at most 80 columns; `noise` is all that
/// they were trained with.
pub fn diagnosis_text(found: &[Diagnosis], noise: &[NoiseSpec]) -> String {
    let Some(first) = found.first() else { return String::new() };
    let sites: Vec<Vec<&SiteDiagnosis>> = (0..first.sites.len())
        .map(|place| found.iter().map(|own| &own.sites[place]).collect())
        .collect();
    let loss = mean(found.iter().map(|own| own.loss));
    let digits = Digits::of(loss);
    let mut lines = prose(&format!("Loss without noise: {}.", digits.text(loss)));
    let column = |head: &str, rank: Rank, text: &dyn Fn(&[&SiteDiagnosis]) -> String| Column {
        head: head.to_string(),
        rank,
        texts: sites.iter().map(|own| text(own)).collect(),
    };
    let figure = |of: fn(&SiteDiagnosis) -> Option<f64>| {
        move |own: &[&SiteDiagnosis]| {
            let values: Option<Vec<f64>> = own.iter().map(|own| of(own)).collect();
            values.map_or("-".to_string(), |own| {
                let mean = mean(own.into_iter());
                Digits::of(mean).text(mean)
            })
        }
    };
    let change = |of: fn(&SiteDiagnosis) -> f64| {
        move |own: &[&SiteDiagnosis]| digits.signed(mean(own.iter().map(|own| of(own))))
    };
    let columns = vec![
        column("site", Rank::Name, &|own| own[0].path.clone()),
        column("strength", Rank::Strength, &|own| strength(own)),
        column("ratio", Rank::Main, &figure(SiteDiagnosis::ratio)),
        column("flips", Rank::Main, &|own| flips(own).map_or("-".to_string(), percent)),
        column("loss", Rank::Main, &change(|own| own.rise)),
        column("penalty", Rank::Main, &change(|own| own.penalty)),
        column("steps", Rank::Main, &|own| own[0].steps.to_string()),
        column("input", Rank::Detail, &figure(|own| own.input)),
        column("noise", Rank::Detail, &figure(|own| own.noise)),
    ];
    let recommended = vec![false; sites.len()];
    let groups = vec![(None, 0..sites.len())];
    lines.extend(cells(Cells { columns, groups, recommended }).0);
    lines.push(String::new());
    let spread = first.spread;
    lines.extend(sites.iter().flat_map(|own| prose(&sentence(own, spread))));
    let learned = noise.iter().filter(|own| own.is_learned());
    lines.extend(learned.flat_map(|own| {
        prose(&format!(
            "The strength of noise on {} is learned: it began with {}.",
            own.place(),
            number(own.strength())
        ))
    }));
    let in_training = noise.iter().filter(|own| !own.is_in_model());
    lines.extend(in_training.flat_map(|own| {
        prose(&format!(
            "Noise on {} acts on training alone: no prediction passes through it.",
            own.place()
        ))
    }));
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// Draws how much each noise raises the loss, against its strength, and Bishop's law: a penalty that grows with the
/// variance of the noise, from the smallest strength on. `found` has diagnoses of networks by the strengths' factor.
pub fn penalty_picture(found: &[(f64, Vec<Diagnosis>)]) -> Scene {
    let sites = found.first().and_then(|(_, own)| own.first()).map_or(&[][..], |own| &own.sites);
    let panel = |(place, site): (usize, &SiteDiagnosis)| {
        let means = |of: fn(&SiteDiagnosis) -> f64| -> Vec<f64> {
            found.iter().map(|(_, own)| mean(own.iter().map(|own| of(&own.sites[place])))).collect()
        };
        let (strengths, penalties) = (means(|own| own.strength), means(|own| own.penalty));
        let noise = means(|own| own.noise.unwrap_or(f64::NAN));
        let law = |own: &f64| penalties[0] * (own / noise[0]).powi(2);
        let line = |name: &str, series: u32, values: Vec<f64>| {
            let point = |(&stddev, mean): (&f64, f64)| SpreadPoint {
                stddev,
                mean,
                low: f64::NAN,
                high: f64::NAN,
            };
            let points = strengths.iter().zip(values).map(point).collect();
            SpreadLine { name: name.to_string(), series, points }
        };
        let laws = noise.iter().map(law).collect();
        let lines = vec![line("measured", 0, means(|own| own.rise)), line("Bishop's law", 1, laws)];
        (site.path.clone(), lines)
    };
    let panels: Vec<_> =
        sites.iter().enumerate().filter(|(_, site)| site.is_active()).map(panel).collect();
    spreads(
        "How much noise adds to the loss",
        ["strength of the noise", "rise of the loss"],
        &panels,
    )
}

/// Returns what a site does, in plain words.
fn sentence(own: &[&SiteDiagnosis], spread: Option<f64>) -> String {
    let path = &own[0].path;
    let of = |figure: fn(&SiteDiagnosis) -> f64| mean(own.iter().map(|own| figure(own)));
    if own.iter().all(|own| own.strength == 0.) {
        return format!("{path} is off: its strength is 0.");
    } else if own.iter().all(|own| own.input.is_none()) {
        return format!("{path} is reached by no prediction: the model does not use it.");
    } else if !own.iter().any(|own| own.is_active()) {
        return format!(
            "{path} changes nothing: its input is constant, or its noise too small to add."
        );
    }
    let change = of(|own| own.change);
    let ratio = of(|own| own.ratio().unwrap_or(f64::NAN));
    let nothing = spread.filter(|spread| change < NOTHING * spread);
    let effect = match nothing {
        Some(spread) => format!(
            "It moves the outputs by {}, less than 1 % of what another seed does ({}): expect no effect of \
             it, and try a larger strength.",
            text(change),
            text(spread)
        ),
        None => format!(
            "It moves the outputs by {}{}{}, and adds {} to the loss; to second order a penalty of {}.",
            text(change),
            spread.map_or(String::new(), |own| format!(" (another seed by {})", text(own))),
            flips(own).map_or(String::new(), |share| {
                format!(", changes {} of the predictions", percent(share))
            }),
            text(of(|own| own.rise)),
            text(of(|own| own.penalty))
        ),
    };
    let never = match own[0].steps {
        0 => " It has not drawn any noise in training.",
        _ => "",
    };
    format!(
        "{path} adds noise of standard deviation {} to values of standard deviation {}, {}.{never} {effect}",
        text(of(|own| own.noise.unwrap_or(0.))),
        text(of(|own| own.input.unwrap_or(0.))),
        percent(ratio)
    )
}

/// Returns the strength, a mean over networks, with four digits if it has more, as a learned one does.
fn strength(own: &[&SiteDiagnosis]) -> String {
    let strength = mean(own.iter().map(|own| own.strength));
    number(format!("{strength:.3e}").parse().unwrap_or(strength))
}

/// Returns the share of predicted classes that change, a mean over networks.
fn flips(own: &[&SiteDiagnosis]) -> Option<f64> {
    let flips: Option<Vec<f64>> = own.iter().map(|own| own.flips).collect();
    flips.map(|own| mean(own.into_iter()))
}

fn text(figure: f64) -> String {
    Digits::of(figure).text(figure)
}

/// Returns a share: `1.2 %`.
fn percent(share: f64) -> String {
    match share {
        0. => "0 %".to_string(),
        ..0.001 => "< 0.1 %".to_string(),
        share if share.is_nan() => "an infinite share".to_string(),
        share => format!("{:.1} %", 100. * share),
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    crate::stats::mean(&values)
}

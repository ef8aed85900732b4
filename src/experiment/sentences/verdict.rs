//! The answer in one sentence: whether noise helps, by how much, for whom, and how sure.

use super::names::{cell_name, change, counted, margin_number, p_value, range_beside, thousands};
use crate::experiment::compare::{Dropped, Test};
use crate::experiment::conclude::{About, ChosenBy, Conclusion, Reason};
use crate::experiment::outcome::Outcome;
use crate::experiment::units::Unit;
use crate::stats::Answer;
use crate::task;

/// Returns the answer in one sentence.
pub(super) fn verdict(outcome: &Outcome, own: &Conclusion) -> String {
    let metric = outcome.metric_name();
    let lead = match own.answer {
        Answer::Helps => "Noise helps".to_string(),
        Answer::Hurts => "Noise hurts".to_string(),
        Answer::Equivalent => format!("Noise makes no difference that matters in {metric}"),
        _ => "It is undecided whether noise helps".to_string(),
    };
    let said = match own.reason {
        Reason::NoNoiseChosen => return lead + &none_chosen(outcome, own),
        Reason::AllEqual | Reason::TooFewUnits => format!(
            "{} by {}",
            effect(outcome, own, "changes"),
            outcome.digits().signed(own.judged.mean)
        ),
        _ => changed(outcome, own),
    };
    let why = match own.reason {
        Reason::WithinMargin => format!(", less than the margin of {}", margin(own)),
        Reason::AllEqual => " every time, which leaves no spread to judge by".to_string(),
        Reason::TooFewUnits if own.judged.units == 1 => ", which is a single figure".to_string(),
        Reason::TooFewUnits => ", but so few have no interval".to_string(),
        _ => String::new(),
    };
    format!("{lead}: {said} {}{why} ({}).", scope(outcome, own), how_sure(outcome, own))
}

/// Returns the margin in words.
pub(super) fn margin(own: &Conclusion) -> String {
    margin_number(own.judged.margin)
}

/// Returns what a mean difference does: `raises test accuracy by 0.034`.
fn changed(outcome: &Outcome, own: &Conclusion) -> String {
    let (verb, by) = change(own.judged.mean, outcome.digits());
    format!("{} by {by}", effect(outcome, own, verb))
}

/// Returns who does what to the metric: `input 0.1 raises test accuracy`.
fn effect(outcome: &Outcome, own: &Conclusion, verb: &str) -> String {
    format!("{} {verb} {}", subject(outcome, own), outcome.metric_name())
}

fn subject(outcome: &Outcome, own: &Conclusion) -> String {
    let cell = cell_name(&outcome.plan, &own.cell);
    match own.about {
        About::OnlySetting => cell,
        About::Settings if outcome.plan.variants().count() > 1 => format!(
            "{cell}, the best of {} on the network that is best without noise,",
            counted(own.settings, "setting")
        ),
        About::Settings => format!("{cell}, the best of {},", counted(own.settings, "setting")),
        About::Choice => format!("noise chosen by {}", chosen_by(outcome, own.choice.by)),
    }
}

/// Returns what chose.
pub(super) fn chosen_by(outcome: &Outcome, by: ChosenBy) -> String {
    match by {
        ChosenBy::EarlierDataSeeds => "the earlier data sets".to_string(),
        ChosenBy::EarlierFolds => "the earlier folds".to_string(),
        ChosenBy::ValidationScore => counted(outcome.plan.validation_size, "validation row"),
        ChosenBy::TestScore => "the test rows".to_string(),
    }
}

fn none_chosen(outcome: &Outcome, own: &Conclusion) -> String {
    let (unit, by) = (own.judged.unit, chosen_by(outcome, own.choice.by));
    let judges = match own.judged.units {
        1 => "the only one that judges".to_string(),
        units => format!("any of {}", unit.words(units)),
    };
    let lost = match own.is_lost() {
        true if own.settings == 1 => {
            " The setting worsens the score significantly: do without noise."
        }
        true => " All settings worsen the score significantly: do without noise.",
        false => "",
    };
    format!(": {by} chose no noise for {judges}, so that the gain is 0.{lost}")
}

/// Returns whom the answer speaks of.
fn scope(outcome: &Outcome, own: &Conclusion) -> String {
    let count = |name: &str| {
        let value = outcome.data.iter().find(|(own, _)| own == name);
        value.and_then(|(_, value)| value.as_u64())
    };
    match own.judged.unit {
        // The test rows of such a task are as many for all data seeds: drawn from rows that stay the same.
        Unit::DataSeed if count("test_rows").is_some() => {
            let rows = thousands(count("samples").unwrap_or_default() as usize);
            let task = &outcome.plan.task;
            let name = if task::names().any(|own| own == task) { task.as_str() } else { "rows" };
            format!("for other draws from these {rows} {name}")
        }
        unit => unit.scope_words().to_string(),
    }
}

fn how_sure(outcome: &Outcome, own: &Conclusion) -> String {
    let judged = &own.judged;
    let mut words = Vec::new();
    if let Some(interval) = judged.interval {
        let range = range_beside(interval, outcome.digits(), judged.margin);
        let together = match own.about {
            About::Settings => format!(" for all {} together", own.settings),
            _ => String::new(),
        };
        let looks = if outcome.plan.until_decided { " valid at every look" } else { "" };
        words.push(format!("95 % interval{together}{looks} {range}"));
    }
    let adjusted = if own.about == About::Settings { "adjusted " } else { "" };
    words.extend(judged.p.map(|p| format!("{adjusted}{}", p_value(p))));
    if let (Test::Mcnemar, Some(p)) = (own.difference.test, own.difference.p) {
        words.push(format!("McNemar's {}, of these two networks alone", p_value(p)));
    }
    let units = judged.unit.words(judged.units);
    words.push(match own.about {
        About::Choice if own.choice.noisy < own.choice.judged => {
            format!("judged on {units}, {} with noise", own.choice.noisy)
        }
        About::Choice => format!("judged on {units}"),
        _ => units,
    });
    if !own.dropped.is_none() {
        let Dropped { noisy, baseline } = own.dropped;
        words.push(format!("leaving out {noisy} diverged with noise and {baseline} without"));
    }
    let shown = match own.answer {
        Answer::Equivalent => String::new(),
        _ => format!("; margin {}", margin(own)),
    };
    words.join(", ") + &shown
}

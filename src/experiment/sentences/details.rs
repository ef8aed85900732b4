//! What stands beside the answer: what would decide, the settings, the choice, other figures and rivals.

use super::names::{cell_name, counted, range, telling_apart, thousands};
use super::verdict::{chosen_by, margin};
use crate::experiment::compare::Further;
use crate::experiment::conclude::{About, ChosenBy, Conclusion, Needed, Reason, Versus, What};
use crate::experiment::outcome::Outcome;
use crate::experiment::plan::Cell;
use crate::experiment::units::{Effect, Unit};
use crate::metric::{self, Margin};
use crate::stats::{Answer, Digits};

/// Returns the sentences beside the answer.
pub(super) fn details(outcome: &Outcome, own: &Conclusion) -> Vec<String> {
    let all = [
        on_these_rows(outcome, own),
        recipe(outcome),
        would_decide(own),
        ended(outcome, own),
        few_units(outcome, own),
        settings(outcome, own),
        recommendation(outcome, own),
        further(outcome, own),
        rivals(outcome, own),
    ];
    all.into_iter().flatten().collect()
}

fn on_these_rows(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    let effect = match own.about {
        About::Choice => own.choice.on_these_rows,
        About::OnlySetting | About::Settings => own.difference.on_these_rows,
    }?;
    let words = with_interval(&effect, outcome.digits());
    let answer = match Answer::of(effect.interval(), own.judged.margin, outcome.better) {
        Answer::Helps => "noise helps",
        Answer::Hurts => "noise hurts",
        Answer::Equivalent => "no difference matters",
        _ => "it is undecided",
    };
    Some(format!(
        "For these rows alone, split anew by each repeat, {answer}: {words}, {}.",
        Unit::Repeat.words(effect.units)
    ))
}

/// Returns what else all networks were trained with.
fn recipe(outcome: &Outcome) -> Option<String> {
    let recipe = &outcome.plan.recipe;
    (!recipe.is_default()).then(|| format!("All networks were trained with {recipe}."))
}

/// Returns a mean difference with its interval: `+0.010 (95 % interval +0.002 to +0.018)`.
fn with_interval(effect: &Effect, digits: Digits) -> String {
    let mean = digits.signed(effect.mean);
    match effect.interval() {
        Some(own) => format!("{mean} (95 % interval {})", range(own, digits)),
        None => mean,
    }
}

/// Returns how many observations would decide.
fn would_decide(own: &Conclusion) -> Option<String> {
    let margin = margin(own);
    if own.reason == Reason::AllEqual {
        return Some(match own.judged.mean == 0. {
            true => {
                "What would decide: runs whose scores differ. Noise changed no score: a larger \
                     strength, more test rows or another metric may show an effect."
                    .to_string()
            }
            false => {
                "What would decide: differences that are not all equal, as of more repeats or \
                      test rows."
                    .to_string()
            }
        });
    }
    let Some(Needed { what, count, have, sure }) = own.needed else {
        return (own.reason == Reason::TooWide).then(|| {
            format!("No number of runs that could be trained would find a difference of {margin}.")
        });
    };
    let amount = match what {
        What::Repeats => counted(count, "repeat"),
        What::DataSets => counted(count, "data set"),
        What::Rows => counted(count, "row"),
    };
    let splits = if own.judged.unit == Unit::Split { "splits" } else { "folds" };
    let why = match what {
        What::Rows => {
            format!(
                "; more repeats hardly narrow the interval, because all {splits} share their rows"
            )
        }
        _ => String::new(),
    };
    let aim = match sure {
        true => format!("to narrow the interval to half of the margin of {margin} on each side"),
        false => format!("to find a difference of {margin} with a probability of 80 %"),
    };
    Some(format!("What would decide: {amount} instead of {} {aim}{why}.", thousands(have)))
}

/// Returns that no answer was found with as many runs as there may be.
fn ended(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    let is_open = own.answer == Answer::Undecided && outcome.plan.until_decided;
    let plan = &outcome.plan;
    let count = match own.judged.unit {
        Unit::DataSeed => counted(plan.data_seeds.len(), "data seed"),
        _ => counted(plan.repeats, "repeat"),
    };
    (is_open && !own.is_lost())
        .then(|| format!("No answer was found with {count}, the most of --max-repeats."))
}

/// Returns what so few units can find at all.
fn few_units(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    const FEW: usize = 5;
    let units = own.judged.unit.words(own.judged.units);
    if own.reason == Reason::TooFewUnits {
        let least = if outcome.plan.until_decided { 5 } else { 2 };
        return Some(format!(
            "{units} can show nothing: an interval takes at least {}.",
            own.judged.unit.words(least)
        ));
    }
    let least = own.judged.detectable.filter(|_| own.judged.units < FEW)?;
    let is_share = |own: Margin| matches!(own, Margin::Absolute(_));
    let bounded = metric::named(&outcome.metric).is_some_and(|metric| is_share(metric.margin()));
    Some(match bounded && least >= 1. {
        true => {
            format!("So few observations show nothing: {units} hardly find any difference at all.")
        }
        false => format!(
            "So few observations show little: {units} find a difference of {} with a \
             probability of 80 %, and hardly a smaller one.",
            outcome.digits().text(least)
        ),
    })
}

/// Returns how many settings differ significantly from the baseline.
fn settings(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    let Conclusion { settings, compared, gains, losses, .. } = own;
    let metric = outcome.metric_name();
    let [improves, worsens] =
        [(gains, "improve"), (losses, "worsen")].map(|(count, verb)| match count {
            0 => format!("none {verb}s"),
            1 => format!("1 {verb}s"),
            count => format!("{count} {verb}"),
        });
    let without = match settings - compared {
        0 => String::new(),
        1 => "; 1 has no finished pair of runs".to_string(),
        none => format!("; {none} have no finished pair of runs"),
    };
    (*settings > 1).then(|| {
        format!(
            "Of {} against no noise, {improves} {metric} significantly and {worsens} it significantly \
             (intervals for all together){without}.",
            counted(*settings, "setting")
        )
    })
}

/// Returns the setting that all units together choose.
fn recommendation(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    let plan = &outcome.plan;
    let found = outcome.cells.iter().find(|cell| cell.cell == own.recommended)?;
    let score = found.summary.get(&outcome.figure()).mean?;
    let score = format!("{} of {}", outcome.metric_name(), outcome.digits().text(score));
    let name = named(outcome, &own.recommended);
    let often = match own.about {
        // Otherwise it has been said, or is the same.
        About::Choice if own.choice.noisy > 0 && own.choice.times < own.choice.judged => {
            let favourite = named(outcome, &own.choice.cell);
            let (times, units) = (own.choice.times, own.judged.unit.words(own.choice.judged));
            format!(
                " {} chose {favourite} for {times} of {units}.",
                capital(chosen_by(outcome, own.choice.by))
            )
        }
        _ => String::new(),
    };
    match own.choice.by {
        _ if own.about == About::OnlySetting => None,
        ChosenBy::TestScore => {
            let more = if plan.is_of_table() { "" } else { " or several --data-seeds" };
            Some(format!(
                "The setting with the best mean, {name}, was chosen by the test rows that judge it, so its \
                 {score} is optimistic: --validation-size N{more} would give one that the choice has not seen."
            ))
        }
        ChosenBy::ValidationScore => Some(format!(
            "All validation rows together choose {name}, which has a {score} on the test rows.{often}"
        )),
        ChosenBy::EarlierDataSeeds | ChosenBy::EarlierFolds => Some(format!(
            "All {}s together choose {name}; its {score} is optimistic, because they chose by it.{often}",
            own.judged.unit.name()
        )),
    }
}

/// Returns the name of a cell that was chosen: `input 0.1`, `no noise`.
fn named(outcome: &Outcome, cell: &Cell) -> String {
    let name = cell_name(&outcome.plan, cell);
    if cell.is_baseline() { name.replacen("baseline", "no noise", 1) } else { name }
}

/// Returns a phrase as the beginning of a sentence.
fn capital(phrase: String) -> String {
    let (first, rest) = phrase.split_at(phrase.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + rest
}

/// Returns what noise changes beside the score.
fn further(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    let figures = match own.about {
        About::Choice => &own.choice.further,
        About::OnlySetting | About::Settings => &own.difference.further,
    };
    let words = |own: &Further| {
        let name = own.figure.replace('_', " ");
        let (from, to) = (own.baseline, own.baseline + own.effect.mean);
        let digits = telling_apart(from, to, Digits::of(from));
        let change = format!("{name} from {} to {}", digits.text(from), digits.text(to));
        let interval = own.effect.interval();
        let range = interval.map(|i| format!(" ({})", range(i, digits)));
        let verb = match interval {
            Some(interval) if interval.high < 0. => "lowers",
            Some(interval) if interval.low > 0. => "raises",
            Some(_) => "does not clearly change",
            None => "changes",
        };
        format!("{verb} {change}{}", range.unwrap_or_default())
    };
    let has_noise = own.about != About::Choice || own.choice.noisy > 0;
    let words: Vec<String> = figures.iter().filter(|_| has_noise).map(words).collect();
    let has_some = figures.iter().any(|own| own.effect.interval().is_some());
    let intervals = if has_some { ", with 95 % intervals of the difference" } else { "" };
    let who = match own.about {
        About::Choice => "noise so chosen".to_string(),
        _ => cell_name(&outcome.plan, &own.cell),
    };
    (!words.is_empty()).then(|| {
        format!(
            "Beside {} (descriptive{intervals}): {who} {}.",
            outcome.metric_name(),
            words.join("; ")
        )
    })
}

/// Returns whether rivals do as well as noise.
fn rivals(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    let Versus { cell, times, difference, against_noise, answer } = own.rival.as_ref()?;
    if cell.is_baseline() && *times == difference.units {
        return Some("No rival of noise was chosen.".to_string());
    }
    let digits = outcome.digits();
    let how = match answer {
        Answer::Helps => "Rivals do better than noise",
        Answer::Hurts => "Noise does better than its rivals",
        Answer::Equivalent => "Rivals do as well as noise",
        _ => "Whether noise or its rivals are better is undecided",
    };
    let favourite = match cell.is_baseline() {
        true => "none of them".to_string(),
        false => named(outcome, cell),
    };
    let noise = match own.choice.noisy {
        0 => "what was chosen of the noises, no noise each time,",
        _ => "the noise so chosen",
    };
    Some(format!(
        "{how}: a rival chosen by {}, most often {favourite} ({times} of {}), differs from the baseline by {} \
         and from {noise} by {}.",
        chosen_by(outcome, own.choice.by),
        own.judged.unit.words(difference.units),
        with_interval(difference, digits),
        with_interval(against_noise, digits)
    ))
}

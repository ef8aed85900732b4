//! What stands beside the answer: what would decide, the settings, the choice, other figures and rivals.

use super::names::{cell_name, counted, range, signed, thousands};
use super::verdict::{chosen_by, margin};
use crate::experiment::compare::Further;
use crate::experiment::conclude::{About, ChosenBy, Conclusion, Needed, Versus, What};
use crate::experiment::outcome::Outcome;
use crate::experiment::plan::Cell;
use crate::experiment::units::{Effect, Unit};
use crate::stats::{Answer, decimals};

/// Returns the sentences beside the answer.
pub(super) fn details(outcome: &Outcome, own: &Conclusion) -> Vec<String> {
    let all = [
        on_these_rows(outcome, own),
        own.needed.map(|needed| would_decide(own, needed)),
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
    let words = with_interval(&effect, outcome.decimals());
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

/// Returns a mean difference with its interval: `+0.010 (95 % interval +0.002 to +0.018)`.
fn with_interval(effect: &Effect, decimals: usize) -> String {
    let mean = signed(effect.mean, decimals);
    match effect.interval() {
        Some(own) => format!("{mean} (95 % interval {})", range(own.low, own.high, decimals)),
        None => mean,
    }
}

fn would_decide(own: &Conclusion, Needed { what, count, have }: Needed) -> String {
    let margin = margin(own);
    let amount = match what {
        What::Repeats => counted(count, "repeat"),
        What::DataSets => counted(count, "data set"),
        What::Rows => counted(count, "row"),
    };
    let why = match what {
        What::Rows => {
            "; more repeats hardly narrow the interval, because all folds share their rows"
        }
        _ => "",
    };
    format!(
        "What would decide: {amount} instead of {} to find a difference of {margin} with a probability \
         of 80 %{why}.",
        thousands(have)
    )
}

/// Returns what so few units can find at all.
fn few_units(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    const FEW: usize = 5;
    let least = own.judged.detectable.filter(|_| own.judged.units < FEW)?;
    let units = own.judged.unit.words(own.judged.units);
    let decimals = outcome.decimals();
    let can = if own.judged.units == 1 { "finds" } else { "find" };
    Some(format!(
        "So few observations show little: {units} {can} a difference of {least:.decimals$} with a \
         probability of 80 %, and hardly a smaller one."
    ))
}

/// Returns how many settings differ significantly from the baseline.
fn settings(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    let Conclusion { compared, gains, losses, .. } = own;
    let metric = outcome.metric_name();
    let [improves, worsens] =
        [(gains, "improve"), (losses, "worsen")].map(|(count, verb)| match count {
            0 => format!("none {verb}s"),
            1 => format!("1 {verb}s"),
            count => format!("{count} {verb}"),
        });
    (*compared > 1).then(|| {
        format!(
            "Of {} against no noise, {improves} {metric} significantly and {worsens} it significantly \
             (intervals for all together).",
            counted(*compared, "setting")
        )
    })
}

/// Returns the setting that all units together choose.
fn recommendation(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    let plan = &outcome.plan;
    let found = outcome.cells.iter().find(|cell| cell.cell == own.recommended)?;
    let score = found.summary.get(&outcome.figure()).mean?;
    let score = format!("{} of {score:.*}", outcome.metric_name(), outcome.decimals());
    let name = named(outcome, &own.recommended);
    let often = match own.about {
        About::Choice => {
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
            own.judged.unit.words(1).trim_start_matches("1 ")
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
        let decimals = decimals(own.baseline);
        let to = own.baseline + own.effect.mean;
        let change = format!("{name} from {:.decimals$} to {to:.decimals$}", own.baseline);
        let interval = own.effect.interval();
        let range = interval.map(|i| format!(" ({})", range(i.low, i.high, decimals)));
        let verb = match interval {
            Some(interval) if interval.high < 0. => "lowers",
            Some(interval) if interval.low > 0. => "raises",
            _ => "does not clearly change",
        };
        format!("{verb} {change}{}", range.unwrap_or_default())
    };
    let words: Vec<String> = figures.iter().map(words).collect();
    let who = match own.about {
        About::Choice => "noise so chosen".to_string(),
        _ => cell_name(&outcome.plan, &own.cell),
    };
    (!words.is_empty()).then(|| {
        format!(
            "Beside {} (descriptive, with 95 % intervals of the difference): {who} {}.",
            outcome.metric_name(),
            words.join("; ")
        )
    })
}

/// Returns whether a rival does as well as noise.
fn rivals(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    let Versus { cell, difference, against_noise, answer, .. } = own.rival.as_ref()?;
    let (name, decimals) = (cell_name(&outcome.plan, cell), outcome.decimals());
    let how = match answer {
        Answer::Helps => "A rival does better than noise",
        Answer::Hurts => "Noise does better than its rivals",
        Answer::Equivalent => "A rival does as well as noise",
        _ => "Whether noise or a rival is better is undecided",
    };
    Some(format!(
        "{how}: {name}, chosen in the same way, differs from the baseline by {} and from noise by {}.",
        with_interval(difference, decimals),
        with_interval(against_noise, decimals)
    ))
}

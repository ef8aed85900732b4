//! What finished experiments say beside the first of them.

use super::names::{change, counted, margin_number, p_value, range, range_beside};
use crate::experiment::compare::{ComparedRuns, Comparison, Difference, Sides};
use crate::stats::Answer;

/// Returns a sentence for each experiment but the first, each followed by what is left out of it.
pub fn comparison_sentences(found: &Comparison) -> Vec<String> {
    let Some((first, others)) = found.experiments.split_first() else { return Vec::new() };
    let of =
        |own| [Some(answer(found, first, own)), unmatched(first, own), diverged(found, first, own)];
    others.iter().flat_map(of).flatten().collect()
}

/// Returns the answer of a comparison in a word; what differs need not be noise, which helps or hurts.
pub fn comparison_word(answer: Answer) -> &'static str {
    match answer {
        Answer::Helps => "better",
        Answer::Hurts => "worse",
        Answer::Equivalent => "equivalent",
        _ => "undecided",
    }
}

fn answer(found: &Comparison, first: &ComparedRuns, own: &ComparedRuns) -> String {
    let (metric, name, baseline) = (found.metric_name(), &own.name, &first.name);
    let Some(difference) = &own.difference else {
        return format!(
            "{name} cannot be compared with {baseline}: no pair of runs has a {metric}."
        );
    };
    let (verb, by) = change(difference.mean, found.digits());
    let why = match (difference.answer, difference.units) {
        (Answer::Equivalent, _) => {
            format!(", less than the margin of {}", margin_number(found.margin))
        }
        _ if difference.simultaneous.is_some() => String::new(),
        (_, 1) => format!(", and {} has no interval", found.unit.words(1)),
        _ => ", the same every time, which tells nothing of the spread".to_string(),
    };
    format!(
        "{name} {verb} {metric} by {by} against {baseline} {}{why} ({}): {}.",
        found.unit.scope_words(),
        how_sure(found, difference),
        comparison_word(difference.answer)
    )
}

fn how_sure(found: &Comparison, own: &Difference) -> String {
    let together = found.experiments.len() - 1;
    let (of_all, adjusted) = match together {
        1 => (String::new(), ""),
        2 => (" for both together".to_string(), "adjusted "),
        _ => (format!(" for all {together} together"), "adjusted "),
    };
    let interval = own.simultaneous.map(|ends| {
        let range = range_beside(ends, found.digits(), found.margin);
        format!("95 % interval{of_all} {range}")
    });
    let p = own.p_adjusted.map(|p| format!("{adjusted}{}", p_value(p)));
    let pairs = Some(counted(own.n, "pair"));
    let words: Vec<String> = [interval, p, pairs].into_iter().flatten().collect();
    let shown = match own.answer {
        Answer::Equivalent => String::new(),
        _ => format!("; margin {}", margin_number(found.margin)),
    };
    words.join(", ") + &shown
}

fn unmatched(first: &ComparedRuns, own: &ComparedRuns) -> Option<String> {
    let Sides { own: alone, baseline } = own.unmatched.filter(|sides| sides.any())?;
    let of = |count: usize, name: &str| {
        (count > 0).then(|| format!("{} of {name}", counted(count, "run")))
    };
    let runs: Vec<String> =
        [of(alone, &own.name), of(baseline, &first.name)].into_iter().flatten().collect();
    let are = if alone + baseline == 1 { "is" } else { "are" };
    Some(format!(
        "Warning: {} without a partner of the same seed {are} left out.",
        runs.join(" and ")
    ))
}

fn diverged(found: &Comparison, first: &ComparedRuns, own: &ComparedRuns) -> Option<String> {
    let Sides { own: failed, baseline } = own.diverged.filter(|sides| sides.any())?;
    let bounds = own.difference.as_ref().and_then(|own| own.bounds).map(|ends| {
        format!(
            "; had they been the worst or the best of all that finished, the difference would lie from {}",
            range(ends, found.digits())
        )
    });
    Some(format!(
        "Warning: {} of {} and {baseline} of {} diverged and are left out{}.",
        counted(failed, "run"),
        own.name,
        first.name,
        bounds.unwrap_or_default()
    ))
}

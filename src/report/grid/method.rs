//! How the page's figures were computed, and which rows they apply to.

use maud::{Markup, html};

use crate::experiment::{Outcome, Unit};

/// Returns the section.
pub(super) fn method(outcome: &Outcome) -> Markup {
    let unit = Unit::of(&outcome.plan);
    html! {
        p {
            "Each setting is compared with the baseline, the same network without noise, in pairs of "
            "runs with the same rows, initial weights and batches. " (observation(unit))
        }
        (scopes(unit))
        ul {
            li {
                b { "95 % interval" } ": Student's t" (error(unit)) ". "
                @if outcome.plan.until_decided {
                    "Runs were added until the answer was found; all intervals and p hold at every look "
                    "(Lai 1976; Wang and Ramdas 2025). "
                }
                "Those of several settings hold together (Bonferroni)."
            }
            li {
                b { "p (adjusted)" } ": of the same test, times the number of settings; below 0.05 exactly "
                "if the interval excludes 0."
            }
            li {
                b { "p, p (Holm)" } ": of each setting alone, and after Holm's correction (1979)"
                @if unit == Unit::Repeat { "; for a single pair of runs, McNemar's exact test of the test rows" }
                "."
            }
            @if unit == Unit::DataSeed {
                li {
                    b { "p (Nadeau-Bengio)" }
                    ": corrected t-test (2003) for splits of one data set, whose training sets overlap; "
                    "for tasks that draw new points for each data seed it asks too much."
                }
            }
            li {
                b { "The answer" } ": equivalent if the interval lies within the margin, the smallest "
                "difference that matters; helps or hurts if it excludes 0; otherwise undecided."
            }
        }
    }
}

fn observation(unit: Unit) -> &'static str {
    match unit {
        Unit::Repeat => "Each repeat is one observation.",
        Unit::DataSeed => {
            "Repeats on one data seed share its rows, so that their mean is one observation."
        }
        Unit::Split | Unit::Fold => {
            "Splits of one table share training rows, so that they count for less than one observation each."
        }
    }
}

fn error(unit: Unit) -> &'static str {
    match unit {
        Unit::Split | Unit::Fold => {
            ", with the standard error of Nadeau and Bengio (2003) for splits of one data set"
        }
        _ => "",
    }
}

/// Returns whom the results speak of, in two lines.
fn scopes(unit: Unit) -> Markup {
    let source = match unit {
        Unit::Repeat => {
            "nothing is known from one split; --folds of a table or several --data-seeds would tell"
        }
        Unit::DataSeed => "the answer: its observations are data seeds",
        _ => "the answer: its observations are splits, which count for less because they overlap",
    };
    let rows = match unit {
        Unit::Repeat => "the answer: its observations are repeats on this split",
        Unit::DataSeed => {
            "no data seed is more than one observation; a grid of one data seed would tell"
        }
        _ => {
            "the figure for these rows alone: its observations are repeats, each of which splits all rows anew"
        }
    };
    html! {
        dl {
            dt { "for new rows from the same source" } dd { (source) }
            dt { "on these rows" } dd { (rows) }
        }
    }
}

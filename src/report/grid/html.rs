//! `report.html`: the conclusion, the cells, the pictures and the data on one page that needs no network.

use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::data;
use super::pictures::Picture;
use super::table::{Cells, Rank};
use crate::experiment::{Outcome, conclusion_sentences};
use crate::stats::number;

/// Returns the page, with the pictures embedded.
///
/// # Errors
/// If a picture cannot be encoded.
pub fn report_html(outcome: &Outcome, pictures: &[Picture]) -> Result<Vec<u8>> {
    let sentences = conclusion_sentences(outcome);
    let (verdict, details) = sentences.split_first().map_or(("", &[][..]), |(v, d)| (v, d));
    let figures = pictures.iter().map(figure).collect::<Result<Vec<_>>>()?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Does noise help? " (outcome.experiment) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Does noise help?" }
                p.verdict { (verdict) }
                @for sentence in details { p { (sentence) } }
                @if let Some(reading) = &outcome.reading { (data::warnings(reading)) }
                h2 { "Cells" }
                (table(outcome))
                @for figure in figures { (figure) }
                @if let Some(reading) = &outcome.reading { (data::section(reading)) }
                h2 { "Method" }
                (method(outcome))
                h2 { "Settings" }
                (settings(outcome))
            }
        }
    };
    Ok(page.into_string().into_bytes())
}

/// Returns the table in a box of its own, which scrolls, also from the keyboard.
fn table(outcome: &Outcome) -> Markup {
    let Cells { columns, groups, best } = Cells::new(outcome);
    let row = |row: usize| {
        html! {
            tr.best[best[row]] {
                @for column in &columns {
                    @let text = &column.texts[row];
                    @if column.rank == Rank::Name { th scope="row" { (text) } }
                    @else { td { (text) } }
                }
            }
        }
    };
    html! {
        div.wide {
            div.scroll role="region" aria-label="Cells" tabindex="0" {
                table {
                    thead { tr { @for column in &columns { th scope="col" { (column.head) } } } }
                    @for (name, cells) in groups {
                        tbody {
                            @if let Some(name) = name {
                                tr { th scope="rowgroup" colspan=(columns.len()) { span { (name) } } }
                            }
                            @for cell in cells { (row(cell)) }
                        }
                    }
                }
            }
        }
        p.note {
            "The best cell is marked. Scores are means over the runs of a cell; std is the standard "
            "deviation of the test score between runs."
        }
    }
}

fn figure(picture: &Picture) -> Result<Markup> {
    let svg = picture.scene.svg(picture.name)?;
    Ok(html! {
        figure {
            (PreEscaped(svg))
            figcaption { (picture.caption) }
        }
    })
}

fn method(outcome: &Outcome) -> Markup {
    let several = outcome.plan.data_seeds.len() > 1;
    let are_folds = outcome.plan.folds.is_some();
    html! {
        p {
            "Each cell is compared with the baseline, the same network without noise, in pairs of "
            "runs with the same data, initial weights and batches. "
            @if are_folds {
                "Splits of one table share training rows, so the interval and the test count less than "
                "one observation a run. The result applies to rows like these."
            } @else if several {
                "Repeats on one data seed are not independent draws of the data. The interval and "
                "the tests therefore count the mean difference on each data seed as one "
                "observation, and the result applies to data like these."
            } @else if outcome.plan.is_of_table() {
                "The result applies to this split of the rows; it may differ on others, as those of "
                code { "--folds" } "."
            } @else {
                "The result applies to this draw of the data; it may differ on other draws, which "
                code { "--data-seeds" } " adds."
            }
        }
        ul {
            @if are_folds {
                li { b { "95 % interval" } ": Student's t, with the standard error of Nadeau and Bengio (2003) for splits of one data set." }
            } @else {
                li { b { "95 % interval" } ": BCa bootstrap interval of the mean difference (Efron 1987), 10,000 resamples." }
            }
            li { b { "p (Holm)" } ": p after Holm's correction (1979) for comparing several cells. The verdict is that noise helps or hurts only below 0.05." }
            li { b { "p" } ": two-sided " @if are_folds { "test of Nadeau and Bengio" } @else { "paired t-test" } "; for a single pair of runs, McNemar's exact test on the test points." }
            @if several {
                li {
                    b { "p (Nadeau-Bengio)" }
                    ": corrected t-test (2003) for splits of one data set, whose training sets overlap; "
                    "conservative for tasks that draw new points for each data seed."
                }
            }
        }
    }
}

fn settings(outcome: &Outcome) -> Markup {
    let grid = &outcome.plan;
    let list = |values: Vec<String>| values.join(", ");
    let numbers = |values: &[f64]| list(values.iter().map(|x| number(*x)).collect());
    let counts = |values: &[usize]| list(values.iter().map(usize::to_string).collect());
    let seeds = list(grid.data_seeds.iter().map(u32::to_string).collect());
    let detail =
        |(name, value): &(String, serde_json::Value)| format!("{value} {}", name.replace('_', " "));
    let facts: Vec<String> = outcome.data.iter().map(detail).collect();
    let last = grid.seed + (grid.repeats as u64 - 1);
    let rows = [
        ("task", grid.task.clone()),
        ("data", facts.join(", ")),
        ("data seeds", seeds),
        ("training points", counts(&grid.train_sizes)),
        ("validation points", grid.validation_size.to_string()),
        ("hidden units", counts(&grid.hidden)),
        ("learning rates", numbers(&grid.learning_rates)),
        ("epochs", grid.epochs.to_string()),
        ("batch size", grid.batch_size.to_string()),
        ("recipe", grid.recipe.to_string()),
        ("repeats", format!("{} (seeds {} to {last})", grid.repeats, grid.seed)),
        ("command", outcome.command.clone()),
        ("version", format!("candle-noise {}, on {}", env!("CARGO_PKG_VERSION"), outcome.device)),
    ];
    html! {
        dl { @for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) { dt { (name) } dd { (value) } } }
    }
}

const STYLE: &str = include_str!("page.css");

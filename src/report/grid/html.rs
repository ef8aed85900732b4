//! `report.html`: the conclusion, the table and the pictures on one page that needs no network.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::pictures::Picture;
use super::table::Rows;
use crate::experiment::{Outcome, conclusion_sentences};
use crate::stats::number;

/// Returns the page, with the pictures embedded.
pub fn report_html(outcome: &Outcome, pictures: &[Picture]) -> Vec<u8> {
    let sentences = conclusion_sentences(outcome);
    let (verdict, details) = sentences.split_first().map_or(("", &[][..]), |(v, d)| (v, d));
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
                h2 { "Cells" }
                (table(outcome))
                @for picture in pictures { (figure(picture)) }
                h2 { "How to read this" }
                (method(outcome))
                h2 { "Settings" }
                (settings(outcome))
            }
        }
    };
    page.into_string().into_bytes()
}

fn table(outcome: &Outcome) -> Markup {
    let rows = Rows::new(outcome);
    html! {
        table {
            thead { tr { @for head in &rows.head { th { (head) } } } }
            tbody {
                @for (best, texts) in &rows.rows {
                    tr.best[*best] { @for text in texts { td { (text) } } }
                }
            }
        }
        p.note { "The best cell is marked. Figures are means over the runs, ± standard deviation of one run." }
    }
}

fn figure(picture: &Picture) -> Markup {
    let source = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(&picture.png));
    html! {
        figure {
            img src=(source) alt=(picture.caption);
            figcaption { (picture.caption) }
        }
    }
}

fn method(outcome: &Outcome) -> Markup {
    let several = outcome.plan.data_seeds.len() > 1;
    html! {
        p {
            "Every cell is compared with the baseline, the same network without noise, run by run: "
            "both runs of a pair have the same data, initial weights and batches. "
            @if several {
                "Repeats on one data set are no independent draws of data, so interval and tests "
                "take the mean difference of each data seed as one observation, and the result "
                "speaks of data like these. "
            } @else {
                "The result speaks of this one draw of the data; other draws, --data-seeds, may "
                "well say something else. "
            }
        }
        ul {
            li { b { "95 % interval" } ": of the mean difference, by BCa bootstrap (Efron 1987), 10,000 resamples." }
            li { b { "p" } ": of a paired t-test, two-sided; for a single pair of runs of McNemar's exact test on the test points." }
            li { b { "p (Holm)" } ": the same after Holm's correction (1979) for looking at many cells. Below 0.05 the sentence says that noise helps or hurts." }
            @if several {
                li {
                    b { "p (Nadeau-Bengio)" }
                    ": of the corrected t-test (2003) for splits of one data set, whose training sets overlap. "
                    "Here each data seed draws its points anew, so it errs on the safe side."
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
    let data: Vec<String> = outcome.data.iter().map(detail).collect();
    let last = grid.seed + (grid.repeats as u64 - 1);
    let rows = [
        ("task", grid.task.clone()),
        ("data", data.join(", ")),
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

const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; }
h2 { margin-top: 2.5rem; }
.verdict { font-size: 1.25rem; font-weight: 600; border-left: 5px solid #0072b2; padding-left: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 0.25rem 0.75rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 2px solid #222; vertical-align: bottom; }
tbody tr { border-bottom: 1px solid #ddd; }
tr.best { background: #e6f2f9; font-weight: 600; }
.note, figcaption { color: #555; font-size: 0.9rem; }
figure { margin: 2.5rem 0; break-inside: avoid; }
img { max-width: 100%; height: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.5rem; font-size: 0.9rem; }
dt { color: #555; }
dd { margin: 0; overflow-wrap: anywhere; }
@page { margin: 15mm; }
@media print {
  body { max-width: none; margin: 0; padding: 0; font-size: 10pt; }
  table { font-size: 8pt; }
  thead { display: table-header-group; }
  tr, p, li, dl { break-inside: avoid; }
  figure { margin: 4mm 0; }
  img { max-height: 95mm; }
  h2 { break-after: avoid; }
  th, td { padding: 0.15rem 0.4rem; }
  tr.best, .verdict { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
";

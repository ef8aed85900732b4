//! The frame of the pages: their style sheet, tables and pictures. A page needs no network.

use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::grid::{Cells, Picture, Rank};

const STYLE: &str = include_str!("page.css");

/// Returns a page with a title for the browser and its contents.
pub(super) fn page(title: &str, body: &Markup) -> Vec<u8> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string().into_bytes()
}

/// Returns sentences, of which the first is the answer.
pub(super) fn answer(sentences: &[String]) -> Markup {
    let (verdict, details) = sentences.split_first().map_or(("", &[][..]), |(v, d)| (v, d));
    html! {
        p.verdict { (verdict) }
        @for sentence in details { p { (sentence) } }
    }
}

/// Returns a table in a box of its own, which scrolls, also from the keyboard.
pub(super) fn table(name: &str, Cells { columns, groups, recommended }: Cells) -> Markup {
    let row = |row: usize| {
        html! {
            tr.best[recommended[row]] {
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
            div.scroll role="region" aria-label=(name) tabindex="0" {
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
    }
}

/// Returns a picture with its caption.
///
/// # Errors
/// If it cannot be encoded.
pub(super) fn figure(picture: &Picture) -> Result<Markup> {
    let svg = picture.scene.svg(picture.name)?;
    Ok(html! {
        figure {
            (PreEscaped(svg))
            figcaption { (picture.caption) }
        }
    })
}

/// Returns the version of this crate.
pub(super) fn version() -> String {
    format!("candle-noise {}", env!("CARGO_PKG_VERSION"))
}

/// Returns names with their values, without those that have none.
pub(super) fn facts(rows: &[(&str, String)]) -> Markup {
    html! {
        dl { @for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) { dt { (name) } dd { (value) } } }
    }
}

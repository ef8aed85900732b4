//! A comparison as a table in GitHub's Markdown.

use super::columns;
use crate::experiment::Comparison;

/// Returns the table of a comparison in GitHub's Markdown.
pub fn comparison_markdown(found: &Comparison) -> String {
    let columns = columns::all(found);
    let row = |texts: Vec<&str>| {
        let cells: Vec<String> = texts.into_iter().map(escaped).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let head = row(columns.iter().map(|own| own.head.as_str()).collect());
    let rule: Vec<&str> =
        ["---"].into_iter().chain(columns.iter().skip(1).map(|_| "---:")).collect();
    let rows = (0..found.experiments.len())
        .map(|number| row(columns.iter().map(|own| own.texts[number].as_str()).collect()));
    let rows: String = rows.collect();
    format!("{head}| {} |\n{rows}\n{}\n", rule.join(" | "), columns::note(found))
}

/// Returns a text whose characters mean themselves in a cell of a table.
fn escaped(text: &str) -> String {
    const SPECIAL: &str = r"\`*_{}[]<>#&|~$";
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            _ if character.is_control() => escaped.push(' '),
            _ if SPECIAL.contains(character) => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CommonMark lets a backslash escape every mark of ASCII; a cell of GitHub's tables ends at a bar.
    #[test]
    fn characters_with_a_meaning_are_escaped() {
        let text = escaped("hidden_noise: a*b|c `d` <e> [f](g) ~h~ #1 & $x$ \\ {i}\n±");
        let expected = r"hidden\_noise: a\*b\|c \`d\` \<e\> \[f\](g) \~h\~ \#1 \& \$x\$ \\ \{i\} ±";
        assert_eq!(text, expected);
    }
}

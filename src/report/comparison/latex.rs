//! A comparison as a LaTeX table with the rules of booktabs.

use super::columns;
use crate::experiment::Comparison;

/// Returns the table of a comparison as a `tabular` of LaTeX, which needs the package booktabs.
pub fn comparison_latex(found: &Comparison) -> String {
    let columns = columns::all(found);
    let row = |texts: Vec<String>| format!("{} \\\\\n", texts.join(" & "));
    let head = row(columns.iter().map(|own| escaped(&own.head)).collect());
    let cell = |text: &str, number: usize| if number == 0 { escaped(text) } else { figures(text) };
    let rows = (0..found.experiments.len()).map(|experiment| {
        let texts = columns.iter().enumerate();
        row(texts.map(|(number, own)| cell(&own.texts[experiment], number)).collect())
    });
    let rows: String = rows.collect();
    let alignment = "r".repeat(columns.len() - 1);
    format!(
        "% {}\n\\begin{{tabular}}{{l{alignment}}}\n\\toprule\n{head}\\midrule\n{rows}\\bottomrule\n\
         \\end{{tabular}}\n",
        columns::note(found)
    )
}

/// Returns a text whose characters mean themselves.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '±' => escaped.push_str("$\\pm$"),
            '×' => escaped.push_str("$\\times$"),
            '_' | '%' | '&' | '#' | '$' | '{' | '}' => escaped.extend(['\\', character]),
            _ if character.is_control() => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Returns a text whose numbers are set in mathematics, so that their signs are no hyphens.
fn figures(text: &str) -> String {
    let word = |word: &str| {
        let number = word.trim_start_matches('<');
        match (number.parse::<f64>(), word.split_once('e')) {
            (Ok(_), Some((figure, power))) => format!("${figure} \\times 10^{{{power}}}$"),
            (Ok(_), None) => format!("${word}$"),
            (Err(_), _) => escaped(word),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_with_a_meaning_are_escaped() {
        let text = escaped("hidden_noise: 5 % & #1 $x$ {y} ~ ^ \\ < > |\n8×8");
        let expected = "hidden\\_noise: 5 \\% \\& \\#1 \\$x\\$ \\{y\\} \\textasciitilde{} \
                        \\textasciicircum{} \\textbackslash{} \\textless{} \\textgreater{} \\textbar{} \
                        8$\\times$8";
        assert_eq!(text, expected);
    }

    #[test]
    fn numbers_are_mathematics_and_words_are_not() {
        let texts = ["-0.034", "<0.001", "0.804 ± 0.016", "-0.01 to +0.02", "better", "", "20 + 0"];
        let expected = [
            "$-0.034$",
            "$<0.001$",
            "$0.804$ $\\pm$ $0.016$",
            "$-0.01$ to $+0.02$",
            "better",
            "",
            "$20$ + $0$",
        ];
        assert_eq!(texts.map(figures), expected);
    }
}

//! Which columns carry no information that a network can use.

use super::super::Cells;
use super::number::is_date;
use crate::data::words::{listed, quoted, shown};

/// Why a column is dropped.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// It was asked for.
    Asked,
    /// The schema does not have it.
    Ignored,
    /// All its values are missing.
    Empty,
    /// All its values are the same.
    Constant(String),
    /// It comes first, has no name, and all its values differ.
    Index,
    /// Its name is that of an id, and its values are different whole numbers.
    Id,
    /// It holds dates such as this one.
    Dates(String),
    /// It is text with this number of different values, such as this one.
    Text(usize, String),
}

impl Reason {
    /// Returns why a column should be dropped.
    pub fn of(name: &str, is_unnamed_first: bool, cells: &Cells) -> Option<Self> {
        match cells {
            Cells::Numbers(numbers) => {
                if numbers.iter().all(|number| number.is_nan()) {
                    return Some(Self::Empty);
                }
                if numbers.iter().all(|number| *number == numbers[0]) {
                    return Some(Self::Constant(numbers[0].to_string()));
                }
                let is_whole = || numbers.iter().all(|number| number.fract() == 0.);
                if is_unnamed_first && all_differ(numbers) {
                    return Some(Self::Index);
                }
                (is_named_as_id(name) && is_whole() && all_differ(numbers)).then_some(Self::Id)
            }
            Cells::Categories { names, codes } => {
                const MOST: usize = 40;
                let [first, rest @ ..] = &names[..] else { return Some(Self::Empty) };
                if rest.is_empty() && codes.iter().all(Option::is_some) {
                    return Some(Self::Constant(quoted(first)));
                }
                if is_unnamed_first && names.len() == codes.len() {
                    return Some(Self::Index);
                }
                if names.iter().all(|name| is_date(name)) {
                    return Some(Self::Dates(quoted(first)));
                }
                (names.len() > MOST && 2 * names.len() > codes.len())
                    .then(|| Self::Text(names.len(), quoted(first)))
            }
        }
    }

    /// Returns the reason after "dropped, because".
    pub fn sentence(&self) -> String {
        match self {
            Self::Asked => "this was asked for".into(),
            Self::Ignored => "the model does not use it".into(),
            Self::Empty => "it is empty".into(),
            Self::Constant(value) => format!("all its values are {value}"),
            Self::Index => "it has no name and all its values differ".into(),
            Self::Id => "its values are different whole numbers, as of an id".into(),
            Self::Dates(date) => format!("it holds dates such as {date}"),
            Self::Text(count, text) => {
                format!("it is text with {count} different values such as {text}")
            }
        }
    }

    /// Returns the reason after "dropped, because", of many columns.
    fn plural(&self) -> &'static str {
        match self {
            Self::Asked => "this was asked for",
            Self::Ignored => "the model does not use them",
            Self::Empty => "they are empty",
            Self::Constant(_) => "all their values are the same",
            Self::Index => "they have no name and all their values differ",
            Self::Id => "their values are different whole numbers, as of an id",
            Self::Dates(_) => "they hold dates",
            Self::Text(..) => "they are text with too many different values",
        }
    }
}

fn all_differ(numbers: &[f64]) -> bool {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.iter().all(|number| !number.is_nan()) && sorted.windows(2).all(|pair| pair[0] != pair[1])
}

/// Returns whether a name has the word "id" first or last, or ends with a word for numbers of rows.
fn is_named_as_id(name: &str) -> bool {
    const IDS: [&str; 3] = ["id", "uid", "uuid"];
    const NUMBERS: [&str; 7] = ["index", "idx", "key", "nr", "no", "number", "row"];
    let words = words(name);
    let is_id = |word: Option<&String>| word.is_some_and(|word| IDS.contains(&word.as_str()));
    let last = words.last();
    is_id(words.first()) || is_id(last) || last.is_some_and(|word| NUMBERS.contains(&word.as_str()))
}

/// Returns the words of a name such as "customer_id", "customerId" or "CustomerID", in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && was_small) {
            words.push(String::new());
        }
        was_small = letter.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns a sentence for each dropped column, or one for all that were dropped for one reason.
pub fn sentences(dropped: &[(&str, &Reason)]) -> Vec<String> {
    const MOST: usize = 3;
    let mut groups: Vec<Vec<(&str, &Reason)>> = Vec::new();
    for column in dropped {
        match groups.iter_mut().find(|group| group[0].1.plural() == column.1.plural()) {
            Some(group) => group.push(*column),
            None => groups.push(vec![*column]),
        }
    }
    let sentence = |(name, reason): &(&str, &Reason)| {
        let (name, why) = (shown(name), reason.sentence());
        let keep = match reason {
            Reason::Asked | Reason::Ignored => String::new(),
            _ => format!("; --column {name}=keep keeps it"),
        };
        format!("column {name}: dropped, because {why}{keep}")
    };
    let lines = |group: Vec<(&str, &Reason)>| match group.len() {
        0..=MOST => group.iter().map(sentence).collect(),
        number => {
            let (names, why) = (listed(group.iter().map(|(name, _)| *name)), group[0].1.plural());
            let keep = match group[0].1 {
                Reason::Asked | Reason::Ignored => "",
                _ => "; --column NAME=keep keeps one",
            };
            vec![format!("{number} columns: dropped, because {why}: {names}{keep}")]
        }
    };
    groups.into_iter().flat_map(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ids_are_known_by_their_words() {
        for name in
            ["id", "ID", "Id", "customer_id", "customerId", "PassengerID", "id of row", "Nr."]
        {
            assert!(is_named_as_id(name), "{name}");
        }
        for name in ["width", "acid", "humid", "paid", "idea", "number_of_rooms", "", "nose"] {
            assert!(!is_named_as_id(name), "{name}");
        }
    }
}

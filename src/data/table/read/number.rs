//! Numbers, missing values and dates as they are written in cells.

/// What divides the whole part of a number from its fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decimal {
    /// A point; commas may part thousands.
    #[default]
    Point,
    /// A comma; points may part thousands.
    Comma,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Missing,
    /// A number, infinite if `f64` does not reach it.
    Number(f64),
    /// A number whose thousands are parted.
    Grouped(f64),
    /// Anything else.
    Text,
}

impl Decimal {
    /// Returns what a trimmed cell holds.
    pub fn value(self, cell: &str) -> Value {
        if self == Self::Point
            && cell.as_bytes().first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-')
            && let Some(number) = plain(cell)
        {
            return Value::Number(number);
        }
        if is_missing(cell) { Value::Missing } else { self.number(cell) }
    }

    fn number(self, cell: &str) -> Value {
        let (mark, group) = match self {
            Self::Point => (b'.', b','),
            Self::Comma => (b',', b'.'),
        };
        let bytes = cell.as_bytes();
        if !bytes.contains(&b',') && !bytes.contains(&group) {
            return plain(cell).map_or(Value::Text, Value::Number);
        }
        let is_grouped = bytes.contains(&group);
        if is_grouped && !has_thousands(bytes, mark, group) {
            return Value::Text;
        }
        let kept = bytes.iter().filter(|byte| **byte != group);
        let english = kept.map(|&byte| if byte == mark { '.' } else { char::from(byte) });
        match plain(&english.collect::<String>()) {
            Some(number) if is_grouped => Value::Grouped(number),
            Some(number) => Value::Number(number),
            None => Value::Text,
        }
    }
}

/// Reads a number without thousands. "NaN" in other spellings than those of a missing value is text.
fn plain(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| !number.is_nan())
}

/// Returns whether a number with parted thousands is well-formed: "1,234.5", but not "12,34" and not
/// "0,123".
fn has_thousands(bytes: &[u8], mark: u8, group: u8) -> bool {
    let unsigned = bytes.strip_prefix(b"-").or_else(|| bytes.strip_prefix(b"+")).unwrap_or(bytes);
    let is_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let mut parts = unsigned.splitn(2, |byte| *byte == mark);
    let whole = parts.next().unwrap_or_default();
    let mut thousands = whole.split(|byte| *byte == group);
    let first = thousands.next().unwrap_or_default();
    (1..=3).contains(&first.len())
        && first[0] != b'0'
        && is_digits(first)
        && thousands.all(|part| part.len() == 3 && is_digits(part))
        && parts.next().is_none_or(is_digits)
}

/// Returns whether a trimmed cell is one of the spellings of a missing value.
pub fn is_missing(cell: &str) -> bool {
    matches!(cell, "" | "NA" | "N/A" | "n/a" | "NaN" | "nan" | "null" | "NULL" | "None" | "?" | "-")
}

/// Returns whether a cell is a date: 2026-01-31, 2026/1/31, 31.01.2026, 31/01/2026, 01/31/2026 or
/// 31.01.26, with or without a time.
pub fn is_date(cell: &str) -> bool {
    let (date, time) = cell.split_once(['T', ' ']).unwrap_or((cell, "0"));
    let Some(divider) = date.chars().find(|c| "-/.".contains(*c)) else { return false };
    let parts: Vec<&str> = date.split(divider).collect();
    let [first, second, third] = parts[..] else { return false };
    let number = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        (is_digits && lengths.contains(&text.len())).then(|| text.parse::<u32>().ok()).flatten()
    };
    let is_day = |text| number(text, 1..=2).is_some_and(|day| (1..=31).contains(&day));
    let is_month = |text| number(text, 1..=2).is_some_and(|month| (1..=12).contains(&month));
    let is_year = |text| number(text, 4..=4).is_some();
    let has_short_year = [first, second, third].iter().all(|part| number(part, 2..=2).is_some());
    let is_of_year_first = is_year(first) && is_month(second) && is_day(third);
    let is_of_year_last = (is_year(third) || has_short_year)
        && ((is_day(first) && is_month(second)) || (is_month(first) && is_day(second)));
    time.starts_with(|c: char| c.is_ascii_digit()) && (is_of_year_first || is_of_year_last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        use Value::{Grouped, Missing, Number, Text};
        for (cell, point, comma) in [
            ("5", Number(5.), Number(5.)),
            ("+5", Number(5.), Number(5.)),
            ("-0.25", Number(-0.25), Text),
            (".5", Number(0.5), Text),
            ("1e5", Number(1e5), Number(1e5)),
            ("0,25", Text, Number(0.25)),
            ("-1,5e3", Text, Number(-1500.)),
            ("1,234", Grouped(1234.), Number(1.234)),
            ("1,234,567.5", Grouped(1234567.5), Text),
            ("-1.234,56", Text, Grouped(-1234.56)),
            ("1.234", Number(1.234), Grouped(1234.)),
            ("12,34", Text, Number(12.34)),
            ("0,123", Text, Number(0.123)),
            ("1,2345", Text, Number(1.2345)),
            ("1,234,5", Text, Text),
            ("1,,234", Text, Text),
            (",5", Text, Number(0.5)),
            ("00501", Number(501.), Number(501.)),
            ("0x10", Text, Text),
            ("1_000", Text, Text),
            ("5%", Text, Text),
            ("(5)", Text, Text),
            ("NAN", Text, Text),
            ("-inf", Number(f64::NEG_INFINITY), Number(f64::NEG_INFINITY)),
            ("1e400", Number(f64::INFINITY), Number(f64::INFINITY)),
            ("-", Missing, Missing),
            ("?", Missing, Missing),
            ("", Missing, Missing),
            ("NaN", Missing, Missing),
            ("None", Missing, Missing),
            ("none", Text, Text),
            ("é,é", Text, Text),
        ] {
            assert_eq!(Decimal::Point.value(cell), point, "{cell}");
            assert_eq!(Decimal::Comma.value(cell), comma, "{cell}");
        }
    }

    #[test]
    fn dates_are_known_in_the_common_orders() {
        for date in [
            "2026-01-31",
            "2026/1/31",
            "2026-01-31T12:00:00Z",
            "2026-01-31 12:00",
            "31.01.2026",
            "1.2.2026",
            "31.01.26",
            "12/31/2026",
            "31/12/2026",
        ] {
            assert!(is_date(date), "{date}");
        }
        for text in ["", "2026", "1.2.3", "13/13/2026", "2026-13-01", "2026-01-31 noon", "a-b-c"] {
            assert!(!is_date(text), "{text}");
        }
    }
}

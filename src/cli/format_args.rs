//! Flags for how the text of a table is written.

use clap::Args;

use crate::data::table::{Format, Separator};

/// Flags for how the text of a table is written.
#[derive(Args, Clone, Debug)]
pub struct FormatArgs {
    /// What parts the fields of a line: , ; | or tab [default: what fits]
    #[arg(long, value_name = "CHARACTER")]
    separator: Option<Separator>,
    /// The first line has no names of columns, which are then 1, 2, …
    #[arg(long)]
    no_header: bool,
    /// Numbers are written with a decimal comma
    #[arg(long)]
    decimal_comma: bool,
}

impl FormatArgs {
    /// The names of the flags, which mean nothing without a table.
    pub(super) const FLAGS: [&str; 3] = ["separator", "no_header", "decimal_comma"];

    /// Returns the first flag that is given.
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            (self.separator.is_some(), "--separator"),
            (self.no_header, "--no-header"),
            (self.decimal_comma, "--decimal-comma"),
        ];
        given.into_iter().find(|(is_given, _)| *is_given).map(|(_, flag)| flag)
    }

    /// Returns what is known of the text.
    pub fn format(&self) -> Format {
        let mut format = Format::default();
        if let Some(separator) = self.separator {
            format = format.separator(separator);
        }
        if self.no_header {
            format = format.no_header();
        }
        if self.decimal_comma {
            format = format.decimal_comma();
        }
        format
    }
}

//! Sequences in the `.ts` format of timeseriesclassification.com.

mod expected;
mod header;
mod line;

use candle_core::Result;

pub use self::expected::{NewSequences, SequenceFormat, read_sequences_as};
use self::header::{Header, Labels};
use super::Sequences;
use super::classes::{Classes, Known};
use super::text::{Place, file_error, lines, text};
use super::words::count;

/// Sequences with the names of their classes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NamedSequences {
    /// The sequences, and the number of the class of each.
    pub sequences: Sequences,
    /// The names of the classes by number.
    pub classes: Vec<String>,
}

/// Reads sequences in the `.ts` format, compressed by gzip or plain. `name` is what messages call the
/// file.
///
/// - `@classLabel true` is followed by the names of the classes, which are numbered in that order;
///   those without a sequence are left out. Without names, the classes are those of the sequences,
///   numbered by value if all are numbers, or else by bytes.
/// - `@dimensions` or `@dimension` gives the number of channels, which is 1 with `@univariate true`
///   and otherwise that of the first sequence.
/// - After `@data` each line holds the channels of a sequence, separated by colons, their steps
///   separated by commas, and the class. Lengths may differ, whatever `@equalLength` and
///   `@seriesLength` say.
/// - Comments (`#` or `%`), empty lines and other entries of the header are passed over.
///
/// Time and memory are proportional to the text, which a gzip file holds up to 1,032 times, and not
/// to what the header declares.
///
/// # Errors
/// If the gzip file is damaged or truncated, the file is no UTF-8 text, the header has no
/// `@classLabel`, declares time stamps or numbers to predict, or there are no sequences; or a line has
/// another number of channels, channels of different lengths or of none, a value that is no finite
/// number (a missing one, `?` or `NaN`, included) or an unknown class. The error names the line, the
/// channel and the step.
pub fn read_sequences(bytes: &[u8], name: &str) -> Result<NamedSequences> {
    let text = text(bytes, name)?;
    let mut classes = Classes::default();
    let header = Header::new(Labels::Needed);
    let mut read = Read::new(&text, name, header, None, |_, class| Ok(classes.number(class)))?;
    let classes = classes.arrange(&read.header.classes, &mut read.labels);
    Ok(NamedSequences { sequences: read.finish()?, classes })
}

/// Reads the test file of a training file. Its classes are numbered as those of the training file
/// with the same names, in whatever order its header lists them.
///
/// # Errors
/// As [`read_sequences`], and if a sequence has another number of channels than those of the training
/// file, or a class that none of them has.
pub fn read_test_sequences(bytes: &[u8], name: &str, train: &NamedSequences) -> Result<Sequences> {
    let (text, format) = (text(bytes, name)?, SequenceFormat::of(train));
    let header = Header::new(Labels::Needed);
    Read::expected(&text, name, header, &format, "the training file")?.finish()
}

/// The content of a file.
struct Read<'a> {
    header: Header<'a>,
    rows: Vec<Vec<f64>>,
    labels: Vec<u32>,
}

impl<'a> Read<'a> {
    /// Reads a text whose channels and classes are those of `owner`, as messages call it.
    fn expected(
        text: &'a str,
        name: &'a str,
        header: Header<'a>,
        format: &SequenceFormat,
        owner: &'static str,
    ) -> Result<Self> {
        let known = Known::new(format.classes.iter().cloned(), owner);
        let channels = Some((format.channels, owner));
        Self::new(text, name, header, channels, |place, class| known.number(place, class))
    }

    /// Reads a text. `channels` is the number that the sequences need to have, with what has it, and
    /// `label` numbers their classes.
    fn new(
        text: &'a str,
        name: &'a str,
        header: Header<'a>,
        channels: Option<(usize, &str)>,
        mut label: impl FnMut(Place<'_>, &str) -> Result<u32>,
    ) -> Result<Self> {
        let mut read = Self { header, rows: Vec::new(), labels: Vec::new() };
        let is_content = |line: &str| !line.is_empty() && !line.starts_with(['#', '%']);
        for (place, line) in lines(text, name).filter(|(_, line)| is_content(line)) {
            if read.header.is_open {
                read.header.read(place, line)?;
                continue;
            }
            let (row, class) = line::sequence(place, line, &mut read.header)?;
            if let Some(class) = class {
                read.header.check_class(place, class)?;
            }
            match (channels, read.header.channels) {
                (Some((expected, owner)), Some(received)) if expected != received => {
                    return Err(place.error(format_args!(
                        "expected sequences of {} as in {owner}, received {received}",
                        count(expected, "channel")
                    )));
                }
                _ => {}
            }
            if let Some(class) = class {
                read.labels.push(label(place, class)?);
            }
            read.rows.push(row);
        }
        match read.rows.is_empty() {
            true => {
                let what = "expected sequences after a line \"@data\", received none";
                Err(file_error(name, what))
            }
            false => Ok(read),
        }
    }

    fn finish(self) -> Result<Sequences> {
        Sequences::new(self.header.channels.unwrap_or(0), self.rows, self.labels)
    }
}

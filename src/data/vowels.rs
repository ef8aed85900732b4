//! Utterances of nine speakers, and the text format that holds them.
//!
//! M. Kudo, J. Toyama and M. Shimbo, *Japanese Vowels* (1999), in the `.ts` format of
//! timeseriesclassification.com.

use std::collections::HashMap;

use candle_core::Result;

use super::Sequences;
use super::text::{Place, file_error, lines, text};

/// Number of speakers.
pub const SPEAKERS: usize = 9;

/// The 270 utterances to train on and the 370 to test on that this crate ships: 7 to 29 steps of 12
/// cepstral coefficients, and the number of the speaker, 0 to 8.
///
/// # Errors
/// None with the files as they are shipped.
pub fn japanese_vowels() -> Result<(Sequences, Sequences)> {
    const NAMES: [&str; 2] =
        ["data/japanese_vowels_train.ts.gz", "data/japanese_vowels_test.ts.gz"];
    let train = include_bytes!("../../data/japanese_vowels_train.ts.gz");
    let test = include_bytes!("../../data/japanese_vowels_test.ts.gz");
    Ok((read_sequences(train, NAMES[0])?, read_sequences(test, NAMES[1])?))
}

/// Reads sequences in the `.ts` format, compressed by gzip or plain: `@dimensions` gives the number of
/// channels and `@classLabel true` the names of the classes, which are numbered in that order; behind
/// `@data` each line holds the channels of a sequence, parted by colons, their steps parted by commas,
/// and the class. Comments (`#`) and empty lines are passed over; `name` is what messages call the
/// file. Time and memory are proportional to the text, which a gzip file holds up to 1,032 times, and
/// not to what the header declares.
///
/// # Errors
/// When the gzip file is damaged or truncated, the header lacks one of the three or there are no
/// sequences, or a line has another number of channels, channels of different lengths or of none, a
/// value that is no finite number (padding by `?` or `NaN` included) or an unknown class.
pub fn read_sequences(bytes: &[u8], name: &str) -> Result<Sequences> {
    let text = text(bytes, name)?;
    let mut header = Header::default();
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    for (place, line) in lines(&text, name) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if header.is_open {
            header.read(place, line)?;
        } else {
            let (row, label) = header.sequence(place, line)?;
            rows.push(row);
            labels.push(label);
        }
    }
    if labels.is_empty() {
        let what = "expected sequences behind a line \"@data\", received none";
        return Err(file_error(name, what));
    }
    Sequences::new(header.channels, rows, labels)
}

/// What the lines before `@data` said.
struct Header<'a> {
    is_open: bool,
    channels: usize,
    /// The numbers of the classes by name.
    classes: HashMap<&'a str, u32>,
}

impl Default for Header<'_> {
    fn default() -> Self {
        Self { is_open: true, channels: 0, classes: HashMap::new() }
    }
}

impl<'a> Header<'a> {
    fn read(&mut self, place: Place<'_>, line: &'a str) -> Result<()> {
        let mut words = line.split_whitespace();
        let key = words.next().unwrap_or_default().to_ascii_lowercase();
        match key.as_str() {
            "@dimensions" => match words.next().map(str::parse) {
                Some(Ok(channels)) if channels > 0 => self.channels = channels,
                _ => return Err(place.error("expected \"@dimensions\" and a number from 1")),
            },
            "@classlabel" => match words.next() {
                Some("true") => {
                    self.classes.clear();
                    for (name, number) in words.zip(0..) {
                        self.classes.entry(name).or_insert(number);
                    }
                }
                _ => return Err(place.error("expected \"@classLabel true\" and the classes")),
            },
            "@data" if self.channels == 0 || self.classes.is_empty() => {
                return Err(place.error("expected @dimensions and @classLabel before @data"));
            }
            "@data" => self.is_open = false,
            _ if !key.starts_with('@') => {
                return Err(place.error("expected \"@data\" before the first sequence"));
            }
            _ => {}
        }
        Ok(())
    }

    /// A line of data: the steps one after the other, and the number of the class.
    fn sequence(&self, place: Place<'_>, line: &str) -> Result<(Vec<f64>, u32)> {
        let fields: Vec<&str> = line.split(':').collect();
        let [channels @ .., class] = &fields[..] else {
            return Err(place.error("expected channels and a class, received nothing"));
        };
        if channels.len() != self.channels {
            return Err(place.error(format_args!(
                "expected {} channels and a class parted by colons, received {} fields",
                self.channels,
                fields.len()
            )));
        }
        let Some(label) = self.classes.get(class.trim()) else {
            let known = self.named();
            return Err(
                place.error(format_args!("expected a class of {known}, received {class:?}"))
            );
        };
        let read = |(i, channel): (usize, &&str)| match channel.trim() {
            "" => Err(place.error(format_args!("channel {} has no steps", i + 1))),
            steps => steps.split(',').map(|step| place.number(step)).collect(),
        };
        let channels: Vec<Vec<f64>> =
            channels.iter().enumerate().map(read).collect::<Result<_>>()?;
        let steps = channels[0].len();
        if let Some(i) = channels.iter().position(|channel| channel.len() != steps) {
            return Err(place.error(format_args!(
                "expected channels of one length, received {steps} steps in channel 1 and {} in \
                 channel {}",
                channels[i].len(),
                i + 1
            )));
        }
        let row = (0..steps).flat_map(|t| channels.iter().map(move |channel| channel[t]));
        Ok((row.collect(), *label))
    }

    /// The classes in words, of many only the first.
    fn named(&self) -> String {
        const SHOWN: usize = 20;
        let mut classes: Vec<_> =
            self.classes.iter().map(|(name, number)| (number, name)).collect();
        classes.sort();
        let shown: Vec<_> = classes.iter().take(SHOWN).map(|(_, name)| name).collect();
        match classes.len().saturating_sub(SHOWN) {
            0 => format!("{shown:?}"),
            more => format!("{shown:?} and {more} more"),
        }
    }
}

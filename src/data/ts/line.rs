//! A line of data.

use candle_core::Result;

use super::header::Header;
use crate::data::text::Place;
use crate::data::words::count;

/// Returns the sequence of a line, its steps one after the other, and its class if the header says
/// that lines have one. The first line sets a number of channels that is not known.
///
/// # Errors
/// If there are other channels, or channels of different lengths or of none, a value is no finite
/// number, or a class is missing. The error names the channel and the step.
pub fn sequence<'a>(
    place: Place<'_>,
    line: &'a str,
    header: &mut Header<'_>,
) -> Result<(Vec<f64>, Option<&'a str>)> {
    let fields: Vec<&str> = line.split(':').collect();
    let (own, class) = match (header.is_labelled(), fields.split_last()) {
        (true, Some((class, own))) if !own.is_empty() => (own, Some(class.trim())),
        (true, _) => {
            let what = "expected channels and a class separated by colons, received 1 field";
            return Err(place.error(what));
        }
        (false, _) => (&fields[..], None),
    };
    let expected = *header.channels.get_or_insert(own.len());
    if own.len() != expected {
        let class = if class.is_some() { "and a class" } else { "without a class" };
        return Err(place.error(format_args!(
            "expected {} {class} separated by colons, received {}",
            count(expected, "channel"),
            count(fields.len(), "field")
        )));
    }
    if class.is_some_and(str::is_empty) {
        return Err(place.error("expected a class after the last colon, received nothing"));
    }
    let values: Vec<Vec<f64>> =
        (1..).zip(own).map(|(i, steps)| channel(place, i, steps)).collect::<Result<_>>()?;
    let steps = values[0].len();
    if let Some(i) = values.iter().position(|channel| channel.len() != steps) {
        return Err(place.error(format_args!(
            "expected channels of one length, received {steps} steps in channel 1 and {} in channel \
             {}",
            values[i].len(),
            i + 1
        )));
    }
    let row = (0..steps).flat_map(|t| values.iter().map(move |channel| channel[t]));
    Ok((row.collect(), class))
}

/// Returns the steps of a channel.
fn channel(place: Place<'_>, channel: usize, steps: &str) -> Result<Vec<f64>> {
    if steps.trim().is_empty() {
        return Err(
            place.error_in(format_args!("channel {channel}"), "expected steps, received none")
        );
    }
    let number =
        |(step, field)| place.number(format_args!("channel {channel}, step {step}"), field);
    (1..).zip(steps.split(',')).map(number).collect()
}

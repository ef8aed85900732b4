//! Learning curves: values by epoch, with a band.

use anyhow::Result;

use super::{
    axis::{Axis, extent, nice_step},
    columns::{columns, marked},
    frame::Frame,
    legend::{Entry, Key},
    line::{Stop, draw_band, draw_line},
    marker::Marker,
};

/// Width and height of the data area, in pixels.
const SIZE: [f64; 2] = [780.0, 450.0];
/// Maximum number of points drawn per curve: two pixels each, so that noise does not fill the plot.
const COLUMNS: usize = 390;
/// The low end of a log axis is at least this share of its high end.
const LOG_DEPTH: f64 = 1e-8;

/// One line of a learning curve.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// The values; a value that is not finite is a gap.
    pub mean: &'a [f64],
    /// The standard deviation over repeats, drawn as a band `mean` ± `std`.
    pub std: Option<&'a [f64]>,
    /// The epoch of each value, in ascending order; 1, 2, 3 and so on if `None`.
    pub epochs: Option<&'a [usize]>,
}

impl<'a> Curve<'a> {
    /// Returns the values that have an epoch.
    pub(super) fn values(&self) -> &'a [f64] {
        &self.mean[..self.epochs.map_or(usize::MAX, <[usize]>::len).min(self.mean.len())]
    }

    /// Returns the epoch of a value.
    pub(super) fn epoch(&self, index: usize) -> Option<f64> {
        let epoch = |epochs: &[usize]| epochs.get(index).copied();
        self.epochs.map_or(Some(index + 1), epoch).map(|epoch| epoch as f64)
    }

    /// Returns the last epoch.
    fn end(&self) -> f64 {
        let epochs = (0..self.values().len()).filter_map(|index| self.epoch(index));
        epochs.fold(0.0, f64::max)
    }
}

/// The scale of the y axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From a round number below all values up to 1.
    Accuracy,
    /// Logarithmic if all values are at least 0 and the positive ones differ by a factor of 20 or
    /// more (zeros then lie on the lower edge), else linear from 0.
    Loss,
}

/// Draws learning curves over epochs, each with its own colour and marks.
///
/// Curves of more than 390 values are drawn in columns of equally many values; the line is the mean
/// of each column. With a `std`, the band is the mean of the bands. Without one, the band spans the
/// lowest to the highest value in the column, so that no value of a noisy run is hidden. The legend
/// says which band is drawn and how many values a column has.
///
/// # Errors
/// If plotters or the PNG encoder fails. Without finite values the plot is empty.
pub fn curves(title: &str, y_label: &str, scale: Scale, curves: &[Curve]) -> Result<Vec<u8>> {
    let values = curves.iter().map(|curve| curve.values().len()).max().unwrap_or(0);
    let width = values.div_ceil(COLUMNS).max(1);
    let reduced: Vec<Vec<Option<Stop>>> = curves.iter().map(|c| columns(c, width)).collect();
    let end = curves.iter().map(Curve::end).fold(2.0, f64::max);
    let x = Axis::whole("epoch", [0.0, end]);
    let all: Vec<Stop> = reduced.iter().flatten().flatten().copied().collect();
    let y = scale.axis(y_label, &all);
    let mut frame = Frame::new(title, &legend(curves, width), [x, y], SIZE, 28.0)?;
    let markers = || (0..).map(Marker::of);
    for (columns, marker) in reduced.iter().zip(markers()) {
        draw_band(&mut frame, columns, marker.ink)?;
    }
    for (columns, marker) in reduced.iter().zip(markers()) {
        draw_line(&mut frame, columns, 2.0, marker.ink)?;
    }
    frame.border()?;
    for (index, (columns, marker)) in reduced.iter().zip(markers()).enumerate() {
        for column in marked(columns, (index as f64 + 0.5) / curves.len() as f64) {
            let at = frame.at(column.x, column.y);
            marker.draw(&mut frame.canvas, at, 5.5)?;
        }
    }
    frame.canvas.png()
}

impl Scale {
    fn axis<'a>(self, label: &'a str, columns: &[Stop]) -> Axis<'a> {
        let [lowest, highest] = extent(columns.iter().map(|column| column.y)).unwrap_or([0.0, 1.0]);
        let ends = columns.iter().flat_map(|column| column.band.into_iter().flatten());
        let [low, high] = extent(ends.chain([lowest, highest])).unwrap_or([lowest, highest]);
        match self {
            Self::Accuracy => {
                // a band may leave 0 to 1, but accuracies do not
                let (low, high) = (low.max(lowest.min(0.0)), highest.max(1.0));
                let low = low.min(high - 0.1);
                let step = nice_step((high - low) / 10.0);
                // a little room beyond both ends, so that a line on them is fully visible
                let floor = (low / step - 0.1).floor() * step;
                let floor = if low < 0.0 { floor } else { floor.max(-0.1 * step) };
                Axis::linear(label, [floor, high + 0.1 * step])
            }
            Self::Loss => {
                // a band may reach down to 0, which would stretch a log axis without limit
                let lows = |c: &Stop| c.band.map_or(c.y, |[low, _]| low.max(c.y / 10.0));
                let positive = columns.iter().map(lows).filter(|&v| v > 0.0);
                let least = extent(positive).map_or(0.0, |[least, _]| least);
                if lowest >= 0.0 && least > 0.0 && high > 1e-280 && high / least >= 20.0 {
                    let least = least.max(high * LOG_DEPTH).max(1e-290);
                    return Axis::log(label, [least * 0.85, high * 1.15]);
                }
                let margin = 0.04 * (high - low.min(0.0));
                let floor = if lowest < 0.0 { low - margin } else { 0.0 };
                let top = if high > 0.0 { high + margin } else { 1.0 };
                Axis::linear(label, [floor, top])
            }
        }
    }
}

/// Returns the legend: the names, and the meaning of the band.
fn legend(curves: &[Curve], width: usize) -> Vec<Entry> {
    let line = |(kind, curve): (u32, &Curve)| (Key::Line(Marker::of(kind)), curve.name.into());
    let mut legend: Vec<Entry> = (0..).zip(curves).map(line).collect();
    if curves.iter().any(|curve| curve.std.is_some()) {
        legend.push((Key::Band, "± standard deviation".into()));
    }
    if width > 1 && curves.iter().any(|curve| curve.std.is_none()) {
        let sampled = curves.iter().any(|curve| curve.epochs.is_some());
        let unit = if sampled { "values" } else { "epochs" };
        legend.push((Key::Band, format!("lowest to highest of {width} {unit}")));
    }
    legend
}

#[cfg(test)]
mod tests {
    use super::{
        super::canvas::{WHITE, blend, tests::Picture},
        *,
    };

    fn curve<'a>(mean: &'a [f64], std: Option<&'a [f64]>) -> Curve<'a> {
        Curve { name: "train", mean, std, epochs: None }
    }

    fn picture(scale: Scale, lines: &[Curve]) -> Picture {
        let png = curves("a title", "y", scale, lines).unwrap();
        assert_eq!(png, curves("a title", "y", scale, lines).unwrap(), "same input, same bytes");
        Picture::decode(&png)
    }

    fn range(scale: Scale, means: &[f64]) -> [f64; 3] {
        let column = |&y| Stop { x: 1.0, y, band: None };
        let axis = scale.axis("", &means.iter().map(column).collect::<Vec<_>>());
        [0.0, 0.5, 1.0].map(|share| axis.share(share))
    }

    #[test]
    fn a_flat_curve_lies_at_its_height_in_its_colour() {
        let (zero, half, one) = ([0.0; 50], [0.5; 50], [1.0; 50]);
        let lines = [&zero, &half, &one].map(|mean| curve(mean, None));
        let picture = picture(Scale::Accuracy, &lines);
        // one row of legend: the area is 780 x 450 from (92, 88); the axis extends as far below 0
        // as above 1
        assert_eq!((picture.width, picture.height), (900, 602));
        let middle = 88.0 + 450.0 / 2.0;
        let with_colour = |y: f64| {
            (110..860).filter(|&x| picture.is([f64::from(x), y], Marker::of(1).ink)).count()
        };
        assert!(with_colour(middle) > 700, "{}", with_colour(middle));
        assert_eq!(with_colour(middle - 30.0) + with_colour(middle + 30.0), 0);
    }

    #[test]
    fn a_band_is_as_wide_as_its_standard_deviation() {
        let (mean, std, zero) = ([0.5; 50], [0.25; 50], [0.0; 50]);
        let picture = picture(Scale::Accuracy, &[curve(&mean, Some(&std)), curve(&zero, None)]);
        let band = blend(WHITE, Marker::of(0).ink, 0.2);
        let height = |value: f64| 88.0 + 450.0 * (0.5 - (value - 0.5) / 1.02);
        let x = 92.0 + 780.0 * 0.51; // beside the grid
        assert!(picture.is([x, height(0.74)], band) && picture.is([x, height(0.26)], band));
        assert!(!picture.is([x, height(0.76)], band) && !picture.is([x, height(0.24)], band));
    }

    #[test]
    fn sampled_values_lie_at_their_epochs_and_the_axis_ends_at_the_last() {
        let png = |mean: &[f64], epochs: Option<&[usize]>| {
            curves("", "y", Scale::Accuracy, &[Curve { epochs, ..curve(mean, None) }]).unwrap()
        };
        let mean = [0.2, 0.4, 0.6, 0.9];
        assert_eq!(png(&mean, Some(&[1, 2, 3, 4])), png(&mean, None));
        let picture = Picture::decode(&png(&[0.5; 3], Some(&[100, 200, 1000])));
        let coloured = |epoch: f64| {
            let x = 92.0 + 780.0 * epoch / 1000.0;
            (90..530).any(|y| picture.is([x, f64::from(y)], Marker::of(0).ink))
        };
        assert!(!coloured(80.0) && coloured(150.0) && coloured(600.0) && coloured(999.0));
        png(&mean, Some(&[]));
        png(&mean, Some(&[usize::MAX, 0, 7]));
    }

    #[test]
    fn one_epoch_is_visible_and_long_noise_stays_a_line() {
        let ink = Marker::of(0).ink;
        let in_legend = picture(Scale::Accuracy, &[curve(&[], None)]).count(ink);
        assert!(picture(Scale::Accuracy, &[curve(&[0.5], None)]).count(ink) > in_legend + 50);

        let noise: Vec<f64> = (0..40_000u32).map(|i| f64::from(i * 7919 % 31) / 30.0).collect();
        // means of 103 values: a line about two pixels wide, not an area of 780 x 450
        assert!(picture(Scale::Accuracy, &[curve(&noise, None)]).count(ink) < 780 * 20);
    }

    #[test]
    fn the_scale_follows_the_values() {
        let near = |got: [f64; 3], want: [f64; 3]| {
            got.iter().zip(want).all(|(got, want)| (got - want).abs() < 0.02)
        };
        assert!(near(range(Scale::Accuracy, &[0.0, 1.0]), [0.01, 0.5, 0.99]));
        assert!(near(range(Scale::Loss, &[0.9, 0.1]), [0.0, 0.53, 1.0])); // linear to 0.936
        // three decades from 0.00085 to 0.805: 0.5 is at 0.93
        assert!(near(range(Scale::Loss, &[0.7, 0.001, 0.0]), [0.0, 0.93, 1.0]));
        let [zero, ..] = range(Scale::Loss, &[-1.0, 1.0]);
        assert!((zero - 0.5).abs() < 0.02, "negative losses are linear: {zero}");
        let [_, half, one] = range(Scale::Accuracy, &[0.97, 0.99]);
        assert!(half == 0.0 && one > 0.95, "accuracies near 1 fill the plot");
    }

    #[test]
    fn curves_accept_degenerate_input() {
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN];
        let cases: [&[f64]; 12] = [
            &[],
            &bad,
            &[0.0; 3],
            &[1.0; 1000],
            &[0.5, f64::NAN, 0.7],
            &[0.7, 0.0, 1e-4],
            &[1e-320, 1.0],
            &[-9e299, 9e299],
            &[9e299; 2],
            &[-9e299; 2],
            &[1e-300, 1e-299],
            &[-1e-300, 0.0],
        ];
        for scale in [Scale::Accuracy, Scale::Loss] {
            curves("", "", scale, &[]).unwrap();
            for (a, b) in cases.iter().zip(cases.iter().cycle().skip(1)) {
                let lines = [curve(a, Some(b)), curve(b, Some(a)), curve(a, None)];
                curves("", "y", scale, &lines).unwrap();
            }
        }
        let many = vec![curve(&[0.5, 0.6], None); 50];
        curves(&"long ".repeat(1000), &"long ".repeat(1000), Scale::Loss, &many).unwrap();
    }
}

//! An axis: its range, its ticks, and the mapping from values to shares of its length.

/// Returns whether a number can be drawn: finite, and far enough from overflow that spans are
/// finite, too.
pub(super) fn drawable(value: f64) -> bool {
    value.abs() < 1e300
}

/// Returns the lowest and highest drawable value, if there is one.
pub(super) fn extent(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    let widen = |seen: Option<[f64; 2]>, v: f64| {
        Some(seen.map_or([v, v], |[low, high]| [low.min(v), high.max(v)]))
    };
    values.filter(|&v| drawable(v)).fold(None, widen)
}

/// The scale and the ticks of an axis.
#[derive(Clone, Copy, PartialEq)]
enum Steps<'a> {
    Linear,
    /// Linear, with ticks at whole numbers only.
    Whole,
    Log,
    /// Linear, with the given ticks.
    Named(&'a [(f64, String)]),
}

/// An axis: its range and its name. The low end is always below the high end.
#[derive(Clone, Copy)]
pub(super) struct Axis<'a> {
    pub label: &'a str,
    low: f64,
    high: f64,
    steps: Steps<'a>,
}

impl<'a> Axis<'a> {
    /// Creates a linear axis. A range without extent is widened around its value.
    pub fn linear(label: &'a str, [low, high]: [f64; 2]) -> Self {
        let size = low.abs().max(high.abs());
        let half = match high - low > (1e-9 * size).max(1e-290) {
            true => 0.0,
            false if size > 10.0 => size / 20.0,
            false => 0.5,
        };
        Self { label, low: low - half, high: high + half, steps: Steps::Linear }
    }

    /// Creates a linear axis with some room beyond the values, or from 0 to 1 if there are none.
    pub fn around(label: &'a str, values: Option<[f64; 2]>) -> Self {
        let [low, high] = values.unwrap_or([0.0, 1.0]);
        let margin = if high > low { 0.06 * (high - low) } else { 0.05 * high.abs() };
        Self::linear(label, [low - margin, high + margin])
    }

    /// Creates a logarithmic axis between two positive numbers.
    pub fn log(label: &'a str, [low, high]: [f64; 2]) -> Self {
        Self { label, low, high, steps: Steps::Log }
    }

    /// Creates a linear axis of counts.
    pub fn whole(label: &'a str, range: [f64; 2]) -> Self {
        Self { steps: Steps::Whole, ..Self::linear(label, range) }
    }

    /// Creates a linear axis with the given ticks and their names.
    pub fn named(label: &'a str, range: [f64; 2], ticks: &'a [(f64, String)]) -> Self {
        Self { steps: Steps::Named(ticks), ..Self::linear(label, range) }
    }

    pub fn is_named(&self) -> bool {
        matches!(self.steps, Steps::Named(_))
    }

    pub fn is_log(&self) -> bool {
        self.steps == Steps::Log
    }

    pub fn ends(&self) -> [f64; 2] {
        [self.low, self.high]
    }

    pub fn span(&self) -> f64 {
        self.high - self.low
    }

    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Returns the position of a value: 0 at the low end and 1 at the high end, clamped beyond
    /// them.
    pub fn share(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        if self.steps == Steps::Log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / self.span()
        }
    }

    /// Returns the ticks with their texts: the given ticks, or about `most` of them.
    pub fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        match self.steps {
            Steps::Linear | Steps::Whole => self.linear_ticks(most),
            Steps::Log => self.log_ticks(),
            Steps::Named(ticks) => ticks.to_vec(),
        }
    }

    /// Returns multiples of 1, 2 or 5 times a power of ten.
    fn linear_ticks(&self, most: usize) -> Vec<(f64, String)> {
        let least = if self.steps == Steps::Whole { 1.0 } else { 0.0 };
        let step = nice_step(self.span() / most as f64).max(least);
        let first = (self.low / step - 1e-9).ceil();
        let ticks = (0..=most).map(|i| (first + i as f64) * step + 0.0); // no -0
        let digit = |v: f64| (v.log10() + 1e-9).floor() as i32;
        let size = self.low.abs().max(self.high.abs());
        let text = |v: f64| {
            if size >= 1e6 || step < 1e-5 {
                if v == 0.0 {
                    return "0".to_string();
                }
                format!("{v:.*e}", (digit(size) - digit(step)).max(0) as usize)
            } else {
                format!("{v:.*}", (-digit(step)).max(0) as usize)
            }
        };
        ticks.take_while(|&v| v <= self.high + 1e-9 * step).map(|v| (v, text(v))).collect()
    }

    /// Returns powers of ten. A short axis also has 2 and 5 times them; a long one leaves some out.
    fn log_ticks(&self) -> Vec<(f64, String)> {
        let [low, high] = [self.low, self.high].map(|v| v.log10());
        let stride = ((high - low) / 8.0).ceil().max(1.0) as usize;
        let multiples: &[u32] = if high - low < 2.5 { &[1, 2, 5] } else { &[1] };
        let powers = (low.floor() as i32..=high.ceil() as i32).step_by(stride);
        let texts = powers.flat_map(|power| multiples.iter().map(move |m| format!("{m}e{power}")));
        let ticks = texts.filter_map(|text| Some((text.parse::<f64>().ok()?, text)));
        let inside = ticks.filter(|(v, _)| (self.low * 0.999..=self.high * 1.001).contains(v));
        let plain = |v: f64| (1e-4..1e6).contains(&v);
        inside.map(|(v, text)| (v, if plain(v) { v.to_string() } else { text })).collect()
    }
}

/// Returns the smallest of 1, 2 and 5 times a power of ten that is at least `least`.
pub(super) fn nice_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let multiple = [1.0, 2.0, 5.0].into_iter().find(|m| m * power >= least * (1.0 - 1e-9));
    multiple.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: Axis) -> Vec<String> {
        axis.ticks(8).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_numbers_with_the_digits_they_need() {
        assert_eq!(texts(Axis::linear("", [0.0, 4000.0])).len(), 9);
        assert_eq!(
            texts(Axis::linear("", [-0.3, 0.3])),
            ["-0.3", "-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3"]
        );
        assert_eq!(texts(Axis::linear("", [0.0, 8e6]))[1], "1e6");
        assert_eq!(
            texts(Axis::log("", [1e-5, 1.0])),
            ["1e-5", "0.0001", "0.001", "0.01", "0.1", "1"]
        );
        assert_eq!(texts(Axis::log("", [0.03, 0.7])), ["0.05", "0.1", "0.2", "0.5"]);
    }

    #[test]
    fn degenerate_ranges_are_widened_and_no_range_fails() {
        assert_eq!(Axis::linear("", [0.0, 0.0]).span(), 1.0);
        let ends = [-9e299, -1e10, -1.0, 0.0, 1e-299, 1e-12, 1.0, 1.0 + 1e-12, 1e10, 9e299];
        for (i, &low) in ends.iter().enumerate() {
            for &high in &ends[i..] {
                let axis = Axis::linear("", [low, high]);
                let ticks = axis.ticks(8);
                assert!((2..=10).contains(&ticks.len()), "{low} {high}: {ticks:?}");
                assert!(ticks.iter().all(|&(v, _)| (0.0..=1.0).contains(&axis.share(v))));
            }
        }
        assert!(Axis::log("", [1e-300, 1e300]).ticks(8).len() <= 10);
    }

    #[test]
    fn around_leaves_room_even_around_a_single_value() {
        let ends = |values| {
            let axis = Axis::around("", values);
            [axis.low, axis.high]
        };
        assert_eq!(ends(Some([0.0, 100.0])), [-6.0, 106.0]);
        assert_eq!(ends(Some([100.0; 2])), [95.0, 105.0]);
        assert_eq!((ends(Some([0.0; 2])), ends(None)), ([-0.5, 0.5], [-0.06, 1.06]));
    }

    #[test]
    fn log_axis_is_even_in_decades_and_clamps_zero_to_its_low_end() {
        let axis = Axis::log("", [1e-4, 1.0]);
        assert!((axis.share(0.01) - 0.5).abs() < 1e-12);
        assert_eq!((axis.share(0.0), axis.share(-1.0), axis.share(2.0)), (0.0, 0.0, 1.0));
    }
}

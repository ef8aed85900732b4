//! Colours.

/// A colour and its opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ink {
    pub rgb: [u8; 3],
    pub opacity: f64,
}

pub(super) const WHITE: Ink = Ink::of(0xffffff);
pub(super) const BLACK: Ink = Ink::of(0);

impl Ink {
    /// Returns the colour `0xrrggbb`.
    pub const fn of(hex: u32) -> Self {
        let [_, red, green, blue] = hex.to_be_bytes();
        Self { rgb: [red, green, blue], opacity: 1.0 }
    }
}

/// Mixes two colours: `share` 0 gives the first, 1 the second.
pub(super) fn blend(from: Ink, to: Ink, share: f64) -> Ink {
    let mix = |i: usize| {
        let [a, b] = [from, to].map(|ink| f64::from(ink.rgb[i]));
        (a + share * (b - a)).round() as u8
    };
    Ink { rgb: [mix(0), mix(1), mix(2)], opacity: 1.0 }
}

/// Returns black or white, whichever is more legible on a colour.
pub(super) fn legible_on(ink: Ink) -> Ink {
    // contrasts by WCAG 2: (1 + 0.05) / (l + 0.05) of white, (l + 0.05) / 0.05 of black
    let offset = luminance(ink) + 0.05;
    if offset * offset > 1.05 * 0.05 { BLACK } else { WHITE }
}

/// Returns the relative luminance of a colour in sRGB.
fn luminance(ink: Ink) -> f64 {
    let [red, green, blue] = ink.rgb.map(|channel| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
impl Ink {
    pub fn with_opacity(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::bar::ramp, *};

    #[test]
    fn equal_steps_of_the_ramp_are_about_equally_lighter() {
        // CIE 1976 lightness, 0 to 100
        let lightness = |ink| 116.0 * luminance(ink).cbrt() - 16.0;
        let lights: Vec<f64> = (0..=20).map(|i| lightness(ramp(f64::from(i) / 20.0))).collect();
        let steps: Vec<f64> = lights.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = (lights[20] - lights[0]) / 20.0;
        assert!(mean > 3.5, "from {} to {}", lights[0], lights[20]);
        assert!(steps.iter().all(|step| (0.6..1.5).contains(&(step / mean))), "{steps:?}");
    }

    #[test]
    fn text_is_white_on_dark_and_black_on_bright_colours() {
        assert!(legible_on(ramp(0.0)) == WHITE && legible_on(ramp(1.0)) == BLACK);
        for i in 0..=100 {
            let ink = ramp(f64::from(i) / 100.0);
            let (light, dark) = (1.05 / (luminance(ink) + 0.05), (luminance(ink) + 0.05) / 0.05);
            let contrast = if legible_on(ink) == WHITE { light } else { dark };
            assert!(contrast >= 4.5, "{i}: {contrast}"); // WCAG 2, level AA
        }
    }

    #[test]
    fn blends_lie_between_their_ends() {
        let (a, b) = (Ink::of(0x102030), Ink::of(0x305070));
        assert_eq!((blend(a, b, 0.0), blend(a, b, 1.0)), (a, b));
        assert_eq!(blend(a, b.with_opacity(0.5), 0.5), Ink::of(0x203850));
    }
}

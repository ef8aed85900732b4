//! Colours for ordered values.

use plotters::style::RGBAColor;

use super::canvas::{BLACK, Ink, WHITE, blend};

/// Nine evenly spaced colours of viridis (van der Walt and Smith, 2015). Equal steps look equal,
/// also to colour-blind readers and without colour.
const VIRIDIS: [Ink; 9] = [
    RGBAColor(68, 1, 84, 1.0),
    RGBAColor(71, 45, 123, 1.0),
    RGBAColor(59, 82, 139, 1.0),
    RGBAColor(44, 114, 142, 1.0),
    RGBAColor(33, 144, 140, 1.0),
    RGBAColor(39, 173, 129, 1.0),
    RGBAColor(93, 200, 99, 1.0),
    RGBAColor(170, 220, 50, 1.0),
    RGBAColor(253, 231, 37, 1.0),
];

/// Returns the colour of a share, from dark at 0 to bright at 1.
pub(super) fn ramp(share: f64) -> Ink {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let low = (place as usize).min(VIRIDIS.len() - 2);
    blend(VIRIDIS[low], VIRIDIS[low + 1], place - low as f64)
}

/// Returns black or white, whichever is more legible on a colour.
pub(super) fn legible_on(ink: Ink) -> Ink {
    // contrasts by WCAG 2: (1 + 0.05) / (l + 0.05) of white, (l + 0.05) / 0.05 of black
    let offset = luminance(ink) + 0.05;
    if offset * offset > 1.05 * 0.05 { BLACK } else { WHITE }
}

/// Returns the relative luminance of a colour in sRGB.
fn luminance(ink: Ink) -> f64 {
    let linear = |channel: u8| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(ink.0) + 0.7152 * linear(ink.1) + 0.0722 * linear(ink.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_steps_are_about_equally_lighter() {
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
    fn shares_outside_have_the_colours_of_the_ends() {
        assert!(ramp(-1.0) == VIRIDIS[0] && ramp(9.0) == VIRIDIS[8] && ramp(0.5) == VIRIDIS[4]);
        ramp(f64::NAN);
    }
}

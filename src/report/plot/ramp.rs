//! Colours for ordered values.

use super::ink::{Ink, blend};

/// Nine evenly spaced colours of viridis (van der Walt and Smith, 2015). Equal steps look equal,
/// also to colour-blind readers and without colour.
const VIRIDIS: [u32; 9] =
    [0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21908c, 0x27ad81, 0x5dc863, 0xaadc32, 0xfde725];

/// Returns the colour of a share, from dark at 0 to bright at 1.
pub(super) fn ramp(share: f64) -> Ink {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let low = (place as usize).min(VIRIDIS.len() - 2);
    blend(Ink::of(VIRIDIS[low]), Ink::of(VIRIDIS[low + 1]), place - low as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_outside_have_the_colours_of_the_ends() {
        let known = |place: usize| Ink::of(VIRIDIS[place]);
        assert_eq!([-1.0, 0.5, 9.0].map(ramp), [0, 4, 8].map(known));
        ramp(f64::NAN);
    }
}

//! Sequences whose tempo varies.

use std::f64::consts::PI;

use candle_core::Result;

use crate::robust::{Change, Row};

/// Reads a sequence at a tempo that varies smoothly between 1 − c and 1 + c, from its first step to its last one
/// (after Um et al. 2017, arXiv:1706.00527), with linear interpolation between steps.
///
/// ```text
/// y(t) = x(τ(t)),  τ(t) / L = s + c/2 Σₖ uₖ sin(πks) / (πk),  s = t / L,  k = 1, 2,  uₖ uniform in ±1
/// ```
///
/// L is the number of the last step, so that a sequence keeps its length, its first and its last step.
#[derive(Clone, Copy, Debug)]
pub struct TimeWarp;

impl Change for TimeWarp {
    fn is_rate(&self) -> bool {
        true
    }

    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        let [channels, steps] = row.steps()?;
        let last = steps.saturating_sub(1);
        let waves = row.uniforms(2);
        let clean = row.values.to_vec();
        let width = channels + 1;
        for step in 1..last {
            let from = warped(step as f64 / last as f64, &waves, amount) * last as f64;
            let before = (from as usize).min(last - 1);
            let part = (from - before as f64) as f32;
            for own in 0..channels {
                let [a, b] = [before, before + 1].map(|step| clean[step * width + own]);
                row.values[step * width + own] = a + part * (b - a);
            }
        }
        Ok(())
    }
}

/// Maps a position to the position that it is read from, both from 0 to 1.
fn warped(place: f64, waves: &[f32], amount: f64) -> f64 {
    let wave = |(k, u): (usize, &f32)| {
        let k = PI * (k + 1) as f64;
        (2. * f64::from(*u) - 1.) * (k * place).sin() / k
    };
    place + amount / 2. * waves.iter().enumerate().map(wave).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::Form;
    use crate::robust::testing::changed;
    use candle_core::{Device, Tensor};

    /// Channel 0 is the time: its changes are the tempo.
    #[test]
    fn the_tempo_varies_within_its_bounds() -> Result<()> {
        let of = Form::Steps { channels: 2 }.measured(None)?;
        let steps: Vec<f32> = (0..50).flat_map(|t| [t as f32, 100. - 2. * t as f32, 1.]).collect();
        let xs = Tensor::from_vec(steps, (1, 1, 50, 3), &Device::Cpu)?.repeat((1, 20, 1, 1))?;
        let found = changed(&of, TimeWarp, &xs, 0, 0.6)?.squeeze(0)?.to_vec3::<f32>()?;
        for steps in &found {
            assert_eq!((steps[0][0], steps[49][0]), (0., 49.), "the ends stay");
            for pair in steps.windows(2) {
                let tempo = pair[1][0] - pair[0][0];
                assert!((0.4 - 1e-3..=1.6 + 1e-3).contains(&tempo), "tempo {tempo}");
            }
            for step in steps {
                assert!((step[1] - (100. - 2. * step[0])).abs() < 1e-3, "channels stay together");
                assert_eq!(step[2], 1.);
            }
        }
        assert_ne!(found[0], found[1], "rows differ");
        Ok(())
    }

    /// Both waves rise with u = 1: at the middle sin(π/2) / π is left, a quarter of the way both are.
    #[test]
    fn places_by_hand() {
        let found = [0., 0.25, 0.5, 1.].map(|place| warped(place, &[1., 1.], 0.5));
        let quarter = 0.25 * (0.5f64.sqrt() / PI + 1. / (2. * PI));
        for (found, by_hand) in found.into_iter().zip([0., 0.25 + quarter, 0.5 + 0.25 / PI, 1.]) {
            assert!((found - by_hand).abs() < 1e-12, "{found} instead of {by_hand}");
        }
    }
}

//! Sequences that have lost steps.

use candle_core::Result;

use crate::robust::{Change, Row};

/// Leaves out a share of the steps, each on its own: the sequence becomes shorter and its padding longer. The step
/// that would be the last to go always stays.
#[derive(Clone, Copy, Debug)]
pub struct DroppedSteps;

impl Change for DroppedSteps {
    fn is_rate(&self) -> bool {
        true
    }

    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        let [channels, steps] = row.steps()?;
        let (width, uniforms) = (channels + 1, row.uniforms(steps));
        let last = uniforms.iter().copied().fold(0., f32::max);
        let mut kept = 0;
        for (step, u) in uniforms.iter().enumerate() {
            if f64::from(*u) > amount || *u == last {
                row.values.copy_within(step * width..(step + 1) * width, kept * width);
                kept += 1;
            }
        }
        row.values[kept * width..steps * width].fill(0.);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::Form;
    use crate::robust::testing::{changed, sequence, values};
    use candle_core::{Device, Tensor};

    #[test]
    fn one_step_always_stays() -> Result<()> {
        let (of, xs) = sequence()?;
        let found = values(&changed(&of, DroppedSteps, &xs, 0, 1.)?)?;
        assert!([0., 2., 4.].contains(&found[0]));
        assert_eq!(found[1..], [1., 0., 0., 0., 0., 0., 0.]);
        Ok(())
    }

    /// Step t has the value t + 1.
    #[test]
    fn steps_keep_their_order_and_move_up() -> Result<()> {
        let of = Form::Steps { channels: 1 }.measured(None)?;
        let steps: Vec<f32> = (1..=2000).flat_map(|step| [step as f32, 1.]).collect();
        let xs = Tensor::from_vec(steps, (1, 1, 2000, 2), &Device::Cpu)?;
        let found = changed(&of, DroppedSteps, &xs, 0, 0.3)?.flatten(0, 2)?.to_vec2::<f32>()?;
        let kept = found.iter().take_while(|step| step[1] == 1.).count();
        assert!(found[..kept].is_sorted_by(|a, b| a[0] < b[0]), "in order");
        assert!(found[kept..].iter().all(|step| *step == [0., 0.]), "padding after the steps");
        let bound = 4. * (2000f64 * 0.3 * 0.7).sqrt();
        assert!((kept as f64 - 1400.).abs() < bound, "{kept} steps stay");
        Ok(())
    }
}

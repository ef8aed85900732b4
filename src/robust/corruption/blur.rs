//! Blur.

use candle_core::Result;

use crate::robust::{Change, Row};

/// Averages pixels with the weights of a Gaussian, y = Σ w(k) x(i − k), w(k) ∝ exp(−k² / (2σ²)) up to 4σ, first along
/// lines and then across. Beyond an edge the image continues with the pixel at it.
#[derive(Clone, Copy, Debug)]
pub struct Blur;

impl Change for Blur {
    fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
        let [height, width] = row.image()?;
        let weights = weights(amount);
        for y in 0..height {
            blur(row.values, y * width, 1, width, &weights);
        }
        for x in 0..width {
            blur(row.values, x, width, height, &weights);
        }
        Ok(())
    }
}

/// Returns w(0), w(1), …, for which w(0) + 2 w(1) + … = 1.
fn weights(sigma: f64) -> Vec<f64> {
    let reach = (4. * sigma).round() as usize;
    let own: Vec<f64> = (0..=reach).map(|k| (-0.5 * (k as f64 / sigma).powi(2)).exp()).collect();
    let sum = 2. * own.iter().sum::<f64>() - 1.;
    own.into_iter().map(|weight| weight / sum).collect()
}

/// Blurs `len` pixels from a first one on that are `stride` apart.
fn blur(pixels: &mut [f32], first: usize, stride: usize, len: usize, weights: &[f64]) {
    let line: Vec<f64> =
        pixels.iter().skip(first).step_by(stride).take(len).copied().map(f64::from).collect();
    for at in 0..len {
        let sides = weights.iter().enumerate().skip(1);
        let sides: f64 = sides
            .map(|(k, weight)| weight * (line[at.saturating_sub(k)] + line[(at + k).min(len - 1)]))
            .sum();
        pixels[first + at * stride] = (weights[0] * line[at] + sides) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust::testing::{changed, image, values};
    use candle_core::{Device, Tensor};

    /// With σ = 1/√(2 ln 2) a neighbour has half of the weight, the next one 1/16, and so on.
    #[test]
    fn weights_by_hand() {
        let found = weights((2. * 2f64.ln()).sqrt().recip());
        assert_eq!(found.len(), 4);
        let sum = 1. + 2. * (1. / 2. + 1. / 16. + 1. / 512.);
        for (k, (weight, part)) in found.iter().zip([1., 1. / 2., 1. / 16., 1. / 512.]).enumerate()
        {
            assert!((weight - part / sum).abs() < 1e-12, "w({k}) = {weight}");
        }
    }

    #[test]
    fn a_bright_pixel_spreads_evenly() -> Result<()> {
        let (of, _) = image(5, 5)?;
        let mut pixels = [0f32; 25];
        pixels[12] = 1.;
        let xs = Tensor::from_slice(&pixels, (1, 1, 1, 5, 5), &Device::Cpu)?;
        let found = values(&changed(&of, Blur, &xs, 0, 0.4)?)?;
        let weights = weights(0.4);
        for (place, y) in found.iter().enumerate() {
            let [down, right] = [place / 5, place % 5].map(|at| at.abs_diff(2));
            let [down, right] = [down, right].map(|k| weights.get(k).copied().unwrap_or(0.));
            assert!((f64::from(*y) - down * right).abs() < 1e-7, "pixel {place}: {y}");
        }
        Ok(())
    }

    /// σ = 0.25 reaches 1 pixel: from 0, 1 the edge continues with 0 and 1.
    #[test]
    fn edges_continue() -> Result<()> {
        let (of, _) = image(1, 2)?;
        let xs = Tensor::new(&[[[[0f32, 1.]]]], &Device::Cpu)?.unsqueeze(0)?;
        let found = values(&changed(&of, Blur, &xs, 0, 0.25)?)?;
        let side = weights(0.25)[1] as f32;
        assert!((found[0] - side).abs() < 1e-7 && (found[1] - (1. - side)).abs() < 1e-7);
        let grey = (xs.zeros_like()? + 0.5)?;
        assert_eq!(values(&changed(&of, Blur, &grey, 0, 1.)?)?, [0.5; 2]);
        Ok(())
    }
}

//! Noise that takes values from other rows.

use candle_core::{Result, Tensor};

use crate::noise::batch::{BatchDraws, BatchKind};
use crate::noise::strength::Strength;

/// A share of the elements takes the value of the same element of another row; see
/// [`SwapNoise`](crate::noise::SwapNoise).
#[derive(Clone, Debug, Default)]
pub struct Swap;

impl BatchKind for Swap {
    const STRENGTH: Strength = Strength::rate("rate");

    fn apply(xs: &Tensor, draws: &BatchDraws) -> Result<Tensor> {
        let (dims, rows) = (xs.dims(), draws.rows());
        let width: usize = dims[2.min(dims.len())..].iter().product();
        if rows < 2 || width == 0 {
            return Ok(xs.clone());
        }
        // Two draws for each element: whether it changes, and to the value of which row.
        let uniforms = draws.uniforms(2 * width);
        let own_row = |place: usize| place / width % rows;
        let partner = |place: usize, [changes, partner]: [f32; 2], rate: f64| {
            let own = own_row(place);
            let other =
                (f64::from(partner) * (rows - 1) as f64).ceil().clamp(1., (rows - 1) as f64);
            if f64::from(changes) <= rate { (own + other as usize) % rows } else { own }
        };
        let rates = draws.strengths().flat_map(|rate| std::iter::repeat_n(rate, rows * width));
        let pairs = uniforms.as_chunks::<2>().0.iter().enumerate().zip(rates);
        let from: Vec<u32> =
            pairs.map(|((place, own), rate)| partner(place, *own, rate) as u32).collect();
        let shape = (draws.strengths().count(), rows, width);
        let from =
            Tensor::from_vec(from, shape, &candle_core::Device::Cpu)?.to_device(xs.device())?;
        xs.reshape(shape)?.contiguous()?.gather(&from, 1)?.reshape(dims)
    }
}

//! Noise on images: where they are cut, and how strong their contrast is.

use candle_core::{Device, Result, Tensor, bail};

use crate::noise::Channels;
use crate::noise::batch::{BatchDraws, BatchKind};
use crate::noise::strength::Strength;
use crate::ops::at_least_single;

/// An image is padded with zeros on each side, and cut to its size again at a random place; see
/// [`RandomCrop`](crate::noise::RandomCrop).
#[derive(Clone, Debug, Default)]
pub struct Crop;

impl BatchKind for Crop {
    const STRENGTH: Strength = Strength::count("padding");
    const IS_OF_IMAGES: bool = true;

    fn apply(&self, xs: &Tensor, draws: &BatchDraws) -> Result<Tensor> {
        let (first, [height, width]) = plane("crop", xs, draws.channels())?;
        if let Some(padding) = draws.strengths().find(|own| *own >= height.min(width) as f64) {
            bail!(
                "crop: expected a padding below the {height} x {width} pixels, received {padding}"
            )
        }
        let shifts = draws.uniforms(2);
        let mut from = Vec::with_capacity(shifts.len() / 2 * height * width);
        let paddings = draws.strengths().flat_map(|own| std::iter::repeat_n(own, draws.rows()));
        let outside = (height * width) as u32;
        for (shift, padding) in shifts.as_chunks::<2>().0.iter().zip(paddings) {
            // From -padding to padding, all equally likely.
            let [down, right] =
                shift.map(|u| (f64::from(u) * (2. * padding + 1.)).ceil() - 1. - padding);
            let source = |y: usize, x: usize| {
                let (y, x) = (y as f64 + down, x as f64 + right);
                let is_inside =
                    (0.0..height as f64).contains(&y) && (0.0..width as f64).contains(&x);
                if is_inside { (y as usize * width + x as usize) as u32 } else { outside }
            };
            from.extend((0..height).flat_map(|y| (0..width).map(move |x| source(y, x))));
        }
        // Pixels in one axis, with a zero after them, which is the padding.
        let dims = xs.dims().to_vec();
        let (before, after): (usize, usize) =
            (dims[2..first].iter().product(), dims[first + 2..].iter().product());
        let images = dims[0] * dims[1];
        let pixels = xs.reshape((images, before, height * width, after))?;
        let pixels = pixels.pad_with_zeros(2, 0, 1)?.contiguous()?;
        let from = Tensor::from_vec(from, (images, 1, height * width, 1), &Device::Cpu)?;
        let from = from.to_device(xs.device())?;
        let from = from.broadcast_as((images, before, height * width, after))?.contiguous()?;
        pixels.gather(&from, 2)?.reshape(dims)
    }
}

/// The distances from a row's mean are multiplied by a random factor; see
/// [`ContrastNoise`](crate::noise::ContrastNoise).
#[derive(Clone, Debug, Default)]
pub struct Contrast;

impl BatchKind for Contrast {
    const STRENGTH: Strength = Strength::rate("strength");
    const IS_OF_IMAGES: bool = true;

    fn apply(&self, xs: &Tensor, draws: &BatchDraws) -> Result<Tensor> {
        plane("contrast", xs, draws.channels())?;
        let rows = (draws.strengths().count(), draws.rows(), ());
        let flat = at_least_single(xs)?.reshape(rows)?;
        let strengths = draws.strengths().flat_map(|own| std::iter::repeat_n(own, draws.rows()));
        let factors = draws.uniforms(1).into_iter().zip(strengths);
        let factors: Vec<f32> = factors
            .map(|(u, strength)| (1. + strength * (2. * f64::from(u) - 1.)) as f32)
            .collect();
        let factors = Tensor::from_vec(factors, (rows.0, rows.1, 1), &Device::Cpu)?;
        let factors = factors.to_dtype(flat.dtype())?.to_device(xs.device())?;
        let means = flat.mean_keepdim(2)?;
        let ys = flat.broadcast_sub(&means)?.broadcast_mul(&factors)?.broadcast_add(&means)?;
        ys.reshape(xs.shape())?.to_dtype(xs.dtype())
    }
}

/// Returns the first axis of the plane of images (R, B, …), and its height and width.
fn plane(kind: &str, xs: &Tensor, channels: Channels) -> Result<(usize, [usize; 2])> {
    match (xs.dims(), channels) {
        ([_, _, _, height, width], Channels::First) => Ok((3, [*height, *width])),
        ([_, _, height, width, _], Channels::Last) => Ok((2, [*height, *width])),
        ([_, _, height, width], _) => Ok((2, [*height, *width])),
        (dims, _) => bail!(
            "{kind}: expected images of a height and a width, received rows {:?}",
            &dims[2.min(dims.len())..]
        ),
    }
}

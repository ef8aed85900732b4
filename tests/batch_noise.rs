//! Noise that looks at rows or batches: swapped values, moved images, contrast.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::ModuleT;
use candle_noise::NoiseMap;
use candle_noise::noise::{
    BatchKind, BatchNoise, Channels, ContrastNoise, RandomCrop, Slot, SwapNoise, kinds,
};

use crate::noise_members::{bits, ramp};

fn layer<K: BatchKind>(strength: f64) -> BatchNoise<K> {
    BatchNoise::new(strength, NoiseMap::new(7).builder().pp("a")).unwrap()
}

/// Law 55: a new value is one of its column's, from another row, and a share of `rate` changes.
#[test]
fn swapped_values_are_those_of_their_columns() -> Result<()> {
    let (rows, columns, rate) = (200, 50, 0.3);
    // Every value tells its row and column.
    let xs =
        Tensor::arange(0f32, (rows * columns) as f32, &Device::Cpu)?.reshape((rows, columns))?;
    let noise: SwapNoise = layer(rate);
    let ys = noise.forward_t(&xs, true)?.to_vec2::<f32>()?;
    let mut changed = 0;
    for (row, ys) in ys.iter().enumerate() {
        for (column, y) in ys.iter().enumerate() {
            assert_eq!(*y as usize % columns, column, "a value stays in its column");
            changed += usize::from(*y as usize / columns != row);
        }
    }
    let share = changed as f64 / (rows * columns) as f64;
    let error = (rate * (1. - rate) / (rows * columns) as f64).sqrt();
    assert!((share - rate).abs() < 5. * error, "{share}: none is swapped with itself");
    let one = xs.narrow(0, 0, 1)?;
    assert_eq!(bits(&layer::<kinds::Swap>(0.9).forward_t(&one, true)?), bits(&one));
    Ok(())
}

/// The indicators of a category come from one row: each row still has one of them.
#[test]
fn indicators_of_a_category_stay_together() -> Result<()> {
    let rows = 300;
    let one_hot = |row: usize| {
        let mut own = vec![row as f32, 0., 0., 0.];
        own[1 + row % 3] = 1.;
        own
    };
    let values: Vec<f32> = (0..rows).flat_map(one_hot).collect();
    let xs = Tensor::from_vec(values, (rows, 4), &Device::Cpu)?;
    let by_columns = kinds::Swap::of_columns(Some(&[0, 1, 1, 1]));
    let noise = SwapNoise::of_kind(by_columns, &[0.5], NoiseMap::new(7).builder().pp("a"))?;
    let ys = noise.forward_t(&xs, true)?.to_vec2::<f32>()?;
    assert!(ys.iter().all(|row| row[1..].iter().sum::<f32>() == 1.), "one indicator a row");
    let apart = ys.iter().filter(|row| row[1 + row[0] as usize % 3] == 0.).count();
    // A half of the numbers and of the categories move, on their own.
    assert!(apart > rows / 4, "{apart}");
    let error = noise.forward_t(&ramp(&[5, 3]), true).unwrap_err().to_string();
    assert!(error.contains("swap: expected rows of 4 elements, received 3"), "{error}");
    Ok(())
}

/// The gradient of a value goes to the row that it came from.
#[test]
fn gradients_follow_swapped_values() -> Result<()> {
    let xs = Var::from_tensor(&ramp(&[6, 4]))?;
    let ys = layer::<kinds::Swap>(0.5).forward_t(&xs, true)?;
    let weights = Tensor::arange(0f32, 24., &Device::Cpu)?.reshape((6, 4))?;
    let grads = (&ys * &weights)?.sum_all()?.backward()?;
    let (grad, ys, weights) = (
        grads.get(&xs).unwrap().to_vec2::<f32>()?,
        ys.to_vec2::<f32>()?,
        weights.to_vec2::<f32>()?,
    );
    let values = xs.to_vec2::<f32>()?;
    for row in 0..6 {
        for column in 0..4 {
            let own = values[row][column];
            let expected: f32 =
                (0..6).filter(|r| ys[*r][column] == own).map(|r| weights[r][column]).sum();
            assert_eq!(grad[row][column], expected);
        }
    }
    Ok(())
}

/// In sequences of 2, 3 and 5 steps values come from real steps only: no padding, which is 0 here. At the steps 3
/// and 4 the last sequence has no partner. A mask of ones has the bits of no mask.
#[test]
fn swapped_values_are_never_padding() -> Result<()> {
    let (lengths, replicas, steps) = ([2usize, 3, 5], 2, 5);
    let real = |row: usize, step: usize| u8::from(step < lengths[row]);
    let mask: Vec<u8> =
        (0..3).flat_map(|row| (0..steps).map(move |step| real(row, step))).collect();
    let mask = Tensor::from_vec(mask, (1, 3, steps, 1), &Device::Cpu)?;
    let value = |i: usize| (i + 1) as f32;
    let xs = Tensor::from_vec(
        (0..60).map(value).collect::<Vec<_>>(),
        (replicas, 3, steps, 2),
        &Device::Cpu,
    )?;
    let xs = xs.broadcast_mul(&mask.to_dtype(DType::F32)?)?;
    let build = || {
        let map = NoiseMap::replicated(&[1, 2]);
        SwapNoise::with_strengths(&[0.9, 0.9], map.builder().pp("a")).map(Slot::from)
    };
    let layer = build()?;
    let mut swapped = 0;
    for _ in 0..20 {
        let ys = layer.forward_masked(&xs, &mask, true)?;
        assert_eq!(
            bits(&ys.ne(0f32)?.to_dtype(DType::F32)?),
            bits(&xs.ne(0f32)?.to_dtype(DType::F32)?)
        );
        let last = |t: &Tensor| t.narrow(1, 2, 1)?.narrow(2, 3, 2)?.contiguous();
        assert_eq!(bits(&last(&ys)?), bits(&last(&xs)?));
        swapped += ys.ne(&xs)?.sum_all()?.to_scalar::<u8>()? as usize;
    }
    // Two replicas with 2 channels of 3 + 3 + 2 values that have a partner: 90 % of 32, 20 times.
    assert!((500..=640).contains(&swapped), "{swapped}");
    let ones = mask.ones_like()?;
    let plain = build()?.forward_t(&xs, true)?;
    assert_eq!(bits(&build()?.forward_masked(&xs, &ones, true)?), bits(&plain));
    Ok(())
}

/// A crop moves the whole image, zeros come in, and all moves are equally frequent.
#[test]
fn crops_move_images_and_fill_with_zeros() -> Result<()> {
    let images = 2000;
    let image = (ramp(&[1, 1, 4, 5]).abs()? + 1.)?;
    let xs = image.broadcast_as((images, 2, 4, 5))?.contiguous()?;
    let noise: RandomCrop = layer(1.);
    let noise = noise.channels(Channels::First);
    let ys = noise.forward_t(&xs, true)?;
    let image = image.squeeze(0)?.squeeze(0)?.to_vec2::<f32>()?;
    let moved = |down: i32, right: i32| -> Vec<f32> {
        let at = |y: i32, x: i32| {
            let (y, x) = (y + down, x + right);
            if (0..4).contains(&y) && (0..5).contains(&x) {
                image[y as usize][x as usize]
            } else {
                0.
            }
        };
        (0..4).flat_map(|y| (0..5).map(move |x| (y, x))).map(|(y, x)| at(y, x)).collect()
    };
    let mut counts = [0; 9];
    for row in 0..images {
        let [first, second] =
            [0, 1].map(|c| ys.get(row).and_then(|own| own.get(c)?.flatten_all()?.to_vec1::<f32>()));
        let (first, second) = (first?, second?);
        assert_eq!(first, second, "channels move together");
        let place =
            (0..9).find(|k| moved(k / 3 - 1, k % 3 - 1) == first).expect("a move by a pixel");
        counts[place as usize] += 1;
    }
    let error = (images as f64 / 9. * 8. / 9.).sqrt();
    assert!(
        counts.iter().all(|own| (f64::from(*own) - images as f64 / 9.).abs() < 5. * error),
        "{counts:?}"
    );
    // (B, H, W) and (B, H, W, C) as well.
    let plain = xs.narrow(1, 0, 1)?.squeeze(1)?.contiguous()?;
    let expected = ys.narrow(1, 0, 1)?.squeeze(1)?;
    assert_eq!(bits(&layer::<kinds::Crop>(1.).forward_t(&plain, true)?), bits(&expected));
    let last = xs.permute((0, 2, 3, 1))?.contiguous()?;
    let found = layer::<kinds::Crop>(1.).forward_t(&last, true)?;
    assert_eq!(bits(&found.permute((0, 3, 1, 2))?.contiguous()?), bits(&ys));
    let error = layer::<kinds::Crop>(1.).forward_t(&ramp(&[3, 2]), true).unwrap_err().to_string();
    assert!(
        error.contains("expected images of a height and a width, received rows [2]"),
        "{error}"
    );
    let steps = Tensor::ones((3, 4), DType::U8, &Device::Cpu)?;
    let sequences = Slot::from(layer::<kinds::Crop>(1.));
    let error = sequences.forward_masked(&ramp(&[3, 4, 2]), &steps, true).unwrap_err().to_string();
    assert!(error.contains("received rows with masked steps, such as sequences"), "{error}");
    let error = RandomCrop::new(0.5, NoiseMap::new(1).builder().pp("a")).unwrap_err().to_string();
    assert!(
        error.contains("padding must be a whole number of at least 0, received 0.5"),
        "{error}"
    );
    Ok(())
}

/// The mean of a row stays, and its deviation is multiplied by one factor, uniform in 1 ± 0.4.
#[test]
fn contrast_multiplies_the_deviation_of_a_row() -> Result<()> {
    let rows = 3000;
    let xs = ramp(&[1, 4, 4]).broadcast_as((rows, 4, 4))?.contiguous()?;
    let noise: ContrastNoise = layer(0.4);
    let ys = noise.forward_t(&xs, true)?.flatten_from(1)?;
    let xs = xs.flatten_from(1)?;
    let (means, noisy) = (xs.mean(1)?.to_vec1::<f32>()?, ys.mean(1)?.to_vec1::<f32>()?);
    assert!(means.iter().zip(noisy).all(|(a, b)| (a - b).abs() < 1e-5));
    let (xs, ys) = (xs.to_vec2::<f32>()?, ys.to_vec2::<f32>()?);
    let mut factors = Vec::new();
    for ((x, y), mean) in xs.iter().zip(&ys).zip(&means) {
        let factor = (y[0] - mean) / (x[0] - mean);
        let found = x.iter().zip(y).all(|(x, y)| (y - mean - factor * (x - mean)).abs() < 1e-5);
        assert!(found && (0.6..=1.4).contains(&factor), "{factor}");
        factors.push(f64::from(factor));
    }
    let mean = factors.iter().sum::<f64>() / rows as f64;
    let variance = factors.iter().map(|own| (own - mean).powi(2)).sum::<f64>() / rows as f64;
    // A uniform distribution of width 0.8: 0.8² / 12 = 0.0533.
    assert!((mean - 1.).abs() < 5. * (0.0533f64 / rows as f64).sqrt(), "{mean}");
    assert!((variance / 0.0533 - 1.).abs() < 0.1, "{variance}");
    let error = layer::<kinds::Contrast>(0.4).forward_t(&ramp(&[3, 2]), true).unwrap_err();
    assert!(error.to_string().contains("contrast: expected images"), "{error}");
    Ok(())
}

/// What holds for every layer: no step and the same bits in evaluation and at 0, the same draws at the same
/// address, replicas as alone, masked elements as they are.
#[test]
fn layers_of_rows_and_batches_are_layers_of_noise() -> Result<()> {
    fn check<K: BatchKind>(strength: f64) -> Result<()> {
        let xs = ramp(&[3, 4, 1, 5, 5]);
        let build = |seeds: &[u64], strengths: &[f64]| {
            let map = NoiseMap::replicated(seeds);
            let layer = BatchNoise::<K>::with_strengths(strengths, map.builder().pp("a"));
            layer.map(|own| (map, own.channels(Channels::First)))
        };
        let (map, layer) = build(&[1, 2, 3], &[strength, 0., strength])?;
        assert_eq!(bits(&layer.forward_t(&xs, false)?), bits(&xs));
        assert_eq!(map.steps()["a"], [0, 0, 0]);
        let ys = layer.forward_t(&xs, true)?;
        assert_eq!(map.steps()["a"], [1, 0, 1]);
        assert_eq!(bits(&ys.get(1)?), bits(&xs.get(1)?), "no noise at strength 0");
        assert_ne!(bits(&ys.get(0)?), bits(&xs.get(0)?));
        let (_, alone) = build(&[3], &[strength])?;
        assert_eq!(bits(&alone.forward_t(&xs.narrow(0, 2, 1)?, true)?), bits(&ys.narrow(0, 2, 1)?));
        assert_ne!(bits(&layer.forward_t(&xs, true)?), bits(&ys), "another draw each time");
        let mask = Tensor::zeros((3, 4), DType::U8, &Device::Cpu)?;
        let masked = Slot::from(layer).forward_masked(&xs, &mask, true)?;
        assert_eq!(bits(&masked), bits(&xs));
        Ok(())
    }
    check::<kinds::Swap>(0.5)?;
    check::<kinds::Crop>(1.)?;
    check::<kinds::Contrast>(0.5)
}

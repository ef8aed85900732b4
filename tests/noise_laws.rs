//! Laws of single layers of the noise family.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ModuleT;
use candle_noise::nn::{dense, replicated_vars, seq_t};
use candle_noise::noise::{
    AlphaDropout, DistributionNoise, Dropout, GaussianNoise, LaplaceNoise, NeftuneNoise, NoiseMap,
    SaltAndPepper, UniformNoise,
};
use candle_noise::rng::{Address, Stream};
use rand_distr::StandardNormal;

fn values(xs: &Tensor) -> Result<Vec<f64>> {
    xs.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
}

fn full(x: f64, shape: (usize, usize)) -> Result<Tensor> {
    Tensor::full(x as f32, shape, &Device::Cpu)
}

/// Kept values are a·x + b, dropped ones a·q + b, with the constants of law and paper.
#[test]
fn alpha_dropout_has_the_papers_constants() -> Result<()> {
    for (rate, a, b) in [(0.1, 0.921_284_5, 0.161_971_0), (0.5, 0.886_404_9, 0.779_193_9)] {
        let noise = AlphaDropout::seeded(rate, 1)?;
        for y in values(&noise.forward_t(&full(1., (10, 10))?, true)?)? {
            let dropped = a * -1.758_099_3 + b;
            assert!((y - a - b).abs() < 1e-6 || (y - dropped).abs() < 1e-6, "rate {rate}: {y}");
        }
    }
    Ok(())
}

#[test]
fn alpha_dropout_keeps_mean_zero_and_variance_one() -> Result<()> {
    let n = 1_000_000;
    let mut normals = vec![0f32; n];
    Address::new(1, "input", Stream::Data, 0).fill_normal(0, 1000, &mut normals);
    let xs = Tensor::from_vec(normals, (1000, 1000), &Device::Cpu)?;
    for rate in [0.1, 0.5] {
        let ys = values(&AlphaDropout::seeded(rate, 1)?.forward_t(&xs, true)?)?;
        let average = |f: fn(f64) -> f64| ys.iter().map(|&y| f(y)).sum::<f64>() / n as f64;
        let error = 5. / (n as f64).sqrt();
        assert!(average(|y| y).abs() < error, "rate {rate}: mean {}", average(|y| y));
        let (square, fourth) = (average(|y| y * y), average(|y| y.powi(4)));
        assert!((square - 1.).abs() < error * (fourth - 1.).sqrt(), "rate {rate}: {square}");
    }
    Ok(())
}

/// E‖noise‖² = α²/3, where a row's length is that of its real tokens.
#[test]
fn neftunes_norm_depends_neither_on_length_nor_on_padding() -> Result<()> {
    let (rows, alpha) = (4000, 5f64);
    for (tokens, real) in [(4, 4), (16, 4), (16, 16)] {
        let xs = Tensor::zeros((rows, tokens, 8), DType::F32, &Device::Cpu)?;
        let is_real = Tensor::arange(0u32, tokens as u32, &Device::Cpu)?.lt(real as u32)?;
        let mask = is_real.unsqueeze(0)?;
        let ys = NeftuneNoise::seeded(alpha, 1)?.forward_masked(&xs, &mask, true)?;
        let squares = values(&ys.flatten_from(1)?.sqr()?.sum(1)?)?;
        let mean = squares.iter().sum::<f64>() / rows as f64;
        let expected = alpha * alpha / 3.;
        // Var v² = 4/45, so a sum of n = 8 · real squares has the variance (α²/n)² n 4/45.
        let stddev = alpha * alpha * (4. / 45. / (8 * real) as f64).sqrt();
        assert!((mean - expected).abs() < 5. * stddev / (rows as f64).sqrt(), "{mean}");
    }
    Ok(())
}

#[test]
fn spatial_dropout_drops_whole_feature_maps() -> Result<()> {
    let xs = Tensor::ones((16, 32, 3, 5), DType::F32, &Device::Cpu)?;
    let ys = Dropout::spatial(0.25, 2, NoiseMap::new(1).builder().pp("a"))?.forward_t(&xs, true)?;
    let maps = ys.reshape((512, 15))?.to_vec2::<f32>()?;
    assert!(maps.iter().all(|map| *map == [0.; 15] || *map == [4f32 / 3.; 15]));
    let dropped = maps.iter().filter(|map| map[0] == 0.).count() as f64;
    // Binomial: 128 ± 5 √(512 · 0.25 · 0.75).
    assert!((dropped - 128.).abs() < 5. * 96f64.sqrt(), "{dropped} of 512");
    // The draw of a map is the draw of its channel.
    let dropout = Dropout::new(0.25, NoiseMap::new(1).builder().pp("a"))?;
    let channels = dropout.forward_t(&xs.narrow(2, 0, 1)?.narrow(3, 0, 1)?, true)?;
    assert_eq!(values(&channels)?, values(&ys.narrow(2, 0, 1)?.narrow(3, 0, 1)?)?);
    Ok(())
}

#[test]
fn salt_and_pepper_have_their_values_in_equal_shares() -> Result<()> {
    let noise = SaltAndPepper::seeded(0.3, 1)?.values(-2., 5.)?;
    let ys = values(&noise.forward_t(&full(1., (100, 1000))?, true)?)?;
    let share = |value: f64| ys.iter().filter(|y| **y == value).count() as f64 / ys.len() as f64;
    for (value, expected) in [(-2., 0.15), (5., 0.15), (1., 0.7)] {
        let error = 5. * (expected * (1. - expected) / 1e5f64).sqrt();
        assert!((share(value) - expected).abs() < error, "{value}: {}", share(value));
    }
    for (low, high) in [(1., 0.), (f64::NAN, 1.), (0., f64::INFINITY)] {
        let error = SaltAndPepper::seeded(0.3, 1)?.values(low, high).unwrap_err().to_string();
        assert!(error.contains(&format!("low {low} and high {high}")), "{error}");
    }
    Ok(())
}

/// Uniform noise stays within its half-width; a share e^-t of Laplace noise is beyond t scales.
#[test]
fn tails_are_those_of_the_distributions() -> Result<()> {
    let zeros = full(0., (100, 1000))?;
    let uniform = values(&UniformNoise::seeded(0.5, 1)?.forward_t(&zeros, true)?)?;
    let largest = uniform.iter().fold(0f64, |most, y| most.max(y.abs()));
    assert!((0.4999..=0.5).contains(&largest), "{largest}");
    let laplace = values(&LaplaceNoise::seeded(2., 1)?.forward_t(&zeros, true)?)?;
    for t in [0.5f64, 1., 3., 6.] {
        for sign in [1., -1.] {
            let share = laplace.iter().filter(|y| sign * **y > 2. * t).count() as f64 / 1e5;
            let expected = (-t).exp() / 2.;
            assert!((share - expected).abs() < 5. * (expected / 1e5).sqrt(), "{t}: {share}");
        }
    }
    Ok(())
}

/// A row draws from its own stream, however many words the distribution consumes.
#[test]
fn a_distributions_draws_are_those_of_the_rows_stream() -> Result<()> {
    let nb = NoiseMap::new(42).builder().pp("a");
    let noise = DistributionNoise::drawn_from(StandardNormal, 1., nb)?;
    let ys = noise.forward_t(&full(0., (3, 50))?, true)?.to_vec2::<f32>()?;
    for (row, ys) in ys.into_iter().enumerate() {
        let rng = Address::new(42, "a", Stream::Noise, 0).rng(row as u32);
        let draws: Vec<f32> = rand::Rng::sample_iter(rng, StandardNormal).take(50).collect();
        assert_eq!(ys, draws, "row {row}");
    }
    Ok(())
}

/// A sequence makes neighbours one op only where the op has the same noise.
#[test]
fn a_sequence_leaves_shared_axes_alone() -> Result<()> {
    let xs = Tensor::ones((1, 3, 2), DType::F32, &Device::Cpu)?;
    let build = |map: &NoiseMap| -> Result<_> {
        let vars = candle_nn::VarMap::new();
        let fc = dense(1, 2, 4, replicated_vars(&vars, &[1], DType::F32, &Device::Cpu).pp("fc"))?;
        Ok((fc, GaussianNoise::new(0.5, map.builder().pp("a"))?.shared_axes(&[0])))
    };
    let (maps, step) = ([NoiseMap::replicated(&[1]), NoiseMap::replicated(&[1])], true);
    let (fc, noise) = build(&maps[0])?;
    let one_by_one = noise.forward_t(&fc.forward_t(&xs, step)?, step)?;
    let (fc, noise) = build(&maps[1])?;
    let sequence = seq_t().add(fc).add(noise).forward_t(&xs, step)?;
    assert_eq!(values(&sequence)?, values(&one_by_one)?);
    Ok(())
}

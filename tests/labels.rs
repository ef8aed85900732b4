//! Labels that flip, and their mean, smoothed ones.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::ModuleT;
use candle_noise::NoiseMap;
use candle_noise::loss::{cross_entropy, smooth_cross_entropy, smooth_targets};
use candle_noise::noise::LabelNoise;
use candle_noise::objective::{BinaryCrossEntropy, Objective};

#[test]
fn a_share_of_labels_becomes_any_other_class() -> Result<()> {
    let (n, classes, rate) = (60_000u32, 4, 0.3);
    let labels: Vec<u32> = (0..n).map(|i| i % 4).collect();
    let noisy = LabelNoise::seeded(rate, classes, 1)?
        .forward_t(&Tensor::new(labels.clone(), &Device::Cpu)?, true)?
        .to_vec1::<u32>()?;
    let mut counts = [0.; 4];
    for (old, new) in labels.iter().zip(&noisy) {
        assert!(*new < 4);
        counts[((new + 4 - old) % 4) as usize] += 1.;
    }
    for (count, share) in counts.into_iter().zip([0.7f64, 0.1, 0.1, 0.1]) {
        let n = f64::from(n);
        assert!((count - share * n).abs() < 5. * (n * share * (1. - share)).sqrt(), "{counts:?}");
    }
    Ok(())
}

#[test]
fn label_noise_obeys_the_laws_of_the_family() -> Result<()> {
    let labels = Tensor::new(&[0f32, 1., 1., 0., 1., 0., 0., 1.].repeat(8)[..], &Device::Cpu)?;
    let map = NoiseMap::new(1);
    let noise = LabelNoise::new(0.4, 2, map.builder().pp("labels"))?;
    let values = |xs: &Tensor| xs.flatten_all()?.to_vec1::<f32>();
    assert_eq!(values(&noise.forward_t(&labels, false)?)?, values(&labels)?);
    map.set_strengths("labels", &[0.])?;
    assert_eq!(values(&noise.forward_t(&labels, true)?)?, values(&labels)?);
    assert_eq!(map.steps()["labels"], [0]);
    map.set_strengths("labels", &[0.4])?;
    let first = values(&noise.forward_t(&labels, true)?)?;
    assert_ne!(first, values(&labels)?);
    assert_ne!(first, values(&noise.forward_t(&labels, true)?)?, "the next step");
    let head = |seed| {
        LabelNoise::new(0.4, 2, NoiseMap::new(seed).builder().pp("labels"))?
            .forward_t(&labels.narrow(0, 0, 20)?, true)
    };
    assert_eq!(values(&head(1)?)?, first[..20], "a shorter batch is the beginning of a longer");

    let replicated = NoiseMap::replicated(&[2, 1]);
    let both = LabelNoise::with_strengths(&[0., 0.4], 2, replicated.builder().pp("labels"))?
        .forward_t(&Tensor::stack(&[&labels, &labels], 0)?, true)?;
    assert_eq!(values(&both.get(0)?)?, values(&labels)?);
    assert_eq!(values(&both.get(1)?)?, first, "a replica equals its solo run");
    Ok(())
}

#[test]
fn bad_rates_classes_and_labels_are_refused() -> Result<()> {
    for rate in [-0.1, 1., f64::NAN] {
        let error = LabelNoise::seeded(rate, 2, 1).unwrap_err().to_string();
        assert!(error.contains(&format!("below 1, received {rate}")), "{error}");
    }
    assert!(LabelNoise::seeded(0.1, 1, 1).unwrap_err().to_string().contains("received 1"));
    for bad in [2., 0.5, -1., f64::NAN] {
        let labels = Tensor::new(&[0., bad], &Device::Cpu)?;
        let error = LabelNoise::seeded(0.1, 2, 1)?.forward_t(&labels, true).unwrap_err();
        assert!(error.to_string().contains(&format!("below 2, received {bad}")), "{error}");
    }
    Ok(())
}

/// L' = (1 − ε) L(y) + ε L(½), and flips with probability r are smoothing by 2r in mean.
#[test]
fn smoothing_mixes_losses_and_is_the_mean_of_flipping() -> Result<()> {
    let logits = Tensor::new(&[[[1.5f64], [-0.3], [4.], [-2.]]], &Device::Cpu)?;
    let targets = Tensor::new(&[[1f64, 0., 0., 1.]], &Device::Cpu)?;
    let loss =
        |targets: &Tensor| BinaryCrossEntropy.loss(&logits, targets)?.get(0)?.to_scalar::<f64>();
    let rate = 0.1;
    let smooth = loss(&smooth_targets(&targets, 2. * rate)?)?;
    let mixed = 0.8 * loss(&targets)? + 0.2 * loss(&(targets.ones_like()? * 0.5)?)?;
    assert!((smooth - mixed).abs() < 1e-12, "{smooth} {mixed}");

    let noise = LabelNoise::seeded(rate, 2, 1)?;
    let n = 20_000;
    let flipped = (0..n).map(|_| loss(&noise.forward_t(&targets, true)?));
    let flipped = flipped.collect::<Result<Vec<f64>>>()?;
    let mean = flipped.iter().sum::<f64>() / f64::from(n);
    let variance = flipped.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / f64::from(n);
    assert!((mean - smooth).abs() < 5. * (variance / f64::from(n)).sqrt(), "{mean} {smooth}");
    Ok(())
}

/// −ln p = (2.407606, 1.407606, 0.407606): 0.9 · 0.407606 + 0.1 · mean 1.407606 for class 2.
#[test]
fn smoothed_classes_have_pytorchs_loss_and_gradient() -> Result<()> {
    let logits = Var::new(&[[[1f64, 2., 3.], [0., 0., 0.]]], &Device::Cpu)?;
    let targets = Tensor::new(&[[2u32, 0]], &Device::Cpu)?;
    let loss = smooth_cross_entropy(&logits, &targets, 0.1)?;
    let expected = (0.507_605_96 + 3f64.ln()) / 2.;
    assert!((loss.to_vec1::<f64>()?[0] - expected).abs() < 1e-8, "{loss}");
    // The gradient is softmax less the smoothed targets, over the batch.
    let grad = loss.backward()?.get(&logits).unwrap().get(0)?.to_vec2::<f64>()?;
    let (low, high) = (0.1 / 3., 0.9 + 0.1 / 3.);
    let third = 1. / 3.;
    let softmax = [[0.090_030_57, 0.244_728_47, 0.665_240_96], [third; 3]];
    let smooth = [[low, low, high], [high, low, low]];
    for (row, (softmax, smooth)) in grad.iter().zip(softmax.iter().zip(smooth)) {
        for (grad, (p, y)) in row.iter().zip(softmax.iter().zip(smooth)) {
            assert!((grad - (p - y) / 2.).abs() < 1e-8, "{grad}");
        }
    }
    let hard = smooth_cross_entropy(&logits, &targets, 0.)?.to_vec1::<f64>()?;
    assert_eq!(hard, cross_entropy(&logits, &targets)?.to_vec1::<f64>()?);
    Ok(())
}

#[test]
fn smoothing_out_of_range_and_integer_targets_are_refused() -> Result<()> {
    let targets = Tensor::zeros((1, 2), DType::F32, &Device::Cpu)?;
    let logits = Tensor::zeros((1, 2, 3), DType::F32, &Device::Cpu)?;
    for bad in [-0.1, 1.1, f64::NAN] {
        let expected = format!("[0, 1], received {bad}");
        let error = smooth_targets(&targets, bad).unwrap_err().to_string();
        assert!(error.contains(&expected), "{error}");
        let error = smooth_cross_entropy(&logits, &targets, bad).unwrap_err().to_string();
        assert!(error.contains(&expected), "{error}");
    }
    let error = smooth_targets(&targets.to_dtype(DType::U32)?, 0.1).unwrap_err().to_string();
    assert!(error.contains("received U32"), "{error}");
    Ok(())
}

//! Each op: to the bit if its operations are the same, within rounding after a product.

use candle_core::{Device, Result, Tensor, Var};
use candle_noise::ops::{
    AdamUpdate, Axis, NoiseDraw, StackLayer, adam, adam_corrections, add_noise, backward,
    bce_with_logits, binary_hits, no_grad, relu, stack,
};
use candle_noise::rng::{Address, Stream};

use super::{bits, device, difference, numbers};

fn draws(strengths: &[f64]) -> Vec<NoiseDraw> {
    let draw = |(r, &strength): (usize, &f64)| NoiseDraw {
        address: Address::new(r as u64, "hidden", Stream::Noise, 7),
        strength,
    };
    strengths.iter().enumerate().map(draw).collect()
}

#[test]
fn noise_has_the_cpus_bits() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let draws = draws(&[0.1, 0., 3.]);
    for (rows, row_len) in [(1, 1), (70, 2), (33, 5), (30, 500), (7, 1025), (2000, 1001)] {
        let xs = numbers(&[3, rows, row_len], rows)?;
        let expected = bits(&add_noise(&xs, &draws, Axis::Replicas)?)?;
        let ys = add_noise(&xs.to_device(&cuda)?, &draws, Axis::Replicas)?;
        assert!(ys.device().is_cuda());
        assert_eq!(bits(&ys)?, expected, "{rows} rows of {row_len}");
    }
    // A view: not from the start of its storage.
    let xs = numbers(&[4, 9, 13], 1)?;
    let view = xs.to_device(&cuda)?.narrow(0, 1, 3)?;
    let expected = add_noise(&xs.narrow(0, 1, 3)?, &draws, Axis::Replicas)?;
    assert_eq!(bits(&add_noise(&view, &draws, Axis::Replicas)?)?, bits(&expected)?);
    Ok(())
}

#[test]
fn rectifier_and_its_gradient_have_the_cpus_bits() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let run = |device: &Device| -> Result<[Vec<u32>; 2]> {
        let xs = Var::from_tensor(&numbers(&[5, 777], 2)?.to_device(device)?)?;
        let ys = relu(&xs)?;
        let pulled = (&ys * numbers(&[5, 777], 3)?.to_device(device)?)?;
        Ok([bits(&ys)?, bits(backward(&pulled)?.get(&xs).unwrap())?])
    };
    assert_eq!(run(&cuda)?, run(&Device::Cpu)?);
    Ok(())
}

/// Products are summed in another order: 1e-5 of the largest value.
#[test]
fn stacks_agree_in_values_and_gradients() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    for (shared, batch, widths) in
        [(true, 30, vec![2, 500, 1]), (false, 7, vec![5, 40, 33, 3]), (false, 1, vec![300, 200])]
    {
        let replicas = 3;
        let run = |device: &Device| -> Result<Vec<Tensor>> {
            let var = |shape: &[usize], salt: usize| {
                Var::from_tensor(&numbers(shape, salt)?.to_device(device)?)
            };
            let xs = var(&[if shared { 1 } else { replicas }, batch, widths[0]], 1)?;
            let (mut vars, mut layers) = (vec![xs.clone()], Vec::new());
            for (l, io) in widths.windows(2).enumerate() {
                let weight = var(&[replicas, io[0], io[1]], 2 * l)?;
                let bias = var(&[replicas, 1, io[1]], 2 * l + 1)?;
                let mut layer = StackLayer::new(&weight, &bias);
                if l + 2 < widths.len() {
                    layer.before = Some(draws(&[0.3, 0., 1.]));
                    layer.relu = true;
                    layer.after = Some(draws(&[0., 0.2, 0.5]));
                }
                layers.push(layer);
                vars.extend([weight, bias]);
            }
            let ys = stack(&xs, &layers, true)?;
            let silent = no_grad(|| stack(&xs, &layers, false))?;
            assert_eq!(bits(&silent)?, bits(&ys)?, "{device:?}");
            let pull = numbers(ys.dims(), 9)?.to_device(device)?;
            let grads = backward(&(&ys * pull)?)?;
            let grads = vars.iter().map(|var| grads.get(var).unwrap().clone());
            Ok([ys.clone()].into_iter().chain(grads).collect())
        };
        for (i, (found, expected)) in run(&cuda)?.iter().zip(&run(&Device::Cpu)?).enumerate() {
            assert_eq!(found.shape(), expected.shape());
            let difference = difference(found, expected)?;
            assert!(difference < 1e-5, "{widths:?}, tensor {i}: {difference}");
        }
    }
    Ok(())
}

#[test]
fn loss_accuracy_and_gradient_have_the_cpus_bits() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let run = |device: &Device| -> Result<[Vec<u32>; 3]> {
        let logits = (numbers(&[11, 37, 1], 4)? * 30.)?.to_device(device)?;
        let logits = Var::from_tensor(&logits)?;
        let targets = numbers(&[1, 37], 5)?.gt(0f32)?.to_device(device)?;
        let losses = bce_with_logits(&logits, &targets)?;
        let pulled = (&losses * numbers(&[11], 6)?.to_device(device)?)?;
        let grad = bits(backward(&pulled)?.get(&logits).unwrap())?;
        Ok([bits(&losses)?, bits(&binary_hits(&logits, &targets)?)?, grad])
    };
    assert_eq!(run(&cuda)?, run(&Device::Cpu)?);
    Ok(())
}

#[test]
fn adam_has_the_cpus_bits() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let run = |device: &Device| -> Result<[Vec<u32>; 2]> {
        let var = Var::from_tensor(&numbers(&[3, 1001], 1)?.to_device(device)?)?;
        let moments = Var::from_tensor(&numbers(&[2, 3, 1001], 2)?.abs()?.to_device(device)?)?;
        for step in 1..=20 {
            let grad = numbers(&[3, 1001], 10 + step)?.to_device(device)?;
            let update = AdamUpdate {
                learning_rate: 0.01,
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-7,
                weight_decay: 0.01,
                corrections: adam_corrections(0.9, 0.999, step as u64),
            };
            adam(&var, &moments, &grad, update)?;
        }
        Ok([bits(&var)?, bits(&moments)?])
    };
    assert_eq!(run(&cuda)?, run(&Device::Cpu)?);
    Ok(())
}

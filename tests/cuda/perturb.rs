//! Noise of every kind: the CPU's bits, drawn on the device.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_noise::NoiseMap;
use candle_noise::noise::Per;
use candle_noise::ops::backward;
use libloading::os::unix::Library;

use super::{bits, device, numbers};
use crate::noise_members::{Member, family};

/// Returns how often this thread has copied from a device to the host, if the driver counts it.
fn copies_to_host() -> Option<usize> {
    // SAFETY: the tests' driver alone has a function of this name, and it has this type.
    let count = unsafe {
        Library::this().get::<extern "C" fn() -> usize>("test_cuda_copies_to_host").ok()?()
    };
    Some(count)
}

/// The bits of a forward and a masked pass and of their gradients, and the copies to the host.
fn run(
    member: &Member,
    is_replicated: bool,
    axes: &[usize],
    device: &Device,
) -> Result<(Vec<Vec<u32>>, Option<usize>)> {
    let (map, strengths) = if is_replicated {
        let strengths = vec![member.strength, 0., member.strength / 2.];
        (NoiseMap::replicated(&[1, 2, 1 << 40]), strengths)
    } else {
        (NoiseMap::new(1), vec![member.strength])
    };
    let layer = (member.build)(&strengths, axes, map.builder().pp("a"))?;
    let xs = numbers(&[3, 5, 7, 6], 1)?;
    // A fifth of them are zeros of either sign.
    let xs = (&xs * xs.abs()?.gt(0.2f32)?.to_dtype(DType::F32)?)?;
    let xs = Var::from_tensor(&xs.to_device(device)?)?;
    let pull = numbers(&[3, 5, 7, 6], 2)?.to_device(device)?;
    // With replicas the first row has no real element.
    let mask: Vec<u8> = (0..3 * 5 * 7).map(|i| u8::from(i >= 7 && i % 3 != 0)).collect();
    let mask = Tensor::from_vec(mask, (3, 5, 7), device)?;
    let before = copies_to_host();
    let mut found = Vec::new();
    for ys in [layer.forward_t(&xs, true)?, layer.masked(&xs, &mask)?] {
        let grads = backward(&(&ys * &pull)?)?;
        found.extend([ys, grads.get(&xs).unwrap().clone()]);
    }
    let copies = copies_to_host().zip(before).map(|(after, before)| after - before);
    assert!(found.iter().all(|tensor| tensor.device().same_device(device)));
    Ok((found.iter().map(bits).collect::<Result<_>>()?, copies))
}

#[test]
fn every_member_has_the_cpus_bits_without_a_copy_to_the_host() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    for member in family() {
        for (is_replicated, axes) in [
            (false, &[][..]),
            (false, &[1, 2]),
            (false, &[0]),
            (true, &[]),
            (true, &[1]),
            (true, &[0]),
        ] {
            let case = format!("{} {is_replicated} {axes:?}", member.name);
            let (found, copies) = run(&member, is_replicated, axes, &cuda)?;
            let (expected, _) = run(&member, is_replicated, axes, &Device::Cpu)?;
            assert!(found == expected, "{case}");
            match copies {
                // Any distribution has no law in plain data.
                Some(copies) => {
                    assert_eq!(copies > 0, member.name == "DistributionNoise", "{case}")
                }
                None => println!("skipped: the driver does not count copies"),
            }
        }
    }
    Ok(())
}

/// Rows of a later batch, of one draw and of a device.
#[test]
fn noise_in_evaluation_has_the_cpus_rows() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    for member in family() {
        for per in [Per::Row, Per::Batch, Per::Device] {
            let run = |device: &Device| -> Result<Vec<u32>> {
                let map = NoiseMap::replicated(&[1, 2]);
                let strengths = [member.strength, member.strength / 2.];
                let layer = (member.build)(&strengths, &[], map.builder().pp("a"))?;
                let xs = numbers(&[2, 5, 7], 1)?.to_device(device)?;
                bits(&map.with_test_noise(3, per, 11, || layer.forward_t(&xs, false))?)
            };
            assert_eq!(run(&cuda)?, run(&Device::Cpu)?, "{} {per:?}", member.name);
        }
    }
    Ok(())
}

#[test]
fn shapes_without_rows_or_axes_are_served() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    for member in family() {
        for shape in [&[][..], &[5], &[2, 1], &[0, 3], &[3, 0]] {
            let run = |device: &Device| -> Result<Vec<u32>> {
                let xs = numbers(shape, 1)?.to_device(device)?;
                let mask = Tensor::ones(shape, DType::U8, &Device::Cpu)?.to_device(device)?;
                bits(&member.layer(&NoiseMap::new(1), "a").masked(&xs, &mask)?)
            };
            assert_eq!(run(&cuda)?, run(&Device::Cpu)?, "{} {shape:?}", member.name);
        }
    }
    Ok(())
}

//! Philox and the noise, to the bit.

use candle_core::{Device, Result, Tensor};
use candle_noise::ops::{Axis, NoiseDraw, add_noise};
use candle_noise::rng::{Address, Stream, philox4x32};

use super::{bits, launch, library, numbers};

type AddNoise = extern "C" fn(usize, *const f32, *mut f32, *const u32, u32, usize, usize, u32);

/// What the kernels add to the steps of their tables.
pub const FIRST: u32 = 5;

/// One draw a replica, each with its own seed and step, as a kernel reads it.
pub fn draws(strengths: &[f64]) -> (Vec<NoiseDraw>, Vec<u32>) {
    let draw = |(r, &strength): (usize, &f64)| NoiseDraw {
        address: Address::new(r as u64 + 5, "hidden.0", Stream::Noise, 3 * r as u32),
        strength,
    };
    let draws: Vec<NoiseDraw> = strengths.iter().enumerate().map(draw).collect();
    let words = |draw: &NoiseDraw| {
        let [k0, k1] = draw.address.key.words();
        let stddev = (draw.strength as f32).to_bits();
        [k0, k1, draw.address.step.wrapping_sub(FIRST), draw.address.stream as u32, stddev]
    };
    let table = draws.iter().flat_map(words).collect();
    (draws, table)
}

#[test]
fn words_are_those_of_philox() {
    let Some(library) = library() else { return };
    let counters = (0..1000u32).map(|i| [i, i.wrapping_mul(0x9E37_79B9), !i, i << 24]);
    for counter in counters.chain([[0; 4], [u32::MAX; 4]]) {
        for key in [[0, 0], [u32::MAX; 2], [counter[1], 77]] {
            let mut words = counter;
            // SAFETY: the function has this type.
            unsafe {
                let philox = library.get::<extern "C" fn(*mut u32, *const u32)>("philox");
                philox.unwrap()(words.as_mut_ptr(), key.as_ptr());
            }
            assert_eq!(words, philox4x32(counter, key));
        }
    }
}

#[test]
fn noise_has_the_cpus_bits() -> Result<()> {
    let Some(library) = library() else { return Ok(()) };
    let (draws, table) = draws(&[0.1, 0., 2.5, 1e-3]);
    let shapes = [(1, 1), (1, 3), (70, 2), (33, 5), (30, 500), (7, 501), (3, 1025), (300, 700)];
    for (rows, row_len) in shapes {
        let mut xs = numbers(4 * rows * row_len, rows);
        // Replica 1 has no noise: what it has must stay as it is.
        xs[rows * row_len] = -0.;
        let expected = Tensor::from_slice(&xs, (4, rows, row_len), &Device::Cpu)?;
        let expected =
            add_noise(&expected, &draws, Axis::Replicas)?.flatten_all()?.to_vec1::<f32>()?;
        for each in [1, 4] {
            let mut ys = vec![f32::NAN; xs.len()];
            let (tasks, out) = (4 * rows * row_len.div_ceil(4), ys.as_mut_ptr());
            launch(library, "add_noise", tasks, |add_noise: AddNoise| {
                add_noise(tasks, xs.as_ptr(), out, table.as_ptr(), FIRST, rows, row_len, each)
            });
            assert_eq!(bits(&ys), bits(&expected), "{rows} rows of {row_len}, {each} a thread");
        }
    }
    Ok(())
}

//! Noise by laws, to the bit: the kernel beside the layers.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor, Var};
use candle_noise::noise::NoiseMap;

use super::noise::{FIRST, draws};
use super::{bits, launch, library, numbers};
use crate::noise_members::family;

type Perturb = extern "C" fn(
    usize,
    *const f32,
    *mut f32,
    *const u32,
    u32,
    *const [u64; 9],
    *const usize,
    *const f64,
    usize,
    usize,
    u32,
    u32,
    i32,
);

/// A band as the kernel reads it: its end, the effect and the effect's numbers.
type Band = (f64, u64, f64, f64);

const NONE: Band = (f64::NEG_INFINITY, 0, 0., 0.);

/// The law of a member, with the constants of its source; there is none for any distribution.
fn law(name: &str, strength: f64) -> Option<[u64; 9]> {
    let (q, keep) = (-1.758_099_340_847_376_6, 1. - strength);
    let all = |effect, number| [(f64::INFINITY, effect, number, 0.), NONE];
    let (draw, bands): (u64, [Band; 2]) = match name {
        _ if strength == 0. => (0, [NONE; 2]),
        "GaussianNoise" => (2, all(0, strength)),
        "UniformNoise" => (1, all(0, strength)),
        "LaplaceNoise" => (3, all(0, strength)),
        "NeftuneNoise" => (1, all(1, strength)),
        "SpeckleNoise" => (2, all(2, strength)),
        "GaussianDropout" => (2, all(2, (strength / keep).sqrt())),
        "Dropout" => (0, [(strength, 4, 0., 0.), (f64::INFINITY, 3, 1. / keep, 0.)]),
        "AlphaDropout" => {
            let a = 1. / (keep * (1. + strength * q * q)).sqrt();
            let b = -a * strength * q;
            (0, [(strength, 4, a * q + b, 0.), (f64::INFINITY, 3, a, b)])
        }
        "Salt" => (0, [(strength / 2., 4, 0., 0.), (strength, 4, 1., 0.)]),
        _ => return None,
    };
    let words = |(end, effect, a, b): Band| [end.to_bits(), effect, a.to_bits(), b.to_bits()];
    let words = [&[draw][..], &words(bands[0]), &words(bands[1])].concat();
    Some(words.try_into().unwrap())
}

/// Rows of (2, 3): each element with its own draw, one for each column, one for each row of two.
#[test]
fn noise_by_laws_has_the_cpus_bits() -> Result<()> {
    let Some(library) = library() else { return Ok(()) };
    let (rows, row_len, n) = (700, 6, 3 * 700 * 6);
    let (mut xs, pull) = (numbers(n, 1), numbers(n, 2));
    xs[row_len * rows..][..3].copy_from_slice(&[-0., f32::INFINITY, 1e-44]);
    // Gaussian noise whose elements share no draws is another kernel's.
    let by_axes: [(&[usize], Option<[usize; 6]>); 3] =
        [(&[], None), (&[0], Some([0, 1, 2, 0, 1, 2])), (&[1], Some([0, 0, 0, 1, 1, 1]))];
    let mut compared = 0;
    for member in family() {
        let strengths = [member.strength, 0., member.strength / 2.];
        let laws = strengths.map(|strength| law(member.name, strength));
        let [Some(a), Some(b), Some(c)] = laws else { continue };
        let (laws, (_, table)) = ([a, b, c], draws(&strengths));
        for (axes, indices) in &by_axes[usize::from(member.name == "GaussianNoise")..] {
            let map = NoiseMap::replicated(&[5, 6, 7]);
            let layer = (member.build)(&strengths, axes, map.builder().pp("hidden.0"))?;
            map.set_steps(&BTreeMap::from([("hidden.0".to_string(), vec![0, 3, 6])]))?;
            let shape = (3, rows, 2, 3);
            let input = Var::from_slice(&xs, shape, &Device::Cpu)?;
            let outputs = layer.forward_t(&input, true)?;
            let pulled = (&outputs * Tensor::from_slice(&pull, shape, &Device::Cpu)?)?;
            let grads = pulled.backward()?;
            let run = |xs: &[f32], is_backward: i32| {
                let (mut ys, tasks) = (vec![f32::NAN; n], 3 * rows * row_len.div_ceil(4));
                let (out, indices) = (ys.as_mut_ptr(), indices.as_ref());
                let indices = indices.map_or(std::ptr::null(), |indices| indices.as_ptr());
                launch(library, "perturb", tasks, |perturb: Perturb| {
                    let (xs, table, laws) = (xs.as_ptr(), table.as_ptr(), laws.as_ptr());
                    let real = std::ptr::null();
                    perturb(
                        tasks,
                        xs,
                        out,
                        table,
                        FIRST,
                        laws,
                        indices,
                        real,
                        rows,
                        row_len,
                        0,
                        1,
                        is_backward,
                    );
                });
                ys
            };
            let flat = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
            let (name, ys) = (member.name, flat(&outputs)?);
            assert_eq!(bits(&run(&xs, 0)), bits(&ys), "{name} {axes:?}");
            // Candle adds a gradient to zeros, after which none is -0.
            let dx: Vec<f32> = run(&pull, 1).iter().map(|x| x + 0.).collect();
            let expected = flat(grads.get(&input).unwrap())?;
            assert_eq!(bits(&dx), bits(&expected), "{name} {axes:?}: gradient");
            compared += 1;
        }
    }
    assert_eq!(compared, 9 * 3 - 1);
    Ok(())
}

//! What else a training step launches; all of it has the bits of the CPU, since each kernel makes
//! the same operations in the same order.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_noise::ops::{
    AdamUpdate, StackLayer, adam, adam_corrections, backward, bce_with_logits, binary_hits, relu,
    stack,
};

use super::noise::{FIRST, draws};
use super::{bits, launch, library, numbers};

type One = extern "C" fn(usize, *const f32, *mut f32);
type Two = extern "C" fn(usize, *const f32, *const f32, *mut f32);

fn flat(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

fn var(values: &[f32], shape: &[usize]) -> Result<Var> {
    Var::from_tensor(&Tensor::from_slice(values, shape, &Device::Cpu)?)
}

#[test]
fn rectifier_and_its_gradient() -> Result<()> {
    let Some(library) = library() else { return Ok(()) };
    let mut xs = numbers(1000, 1);
    xs[..4].copy_from_slice(&[0., -0., f32::INFINITY, f32::NAN]);
    let (pull, n) = (numbers(1000, 2), xs.len());
    let input = var(&xs, &[n])?;
    let outputs = relu(&input)?;
    let expected = (&outputs * Tensor::from_slice(&pull, n, &Device::Cpu)?)?.backward()?;
    let (mut ys, mut dx) = (vec![0f32; n], vec![0f32; n]);
    let out = ys.as_mut_ptr();
    launch(library, "relu", n, |relu: One| relu(n, xs.as_ptr(), out));
    let out = dx.as_mut_ptr();
    launch(library, "relu_grad", n, |grad: Two| grad(n, ys.as_ptr(), pull.as_ptr(), out));
    assert_eq!(bits(&ys), bits(&flat(&outputs)?));
    assert_eq!(bits(&dx), bits(&flat(expected.get(&input).unwrap())?));
    Ok(())
}

/// A wide layer with the identity for its weights: its product is its input.
#[test]
fn bias_noise_and_rectifier_after_a_product_with_gradients() -> Result<()> {
    type Finish = extern "C" fn(usize, *mut f32, *const f32, *const u32, u32, usize, usize, i32);
    type SumRows = extern "C" fn(usize, *const f32, *mut f32, usize, usize);
    let Some(library) = library() else { return Ok(()) };
    let (replicas, rows, width) = (3, 11, 150);
    let (draws, table) = draws(&[0.3, 0., 1.]);
    let n = replicas * rows * width;
    let (xs, bias, pull) = (numbers(n, 1), numbers(replicas * width, 2), numbers(n, 3));
    let identity = Tensor::eye(width, DType::F32, &Device::Cpu)?;
    let weight = identity.broadcast_as((replicas, width, width))?.contiguous()?;
    for (noisy, rectified) in [(true, true), (true, false), (false, true), (false, false)] {
        let bias_var = var(&bias, &[replicas, 1, width])?;
        let mut layer = StackLayer::new(&weight, &bias_var);
        layer.before = noisy.then(|| draws.clone());
        layer.relu = rectified;
        let input = var(&xs, &[replicas, rows, width])?;
        let outputs = stack(&input, &[layer], true)?;
        let pulled = (&outputs * Tensor::from_slice(&pull, outputs.shape(), &Device::Cpu)?)?;
        let grads = backward(&pulled)?;

        let mut ys = xs.clone();
        let (out, bias) = (ys.as_mut_ptr(), bias.as_ptr());
        let draws = if noisy { table.as_ptr() } else { std::ptr::null() };
        let tasks = replicas * rows * width.div_ceil(4);
        launch(library, "finish", tasks, |finish: Finish| {
            finish(tasks, out, bias, draws, FIRST, rows, width, rectified.into())
        });
        assert_eq!(bits(&ys), bits(&flat(&outputs)?), "{noisy} {rectified}");

        let mut grad = pull.clone();
        if rectified {
            let out = grad.as_mut_ptr();
            type Gate = extern "C" fn(usize, *mut f32, *const f32);
            launch(library, "gate", n, |gate: Gate| gate(n, out, ys.as_ptr()));
        }
        let mut sums = vec![f32::NAN; replicas * width];
        let (tasks, out) = (sums.len(), sums.as_mut_ptr());
        launch(library, "sum_rows", tasks, |sum_rows: SumRows| {
            sum_rows(tasks, grad.as_ptr(), out, rows, width)
        });
        assert_eq!(bits(&sums), bits(&flat(grads.get(&bias_var).unwrap())?));
        assert_eq!(bits(&grad), bits(&flat(grads.get(&input).unwrap())?));
    }
    Ok(())
}

/// Of all rows with targets of their own, and of some rows of each replica with shared ones.
#[test]
fn loss_accuracy_and_gradient() -> Result<()> {
    type Scores =
        extern "C" fn(usize, *const f32, *const f32, *mut f32, usize, usize, usize, i32, i32);
    type Sum = extern "C" fn(usize, *const f32, *mut f32, usize, usize);
    type Grad =
        extern "C" fn(usize, *const f32, *const f32, *const f32, *mut f32, usize, usize, usize);
    let Some(library) = library() else { return Ok(()) };
    let (replicas, stride) = (300, 37);
    let mut zs: Vec<f32> = numbers(replicas * stride, 4).iter().map(|z| z * z * z).collect();
    zs[..7].copy_from_slice(&[0., -0., 200., -200., 87.5, 1e-30, f32::NAN]);
    let all = var(&zs, &[replicas, stride, 1])?;
    let pull = numbers(replicas, 6);
    for (first, batch, own) in [(0, 37, true), (5, 20, false)] {
        let targets = numbers(if own { replicas * batch } else { batch }, 5);
        let ys: Vec<f32> = targets.iter().map(|y| f32::from(*y > 0.)).collect();
        let targets = Tensor::from_slice(&ys, (ys.len() / batch, batch), &Device::Cpu)?;
        let logits = Var::from_tensor(&all.narrow(1, first, batch)?)?;
        let losses = bce_with_logits(&logits, &targets)?;
        let weighted = (&losses * Tensor::from_slice(&pull, replicas, &Device::Cpu)?)?;
        let grads = weighted.backward()?;
        let losses = flat(&losses)?;
        let hits = flat(&binary_hits(&logits, &targets)?)?;

        let (n, shared, zs) = (replicas * batch, ys.len(), zs[first..].as_ptr());
        let both = [&losses[..], &hits].concat();
        for (loss, counted, expected) in [(1, 0, &losses), (0, 1, &hits), (1, 1, &both)] {
            let mut values = vec![0f32; expected.len() * batch];
            let mut sums = vec![f32::INFINITY; expected.len()];
            let out = values.as_mut_ptr();
            launch(library, "binary_scores", n, |scores: Scores| {
                scores(n, zs, ys.as_ptr(), out, batch, stride, shared, loss, counted)
            });
            let out = sums.as_mut_ptr();
            let means = if loss == 1 { replicas } else { 0 };
            launch(library, "sum_by_replica", expected.len(), |sum: Sum| {
                sum(expected.len(), values.as_ptr(), out, batch, means)
            });
            assert!(loss == 0 || sums[0].is_nan(), "NaN must not be hidden");
            assert_eq!(bits(&sums[1..]), bits(&expected[1..]), "{loss} {counted}");
        }
        let (mut dz, nan) = (vec![f32::INFINITY; n], 6 - first);
        let out = dz.as_mut_ptr();
        launch(library, "bce_grad", n, |f: Grad| {
            f(n, zs, ys.as_ptr(), pull.as_ptr(), out, batch, stride, shared)
        });
        let expected = flat(grads.get(&logits).unwrap())?;
        assert!(dz[nan].is_nan());
        // Candle adds a gradient to zeros, after which none is -0.
        dz.iter_mut().for_each(|x| *x += 0.);
        assert_eq!(bits(&dz[nan + 1..]), bits(&expected[nan + 1..]));
        assert_eq!(bits(&dz[..nan]), bits(&expected[..nan]));
    }
    Ok(())
}

#[test]
fn five_steps_of_adam() -> Result<()> {
    /// As the kernel's own.
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct Numbers([f32; 8]);
    type Adam = extern "C" fn(usize, *mut f32, *mut f32, *const f32, Numbers);
    let Some(library) = library() else { return Ok(()) };
    let n = 1003;
    let (mut weights, mut moments) = (numbers(n, 1), vec![0f32; 2 * n]);
    let (weights_var, moments_var) = (var(&weights, &[n])?, var(&moments, &[2, n])?);
    for step in 1..=5 {
        let grad = numbers(n, 10 + step);
        let (learning_rate, beta1, beta2, eps, weight_decay) = (0.01, 0.9, 0.999, 1e-7, 0.1);
        let corrections = adam_corrections(beta1, beta2, step as u64);
        let update = AdamUpdate { learning_rate, beta1, beta2, eps, weight_decay, corrections };
        adam(&weights_var, &moments_var, &Tensor::from_slice(&grad, n, &Device::Cpu)?, update)?;

        let (first_scale, second_scale) = corrections;
        let numbers = [
            beta1,
            1. - beta1,
            beta2,
            1. - beta2,
            learning_rate * first_scale,
            second_scale,
            1. - learning_rate * weight_decay,
            eps,
        ];
        let numbers = Numbers(numbers.map(|x| x as f32));
        let (w, m) = (weights.as_mut_ptr(), moments.as_mut_ptr());
        launch(library, "adam", n, |adam: Adam| adam(n, w, m, grad.as_ptr(), numbers));
        assert_eq!(bits(&weights), bits(&flat(&weights_var)?), "step {step}");
        assert_eq!(bits(&moments), bits(&flat(&moments_var)?), "step {step}");
    }
    Ok(())
}

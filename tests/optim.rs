//! Adam and gradient descent against hand arithmetic.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::Optimizer;
use candle_noise::optim::{Adam, AdamOptions, OptimizerState, SaveState, Sgd, SgdOptions};

/// The loss whose gradient in `var` is `grad`.
fn loss(var: &Var, grad: &[f64]) -> Result<Tensor> {
    let grad = Tensor::new(grad, &Device::Cpu)?.to_dtype(var.dtype())?;
    (var.as_tensor() * grad)?.sum_all()
}

/// Algorithm 1 of the paper, one scalar at a time, in double precision.
fn by_hand(mut w: f64, grads: &[f64], o: AdamOptions) -> f64 {
    let (mut m, mut v) = (0., 0.);
    for (t, g) in (1..).zip(grads) {
        m = o.beta1 * m + (1. - o.beta1) * g;
        v = o.beta2 * v + (1. - o.beta2) * g * g;
        let (m_hat, v_hat) = (m / (1. - o.beta1.powi(t)), v / (1. - o.beta2.powi(t)));
        w -=
            o.learning_rate * o.weight_decay * w + o.learning_rate * m_hat / (v_hat.sqrt() + o.eps);
    }
    w
}

#[test]
fn three_steps_by_hand_in_both_precisions() -> Result<()> {
    let options = AdamOptions::default().learning_rate(0.1).weight_decay(0.01);
    let grads = [[1., -0.5], [0.2, 3.], [-4., 0.]];
    for (dtype, tolerance) in [(DType::F64, 1e-14), (DType::F32, 1e-6)] {
        let var = Var::from_tensor(&Tensor::new(&[1f64, -2.], &Device::Cpu)?.to_dtype(dtype)?)?;
        let mut adam = Adam::new(vec![var.clone()], options)?;
        for grad in &grads {
            adam.backward_step(&loss(&var, grad)?)?;
        }
        let found = var.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        for (i, start) in [1., -2.].into_iter().enumerate() {
            let expected = by_hand(start, &grads.map(|grad| grad[i]), options);
            assert!((found[i] - expected).abs() < tolerance, "{dtype:?}: {found:?} {expected}");
        }
        assert_eq!(adam.state()?.steps, 3);
    }
    Ok(())
}

#[test]
fn the_first_step_has_the_length_of_the_learning_rate_and_defaults_are_kerass() -> Result<()> {
    let var = Var::new(&[0f32, 0.], &Device::Cpu)?;
    let mut adam = Adam::new(vec![var.clone()], AdamOptions::default())?;
    adam.backward_step(&loss(&var, &[1e-7, -5.])?)?;
    // m̂ / (√v̂ + ε) = g / (|g| + 1e-7): a half for g = 1e-7, one for large gradients.
    let found = var.to_vec1::<f32>()?;
    assert!((found[0] + 0.0005).abs() < 1e-9 && (found[1] - 0.001).abs() < 1e-9, "{found:?}");
    assert_eq!(adam.learning_rate(), 0.001);
    Ok(())
}

#[test]
fn saved_moments_and_steps_continue_exactly() -> Result<()> {
    let run = |interrupt: bool, restore_step: bool| -> Result<Vec<f32>> {
        let var = Var::new(&[1f32, -2.], &Device::Cpu)?;
        let mut adam = Adam::new(vec![var.clone()], AdamOptions::default())?;
        for step in 0..6 {
            if interrupt && step == 3 {
                let OptimizerState { steps, moments } = adam.state()?;
                let steps = if restore_step { steps } else { 0 };
                adam = Adam::new(vec![var.clone()], AdamOptions::default())?;
                adam.set_state(&OptimizerState { steps, moments })?;
            }
            adam.backward_step(&loss(&var, &[f64::from(step) - 2., 1.])?)?;
        }
        var.to_vec1::<f32>()
    };
    assert_eq!(run(true, true)?, run(false, true)?);
    assert_ne!(run(true, false)?, run(false, true)?);
    Ok(())
}

#[test]
fn a_missing_gradient_is_an_error_and_changes_nothing() -> Result<()> {
    let (used, unused) = (Var::new(&[1f32], &Device::Cpu)?, Var::new(&[[2f32, 3.]], &Device::Cpu)?);
    let mut adam = Adam::new(vec![used.clone(), unused], AdamOptions::default())?;
    let error = adam.backward_step(&loss(&used, &[1.])?).unwrap_err().to_string();
    assert!(error.contains("no gradient for a variable of shape [1, 2]"), "{error}");
    assert_eq!((used.to_vec1::<f32>()?, adam.state()?.steps), (vec![1.], 0));
    Ok(())
}

#[test]
fn options_out_of_range_and_foreign_states_are_refused() -> Result<()> {
    let options = AdamOptions::default();
    let bad = [
        options.learning_rate(f64::NAN),
        options.betas(1., options.beta2),
        options.betas(options.beta1, -0.1),
        options.eps(f64::INFINITY),
        options.weight_decay(-1.),
    ];
    for options in bad {
        assert!(Adam::new(vec![], options).is_err(), "{options:?}");
    }
    let mut adam = Adam::new(vec![Var::new(&[1f32], &Device::Cpu)?], options)?;
    let foreign = OptimizerState { steps: 1, moments: vec![] };
    let error = adam.set_state(&foreign).unwrap_err().to_string();
    assert!(error.contains("[[2, 1]], received []"), "{error}");
    Ok(())
}

/// Long variables are shared out among threads.
#[test]
fn an_element_of_a_long_variable_moves_as_it_would_alone() -> Result<()> {
    let count = 100_003;
    let wave = |step: f32| (0..count).map(move |i| (step * i as f32).sin());
    let moved = |weights: Vec<f32>, grads: Vec<f32>| -> Result<Vec<f32>> {
        let var = Var::new(weights, &Device::Cpu)?;
        let mut adam = Adam::new(vec![var.clone()], AdamOptions::default())?;
        for _ in 0..3 {
            let loss = (var.as_tensor() * Tensor::new(grads.clone(), &Device::Cpu)?)?.sum_all()?;
            adam.backward_step(&loss)?;
        }
        var.to_vec1()
    };
    let together = moved(wave(0.3).collect(), wave(0.7).collect())?;
    for first in (0..count).step_by(9001) {
        let of = |step| wave(step).skip(first).take(64).collect();
        let alone = moved(of(0.3), of(0.7))?;
        assert_eq!(together[first..][..alone.len()], alone, "from element {first} on");
    }
    Ok(())
}

/// PyTorch's rule: v ← 0.9 v + g from v = 0, w ← w − 0.1 v; without Nesterov's look ahead and damping.
#[test]
fn two_steps_of_gradient_descent_with_momentum_are_pytorchs() -> Result<()> {
    let options = SgdOptions::default().learning_rate(0.1).momentum(0.9);
    for (dtype, tolerance) in [(DType::F64, 1e-15), (DType::F32, 1e-6)] {
        let var = Var::from_tensor(&Tensor::new(&[1f64, -2.], &Device::Cpu)?.to_dtype(dtype)?)?;
        let mut sgd = Sgd::new(vec![var.clone()], options)?;
        let close = |found: &Tensor, expected: [f64; 2]| -> Result<()> {
            let found = found.to_dtype(DType::F64)?.to_vec1::<f64>()?;
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < tolerance;
            assert!(found.iter().zip(&expected).all(near), "{dtype:?}: {found:?} {expected:?}");
            Ok(())
        };
        // v = (1, -0.5): w = (1 - 0.1, -2 + 0.05).
        sgd.backward_step(&loss(&var, &[1., -0.5])?)?;
        close(&var, [0.9, -1.95])?;
        // v = (0.9 + 0.2, -0.45 + 3): w = (0.9 - 0.11, -1.95 - 0.255).
        sgd.backward_step(&loss(&var, &[0.2, 3.])?)?;
        close(&var, [0.79, -2.205])?;
        let state = sgd.state()?;
        assert_eq!((state.steps, state.moments.len()), (2, 1));
        close(&state.moments[0], [1.1, 2.55])?;
    }
    Ok(())
}

#[test]
fn gradient_descent_refuses_what_adam_refuses() -> Result<()> {
    let options = SgdOptions::default();
    for bad in [
        options.learning_rate(f64::NAN),
        options.learning_rate(-1.),
        options.momentum(1.),
        options.momentum(-0.1),
    ] {
        assert!(Sgd::new(vec![], bad).is_err(), "{bad:?}");
    }
    let (used, unused) = (Var::new(&[1f32], &Device::Cpu)?, Var::new(&[[2f32, 3.]], &Device::Cpu)?);
    let mut sgd = Sgd::new(vec![used.clone(), unused], options)?;
    let error = sgd.backward_step(&loss(&used, &[1.])?).unwrap_err().to_string();
    assert!(error.contains("no gradient for a variable of shape [1, 2]"), "{error}");
    assert_eq!((used.to_vec1::<f32>()?, sgd.state()?.steps), (vec![1.], 0));
    let foreign = OptimizerState { steps: 1, moments: vec![] };
    let error = sgd.set_state(&foreign).unwrap_err().to_string();
    assert!(error.contains("[[1], [1, 2]], received []"), "{error}");
    Ok(())
}

//! Adam and gradient descent against hand arithmetic.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{Optimizer, VarMap, linear};
use candle_noise::nn::{replicated_vars, seeded_vars, trainable_vars};
use candle_noise::optim::{
    Adam, AdamOptions, ClipGradients, ClipOptions, Group, OptimizerState, SaveState, Sgd,
    SgdOptions, no_decay_on_biases_and_norms,
};

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
    assert!(error.contains("variable 1 of shape [1, 2]"), "{error}");
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
        options.l2(f64::NAN),
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
        options.nesterov(),
        options.weight_decay(f64::INFINITY),
        options.l2(-1.),
    ] {
        assert!(Sgd::new(vec![], bad).is_err(), "{bad:?}");
    }
    let (used, unused) = (Var::new(&[1f32], &Device::Cpu)?, Var::new(&[[2f32, 3.]], &Device::Cpu)?);
    let mut sgd = Sgd::new(vec![used.clone(), unused], options)?;
    let error = sgd.backward_step(&loss(&used, &[1.])?).unwrap_err().to_string();
    assert!(error.contains("variable 1 of shape [1, 2]"), "{error}");
    assert_eq!((used.to_vec1::<f32>()?, sgd.state()?.steps), (vec![1.], 0));
    let foreign = OptimizerState { steps: 1, moments: vec![] };
    let error = sgd.set_state(&foreign).unwrap_err().to_string();
    assert!(error.contains("[[1], [1, 2]], received []"), "{error}");
    Ok(())
}

/// A map with `fc1.weight`, `fc1.bias`, `fc2.weight` and `fc2.bias`, and a loss of the first layer alone.
fn half_used() -> Result<(VarMap, Tensor)> {
    let varmap = VarMap::new();
    let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
    let fc1 = linear(2, 3, vb.pp("fc1"))?;
    let _fc2 = linear(3, 1, vb.pp("fc2"))?;
    let loss = (fc1.weight().sqr()?.sum_all()? + fc1.bias().unwrap().sqr()?.sum_all()?)?;
    Ok((varmap, loss))
}

#[test]
fn errors_name_each_variable() -> Result<()> {
    let (varmap, loss) = half_used()?;
    let adam = Adam::of(&varmap, AdamOptions::default())?.backward_step(&loss).unwrap_err();
    let sgd = Sgd::of(&varmap, SgdOptions::default())?.backward_step(&loss).unwrap_err();
    let inner = Sgd::of(&varmap, SgdOptions::default())?;
    let mut clip = ClipGradients::over(inner, &varmap, ClipOptions::default())?;
    let clip = clip.backward_step(&loss).unwrap_err();
    for (optimizer, error) in [("Adam", adam), ("Sgd", sgd), ("ClipGradients", clip)] {
        let error = error.to_string();
        assert!(
            error.starts_with(&format!(
                "{optimizer}: expected a gradient for each variable, received none for 2 of 4:"
            )),
            "{error}"
        );
        assert!(
            error.contains("\n- fc2.bias of shape [1], fc2.weight of shape [1, 3]: "),
            "{error}"
        );
        assert!(!error.contains("fc1"), "{error}");
    }
    Ok(())
}

#[test]
fn half_precision_is_refused_by_name_and_integers_are_left_out() -> Result<()> {
    let var = |dtype| Var::zeros(2, dtype, &Device::Cpu);
    for dtype in [DType::F16, DType::BF16] {
        let vars = vec![("fc.weight".to_string(), var(dtype)?)];
        let errors = [
            Adam::named(vars.clone(), AdamOptions::default()).unwrap_err(),
            Sgd::named(vars, SgdOptions::default()).unwrap_err(),
        ];
        for error in errors {
            let expected = format!("received {dtype:?} for fc.weight of shape [2]");
            assert!(error.to_string().contains(&expected), "{error}");
        }
        let error = Adam::new(vec![var(DType::F32)?, var(dtype)?], AdamOptions::default());
        assert!(error.unwrap_err().to_string().contains("for variable 1 of shape [2]"));
    }
    let vars = vec![var(DType::U32)?, var(DType::F64)?];
    assert_eq!(Adam::new(vars.clone(), AdamOptions::default())?.vars().len(), 1);
    assert_eq!(Sgd::new(vars, SgdOptions::default())?.vars().len(), 1);
    Ok(())
}

/// At learning rate 0.1 and gradient 1: 1 − 0.1 · factor · (1 + decay).
#[test]
fn groups_scale_the_learning_rate_and_the_decay() -> Result<()> {
    let options = SgdOptions::default().learning_rate(0.1).weight_decay(0.5);
    let groups = [(1., 1.), (0.5, 1.), (1., 0.), (0.5, 2.), (0., 1.)];
    let var = |i: usize| Ok((i.to_string(), Var::new(&[1f64], &Device::Cpu)?));
    let vars = (0..groups.len()).map(var).collect::<Result<Vec<_>>>()?;
    let mut sgd = Sgd::grouped(vars.clone(), options, |name, _| {
        let (rate, decay) = groups[name.parse::<usize>().unwrap()];
        Group::default().learning_rate(rate).weight_decay(decay)
    })?;
    // The last is left out: it needs no gradient, and has no moments.
    let mut loss = vars[0].1.sum_all()?;
    for (_, var) in &vars[1..4] {
        loss = (loss + var.sum_all()?)?;
    }
    sgd.backward_step(&loss)?;
    let expected = [0.85, 0.925, 0.9, 0.9, 1.];
    for ((_, var), expected) in vars.iter().zip(expected) {
        assert!((var.to_vec1::<f64>()?[0] - expected).abs() < 1e-15, "{var} {expected}");
    }
    assert_eq!((sgd.vars().len(), sgd.state()?.moments.len()), (4, 4));

    for bad in [Group::default().learning_rate(-1.), Group::default().weight_decay(f64::NAN)] {
        let error = Adam::grouped(vars.clone(), AdamOptions::default(), |name, _| {
            if name == "2" { bad } else { Group::default() }
        });
        let error = error.unwrap_err().to_string();
        assert!(error.contains("finite and at least 0") && error.contains("for 2"), "{error}");
    }
    Ok(())
}

#[test]
fn biases_and_norms_are_told_by_rank_and_name() -> Result<()> {
    let decays = |name: &str, shape: &[usize]| -> Result<bool> {
        let var = Var::zeros(shape, DType::F32, &Device::Cpu)?;
        Ok(no_decay_on_biases_and_norms(name, &var).weight_decay == 1.)
    };
    for (name, shape) in [
        ("fc.bias", &[3][..]),
        ("norm.weight", &[3]),
        ("ln_1.weight", &[3]),
        ("scale", &[]),
        // With a replica axis of 5.
        ("fc.bias", &[5, 1, 3]),
        ("block.LayerNorm.weight", &[5, 3]),
        ("block.layer_norm.beta", &[5, 3]),
        ("ln_f.weight", &[5, 3]),
        ("bn1.weight", &[5, 3]),
        ("BatchNorm2d.weight", &[5, 3]),
        ("attn.q_norm.scale", &[5, 3]),
    ] {
        assert!(!decays(name, shape)?, "{name} {shape:?}");
    }
    for (name, shape) in [
        ("fc.weight", &[3, 2][..]),
        ("out.weight", &[1, 2]),
        ("fc.weight", &[5, 2, 3]),
        ("out.weight", &[5, 2, 1]),
        ("normal.embed.weight", &[7, 2]),
        ("normal_fc.weight", &[7, 2]),
        ("unnormalized.weight", &[7, 2]),
        ("kiln.weight", &[7, 2]),
    ] {
        assert!(decays(name, shape)?, "{name} {shape:?}");
    }
    Ok(())
}

/// Each replica has its own norm: 5 in the first, 13 in the second.
#[test]
fn a_replica_is_clipped_alone_as_in_company() -> Result<()> {
    let starts = [[[3f32, 0.], [0., 4.]], [[0., 12.], [5., 0.]]];
    let clipped = |starts: &[[[f32; 2]; 2]]| -> Result<Vec<Vec<f32>>> {
        let replicas = starts.len();
        let flat = starts.as_flattened().concat();
        let starts = Tensor::from_vec(flat, (replicas, 2, 2), &Device::Cpu)?;
        let varmap = VarMap::new();
        let vb = replicated_vars(&varmap, &[1, 2][..replicas], DType::F32, &Device::Cpu);
        let _made = (vb.get((replicas, 1, 2), "a")?, vb.get((replicas, 2), "b")?);
        let vars = trainable_vars(&varmap);
        let sgd = Sgd::of(&varmap, SgdOptions::default().learning_rate(1.))?;
        let options = ClipOptions::default().max_norm(6.).max_value(11.).replicas(replicas);
        let mut sgd = ClipGradients::over(sgd, &varmap, options)?;
        let mut loss = Tensor::new(0f32, &Device::Cpu)?;
        for (i, (_, var)) in vars.iter().enumerate() {
            var.set(&var.zeros_like()?)?;
            let grad = starts.narrow(1, i, 1)?.reshape(var.shape())?;
            loss = (loss + (var.as_tensor() * grad)?.sum_all()?)?;
        }
        sgd.backward_step(&loss)?;
        let rows = |(_, var): &(String, Var)| {
            var.as_tensor().neg()?.reshape((replicas, 2))?.to_vec2::<f32>()
        };
        let [a, b] = [rows(&vars[0])?, rows(&vars[1])?];
        Ok(a.into_iter().zip(b).map(|(a, b)| [a, b].concat()).collect())
    };
    let together = clipped(&starts)?;
    assert_eq!(together[0], [3., 0., 0., 4.], "within the bounds, bit for bit");
    // First by value, (0, 11, 5, 0) of norm √146, and then to norm 6.
    let factor = 6. / 146f32.sqrt();
    for (found, expected) in together[1].iter().zip([0., 11. * factor, 5. * factor, 0.]) {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
    assert_eq!(clipped(&starts[1..])?, together[1..]);
    Ok(())
}

#[test]
fn a_replica_with_nan_spoils_no_other() -> Result<()> {
    let var = Var::new(&[[0f32, 0.], [0., 0.], [0., 0.]], &Device::Cpu)?;
    let sgd = Sgd::new(vec![var.clone()], SgdOptions::default().learning_rate(1.))?;
    let options = ClipOptions::default().max_norm(1.).max_value(2.).replicas(3);
    let vars = vec![("w".to_string(), var.clone())];
    let mut sgd = ClipGradients::over_vars(sgd, vars, options)?;
    let grads = [[f32::NAN, 1.], [0.5, 0.], [f32::INFINITY, 0.]];
    let grads = Tensor::new(&grads, &Device::Cpu)?;
    sgd.backward_step(&(var.as_tensor() * grads)?.sum_all()?)?;
    let found = var.to_vec2::<f32>()?;
    assert!(found[0].iter().all(|x| x.is_nan()), "{found:?}");
    assert_eq!(found[1], [-0.5, 0.]);
    assert!((found[2][0] + 1.).abs() < 1e-5, "{found:?}");
    Ok(())
}

#[test]
fn clipping_refuses_bounds_of_nothing_and_a_missing_replica_axis() -> Result<()> {
    let (varmap, _) = half_used()?;
    let options = ClipOptions::default();
    for (bad, expected) in [
        (options.max_norm(0.), "max_norm must be above 0, received 0"),
        (options.max_value(-1.), "max_value must be above 0, received -1"),
        (options.max_norm(f64::NAN), "max_norm must be above 0, received NaN"),
        (options.replicas(0), "replicas must be at least 1"),
        (options.replicas(3), "axis of 3 replicas, received shape [1] of fc2.bias"),
    ] {
        let sgd = Sgd::of(&varmap, SgdOptions::default())?;
        let error = ClipGradients::over(sgd, &varmap, bad).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let vars = vec![Var::zeros(2, DType::F32, &Device::Cpu)?];
    let mut sgd: ClipGradients<Sgd> =
        Optimizer::new(vars, (SgdOptions::default(), options.max_norm(1.)))?;
    sgd.set_learning_rate(0.5);
    assert_eq!((sgd.learning_rate(), sgd.inner().learning_rate()), (0.5, 0.5));
    assert!(sgd.inner_mut().state()?.moments.len() == 1 && sgd.state()?.steps == 0);
    Ok(())
}

use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{VarMap, func};
use candle_noise::nn::{Model, Relu, dense, replicated_vars, seq_t, trainable_vars};
use candle_noise::objective::{CrossEntropy, MeanSquaredError, Objective};
use candle_noise::ops::Axis;
use candle_noise::robust::{Limits, Rows, Victim, geometry};

use super::{linear, mlp, normal_rows, points};

/// Three classes with the logits 1x, 3x and 2x + 1 at x = 1 (1, 3, 3) and x = 2 (2, 6, 5).
fn lines(objective: impl Objective + 'static, ys: Tensor) -> Result<(Victim, Rows)> {
    let slopes = Tensor::new(&[[1f32, 3., 2.]], &Device::Cpu)?;
    let above = Tensor::new(&[[0f32, 0., 1.]], &Device::Cpu)?;
    let model = func(move |xs| xs.matmul(&slopes)?.broadcast_add(&above));
    let on = Victim::new(Model::new(model), Arc::new(objective), Axis::Plain, &[5])?;
    let xs = Tensor::new(&[[[1f32], [2.]]], &Device::Cpu)?;
    Ok((on, Rows { xs, ys, first: 0 }))
}

/// With one input each draw is ±1, and the trace is exact: that of the squared slopes about their mean.
#[test]
fn figures_of_three_lines_by_hand() -> Result<()> {
    let ys = Tensor::new(&[[0f32, 1.]], &Device::Cpu)?;
    let (on, rows) = lines(CrossEntropy { classes: 3 }, ys)?;
    let found = geometry(&on, &rows, 2)?.remove(0);
    // 1 - 3 with slopes 1 - 3, and 6 - 5 with slopes 3 - 2.
    assert_eq!(found.margin, Some((-2. + 1.) / 2.));
    assert_eq!(found.distance, Some((-1. + 1.) / 2.));
    assert!((found.jacobian - 14f64.sqrt()).abs() < 1e-12);
    let variance = |logits: [f64; 3]| {
        let sum: f64 = logits.iter().map(|z| z.exp()).sum();
        let mean = |f: fn(f64) -> f64| -> f64 {
            logits.iter().zip([1., 3., 2.]).map(|(z, slope)| z.exp() / sum * f(slope)).sum()
        };
        mean(|slope| slope * slope) - mean(|slope| slope).powi(2)
    };
    let expected = (variance([1., 3., 3.]) + variance([2., 6., 5.])) / 2.;
    assert!((found.curvature / expected - 1.).abs() < 1e-5, "{found:?}, not {expected}");
    Ok(())
}

/// The second derivative of a mean over three squares is ⅔ times 1: ⅔ of the sum of the squared slopes.
#[test]
fn numbers_have_no_margin() -> Result<()> {
    let ys = Tensor::new(&[[[0f32, 1., 2.], [1., 0., 0.]]], &Device::Cpu)?;
    let (on, rows) = lines(MeanSquaredError { outputs: 3 }, ys)?;
    let found = geometry(&on, &rows, 1)?.remove(0);
    assert_eq!((found.margin, found.distance), (None, None));
    assert!((found.curvature / (14. * 2. / 3.) - 1.).abs() < 1e-6, "{found:?}");
    assert!(geometry(&on, &rows, 0).is_err());
    Ok(())
}

/// Only inputs that may change count: |(1, ½)| of (1, -2, ½).
#[test]
fn the_distance_of_a_linear_model_is_exact_and_held_inputs_do_not_count() -> Result<()> {
    let rows = normal_rows(1, 30, 3)?;
    let held = Limits::default().columns(&[Some(None), None, Some(None)])?;
    let ys = rows.ys.get(0)?.to_vec1::<f32>()?;
    let margins = points(&rows.xs)?.into_iter().zip(ys);
    let margins =
        margins.map(|(x, y)| (0.25 + x[0] - 2. * x[1] + 0.5 * x[2]) * f64::from(2. * y - 1.));
    let margin = margins.sum::<f64>() / 30.;
    for (on, size) in [(linear()?, 5.25f64.sqrt()), (linear()?.with_limits(held), 1.25f64.sqrt())] {
        let found = geometry(&on, &rows, 1)?.remove(0);
        assert!((found.margin.unwrap_or(f64::NAN) - margin).abs() < 1e-6, "{found:?}");
        assert!((found.distance.unwrap_or(f64::NAN) - margin / size).abs() < 1e-6, "{found:?}");
        assert!((found.jacobian - size).abs() < 1e-12, "{found:?}");
    }
    Ok(())
}

/// p(1 - p) |∇z|² with ∇z = W₁ᵀ (w₂ · 1[a > 0]) from the weights. (g · v)² has the variance 4 g₁² g₂² for two
/// random signs.
#[test]
fn the_curvature_of_an_mlp_is_that_of_the_closed_form() -> Result<()> {
    const DRAWS: u32 = 50;
    let (on, varmap) = mlp()?;
    let rows = normal_rows(2, 40, 2)?;
    let found = geometry(&on, &rows, DRAWS)?;
    let weights = |name: &str, replica: usize| -> Result<Vec<Vec<f32>>> {
        let vars = trainable_vars(&varmap);
        let (_, own) = vars.iter().find(|(own, _)| own == name).expect("a variable");
        own.get(replica)?.to_vec2()
    };
    for (replica, found) in found.into_iter().enumerate() {
        let (first, second) = (weights("fc1.weight", replica)?, weights("fc2.weight", replica)?);
        let (mut mean, mut variance, mut size) = (0., 0., 0.);
        for x in points(&rows.xs)? {
            let (mut z, mut slope) = (0., [0.; 2]);
            for (unit, own) in second.iter().enumerate() {
                let [a, b] = [0, 1].map(|input: usize| f64::from(first[input][unit]));
                let active = (a * x[0] + b * x[1]).max(0.);
                z += active * f64::from(own[0]);
                if active > 0. {
                    slope[0] += a * f64::from(own[0]);
                    slope[1] += b * f64::from(own[0]);
                }
            }
            let p = 1. / (1. + (-z).exp());
            let square = slope[0].powi(2) + slope[1].powi(2);
            mean += p * (1. - p) * square / 40.;
            size += square.sqrt() / 40.;
            let error = p * (1. - p) * 2. * slope[0] * slope[1] / 40.;
            variance += error * error / f64::from(DRAWS);
        }
        assert!((found.curvature - mean).abs() < 4. * variance.sqrt(), "{found:?}, not {mean}");
        assert!(variance.sqrt() < 0.05 * mean, "a test without teeth");
        assert!((found.jacobian / size - 1.).abs() < 1e-5, "{found:?}, not {size}");
    }
    Ok(())
}

/// ∂z_o / ∂x_i = Σ_u W₁[i, u] 1[a_u > 0] W₂[u, o]: several passes back through one fused op.
#[test]
fn the_jacobian_of_a_fused_mlp_has_each_output() -> Result<()> {
    let varmap = VarMap::new();
    let vb = replicated_vars(&varmap, &[4, 5], DType::F32, &Device::Cpu);
    let [first, second] = [dense(2, 2, 16, vb.pp("fc1"))?, dense(2, 16, 3, vb.pp("fc2"))?];
    let model = Model::new(seq_t().add(first).add(Relu).add(second));
    let on = Victim::new(model, Arc::new(CrossEntropy { classes: 3 }), Axis::Replicas, &[4, 5])?;
    let rows = normal_rows(2, 12, 2)?;
    let (outputs, found) = on.jacobian(&rows.xs, &rows)?;
    let vars = trainable_vars(&varmap);
    let own =
        |name: &str| vars.iter().find(|(own, _)| own == name).expect("a variable").1.as_tensor();
    let (w1, w2) = (own("fc1.weight"), own("fc2.weight"));
    let sums = rows.xs.matmul(w1)?;
    let masks = sums.gt(0f64)?.to_dtype(DType::F32)?.unsqueeze(2)?; // (R, N, 1, U)
    let gated = masks.broadcast_mul(&w1.unsqueeze(1)?)?; // (R, N, I, U)
    let expected = gated.matmul(&w2.unsqueeze(1)?.repeat((1, 12, 1, 1))?)?.transpose(2, 3)?;
    let apart = (found - expected)?.abs()?.max_all()?.to_scalar::<f32>()?;
    assert!(apart < 1e-5, "{apart}");
    let apart = (outputs - sums.relu()?.matmul(w2)?)?.abs()?.max_all()?.to_scalar::<f32>()?;
    assert!(apart < 1e-5, "{apart}");
    Ok(())
}

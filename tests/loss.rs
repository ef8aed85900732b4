//! Losses of shape (R,) by hand arithmetic; the binary cross-entropy is tested beside its op.

use candle_core::{Device, Result, Tensor, Var};
use candle_noise::loss::{cross_entropy, mse};
use candle_noise::metric::{Accuracy, Metric, Predicted};
use candle_noise::objective::{MeanSquaredError, Objective};

#[test]
fn cross_entropy_by_hand() -> Result<()> {
    let logits = Tensor::new(
        &[[[0f64, 0., 0.], [1., 2., 3.]], [[1000., 0., -1000.], [0., 1000., 0.]]],
        &Device::Cpu,
    )?;
    let targets = Tensor::new(&[[2u32, 2], [0, 0]], &Device::Cpu)?;
    let loss = cross_entropy(&logits, &targets)?.to_vec1::<f64>()?;
    // (ln 3 + ln(1 + e⁻¹ + e⁻²)) / 2; (0 + 1000) / 2 without overflow.
    let first = (3f64.ln() + (1. + (-1f64).exp() + (-2f64).exp()).ln()) / 2.;
    assert!((loss[0] - first).abs() < 1e-12 && (loss[1] - 500.).abs() < 1e-9, "{loss:?}");
    // One of two rows is right, as sums on the device and as the score of whole sets.
    let hits = Accuracy.sums(&logits, &targets)?.unwrap();
    assert_eq!(hits.to_vec1::<f32>()?, [1., 1.]);
    let sets = Predicted::by_replica(&logits, &targets)?;
    let scores: Vec<Option<f64>> = sets.iter().map(|rows| Accuracy.score(rows)).collect();
    assert_eq!(scores, [Some(0.5), Some(0.5)]);
    Ok(())
}

#[test]
fn cross_entropys_gradient_is_softmax_minus_one_hot_over_the_batch() -> Result<()> {
    let logits = Var::new(&[[[1f64, 2., 3.], [0., 0., 0.]]], &Device::Cpu)?;
    let grads = cross_entropy(&logits, &Tensor::new(&[[0u32, 1]], &Device::Cpu)?)?.backward()?;
    let grad = grads.get(&logits).unwrap().get(0)?.to_vec2::<f64>()?;
    // softmax(1, 2, 3) = (0.09003057, 0.24472847, 0.66524096)
    let expected =
        [[-0.909_969_43 / 2., 0.244_728_47 / 2., 0.665_240_96 / 2.], [1. / 6., -1. / 3., 1. / 6.]];
    for (grad, expected) in grad.iter().flatten().zip(expected.iter().flatten()) {
        assert!((grad - expected).abs() < 1e-8, "{grad} {expected}");
    }
    Ok(())
}

#[test]
fn mean_squared_error_by_hand_with_shared_targets() -> Result<()> {
    let predictions = Var::new(&[[[1f64], [2.]], [[0.], [5.]]], &Device::Cpu)?;
    let targets = Tensor::new(&[[0f64, 4.]], &Device::Cpu)?;
    let loss = mse(&predictions, &targets)?;
    assert_eq!(loss.to_vec1::<f64>()?, [2.5, 0.5]); // (1 + 4) / 2, (0 + 1) / 2
    let grads = loss.backward()?;
    let grad = grads.get(&predictions).unwrap().flatten_all()?.to_vec1::<f64>()?;
    assert_eq!(grad, [1., -2., 0., 1.]); // 2 (p − t) / 2
    let [metric] = &MeanSquaredError { outputs: 1 }.metrics()[..] else { panic!("one metric") };
    assert!(metric.sums(&predictions, &targets)?.is_none(), "{metric:?} counts no hits");
    let rows = Predicted::by_replica(&predictions, &targets)?;
    assert!(rows.iter().all(|rows| metric.hits(rows).is_none()));
    Ok(())
}

#[test]
fn a_class_that_does_not_exist_and_wrong_shapes_are_errors() -> Result<()> {
    let logits = Tensor::zeros((1, 2, 3), candle_core::DType::F32, &Device::Cpu)?;
    assert!(cross_entropy(&logits, &Tensor::new(&[[0u32, 3]], &Device::Cpu)?).is_err());
    let error = cross_entropy(&logits, &Tensor::new(&[[0u32, 1, 2]], &Device::Cpu)?).unwrap_err();
    assert!(error.to_string().contains("[1, 2, 3] and [1, 3]"), "{error}");
    assert!(mse(&logits, &Tensor::new(&[[0f32, 1.]], &Device::Cpu)?).is_err());
    Ok(())
}

//! Convolution, pooling and LSTM against PyTorch, values and gradients.
//!
//! The literals are what PyTorch 2.15 prints for this script:
//!
//! ```python
//! import torch
//! from torch import nn
//!
//! def numbers(*shape, salt):
//!     i = torch.arange(torch.Size(shape).numel())
//!     return (((i + 1) * 7919 + salt * 104729) % 2003 / 1001.5 - 1).float().reshape(shape)
//!
//! xs = numbers(2, 5, 5, 2, salt=1).requires_grad_()
//! w = numbers(3, 3, 2, 3, salt=2).requires_grad_()
//! b = numbers(3, salt=3).requires_grad_()
//! y = nn.functional.conv2d(xs.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), b).relu()
//! y = nn.functional.max_pool2d(y, 2).permute(0, 2, 3, 1)
//! (y * numbers(*y.shape, salt=4)).sum().backward()
//! print(y, xs.grad.abs().sum(), xs.grad.flatten()[20:26])
//! print(w.grad.abs().sum(), w.grad.flatten()[:6], b.grad)
//!
//! xs = numbers(3, 4, 2, salt=1).requires_grad_()
//! lstm = nn.LSTM(2, 3, batch_first=True)
//! names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
//! for k, name in enumerate(names):
//!     parameter = getattr(lstm, name)
//!     parameter.data = numbers(*parameter.shape, salt=2 + k)
//! y = lstm(xs)[0][torch.arange(3), torch.tensor([4, 1, 3]) - 1]
//! (y * numbers(3, 3, salt=9)).sum().backward()
//! print(y, xs.grad, lstm.weight_ih_l0.grad)
//! print(lstm.weight_hh_l0.grad.abs().sum(), lstm.weight_hh_l0.grad[0], lstm.bias_ih_l0.grad)
//! ```

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_noise::ops::{LstmWeights, backward, conv2d_relu, lstm, max_pool2d};

/// The script's `numbers`.
fn numbers(shape: &[usize], salt: usize) -> Result<Var> {
    let value = |i: usize| (((i + 1) * 7919 + salt * 104_729) % 2003) as f64 / 1001.5 - 1.;
    let values: Vec<f64> = (0..shape.iter().product()).map(value).collect();
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(DType::F32)?)
}

fn close(found: &Tensor, start: usize, expected: &[f32]) -> Result<()> {
    let found = found.flatten_all()?.to_vec1::<f32>()?;
    for (found, expected) in found[start..].iter().zip(expected) {
        assert!((found - expected).abs() < 2e-6 * expected.abs().max(1.), "{found} {expected}");
    }
    Ok(())
}

fn total(xs: &Tensor) -> Result<Tensor> {
    xs.abs()?.sum_all()
}

#[test]
fn convolution_rectifier_and_pooling_as_in_pytorch() -> Result<()> {
    let (xs, w, b) = (numbers(&[2, 5, 5, 2], 1)?, numbers(&[3, 3, 2, 3], 2)?, numbers(&[3], 3)?);
    let ys = max_pool2d(&conv2d_relu(&xs, &w, &b)?, 2)?;
    assert_eq!(ys.dims(), [2, 1, 1, 3]);
    close(&ys, 0, &[2.705_349, 2.673_456_7, 2.915_784_4, 0.873_897_97, 0.821_955_3, 0.905_451_2])?;
    let grads = backward(&(&ys * numbers(&[2, 1, 1, 3], 4)?.as_tensor())?)?;
    let (dx, dw) = (grads.get(&xs).unwrap(), grads.get(&w).unwrap());
    close(&total(dx)?, 0, &[39.857_69])?;
    close(dx, 20, &[0., 0., -1.375_339_2, -0.625_545_7, 0.124_247_7, 0.874_041_2])?;
    close(&total(dw)?, 0, &[28.826_834])?;
    close(
        dw,
        0,
        &[0.473_412_2, 0.404_572_4, 0.495_995_9, 0.462_934_67, 0.411_341_04, 0.520_010_7],
    )?;
    close(grads.get(&b).unwrap(), 0, &[0.112_830_7, -0.072_890_7, -0.258_612_1])
}

#[test]
fn the_lstm_as_in_pytorch() -> Result<()> {
    let vars = [
        numbers(&[3, 4, 2], 1)?,
        numbers(&[12, 2], 2)?,
        numbers(&[12, 3], 3)?,
        numbers(&[12], 4)?,
        numbers(&[12], 5)?,
    ];
    let [xs, input, hidden, input_bias, hidden_bias] =
        vars.each_ref().map(|v| v.as_tensor().clone());
    let weights = LstmWeights { input, hidden, input_bias, hidden_bias };
    let ys = lstm(&xs, &[4, 1, 3], &weights, true)?;
    let expected = [
        -0.147_968_84,
        -0.191_031_29,
        -0.219_558_49,
        0.176_222_26,
        0.083_179_8,
        0.017_838_74,
        -0.233_120_37,
        -0.257_015_4,
        -0.275_948_58,
    ];
    close(&ys, 0, &expected)?;
    let grads = backward(&(ys * numbers(&[3, 3], 9)?.as_tensor())?)?;
    let grad = |i: usize| grads.get(&vars[i]).unwrap();
    let expected = [
        -0.005_738_98,
        -0.006_100_38,
        -0.006_581_27,
        -0.007_508_86,
        -0.005_417_67,
        -0.006_968_42,
        -0.018_308_28,
        -0.019_488_86,
        -0.060_135_17,
        -0.045_873_33,
        0.,
        0.,
        0.,
        0.,
        0.,
        0.,
        -0.134_479_97,
        -0.125_008_69,
        -0.136_746_54,
        -0.137_749_94,
        -0.103_316_44,
        -0.126_245_5,
        0.,
        0.,
    ];
    close(grad(0), 0, &expected)?;
    let expected = [
        -0.039_426_14,
        -0.045_038_15,
        -0.054_246_69,
        -0.064_251_03,
        -0.059_545_76,
        -0.074_890_05,
        -0.010_053_87,
        -0.010_913_16,
        -0.004_336_85,
        -0.006_962_92,
        0.004_928_23,
        0.000_492_82,
        0.007_781_56,
        0.019_706_67,
        -0.004_859_22,
        0.010_797_23,
        -0.005_212_01,
        0.013_234_3,
        -0.019_106_77,
        -0.021_769_94,
        -0.019_883_33,
        -0.023_555_74,
        -0.016_129_71,
        -0.021_160_28,
    ];
    close(grad(1), 0, &expected)?;
    close(&total(grad(2))?, 0, &[0.318_902_55])?;
    close(grad(2), 0, &[-0.008_502_98, -0.009_817_27, -0.010_492_35])?;
    let expected = [
        0.060_434_74,
        0.107_734_81,
        0.165_239_86,
        0.009_253_58,
        0.028_279_66,
        0.047_764_17,
        -0.128_419_37,
        -0.168_601_42,
        -0.198_645_04,
        0.028_679_24,
        0.039_547_5,
        0.054_173_27,
    ];
    close(grad(3), 0, &expected)?;
    close(grad(4), 0, &expected)
}

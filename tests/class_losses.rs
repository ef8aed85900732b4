//! Losses for classes: weights as in PyTorch, and outputs without a replica axis.

use candle_core::{Device, Result, Tensor, Var};
use candle_noise::loss::{
    binary_cross_entropy, cross_entropy, mse, smooth_cross_entropy, weighted_binary_cross_entropy,
    weighted_cross_entropy,
};
use candle_noise::objective::{BinaryCrossEntropy, Objective};
use candle_noise::train::TrainOptions;

/// PyTorch 2.15:
///
/// ```python
/// import torch
/// F = torch.nn.functional
/// z = torch.tensor([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5], [-2.0, 1.0, 0.25], [0.1, 0.2, 0.3]],
///                  dtype=torch.float64, requires_grad=True)
/// y = torch.tensor([2, 0, 0, 1])
/// w = torch.tensor([1.0, 3.0, 0.5], dtype=torch.float64)
/// for s in [0.0, 0.1]:
///     z.grad = None
///     loss = F.cross_entropy(z, y, weight=w, label_smoothing=s)
///     loss.backward()
///     print(loss.item(), z.grad.flatten()[:6].tolist())
/// b = torch.tensor([0.5, -1.0, 2.0, -3.0], dtype=torch.float64, requires_grad=True)
/// t = torch.tensor([1, 0, 0, 1])
/// w2 = torch.tensor([2.0, 5.0], dtype=torch.float64)
/// for s in [0.0, 0.2]:
///     b.grad = None
///     loss = F.cross_entropy(torch.stack([torch.zeros_like(b), b], 1), t, weight=w2, label_smoothing=s)
///     loss.backward()
///     print(loss.item(), b.grad.tolist())
/// ```
#[test]
fn weighted_losses_are_those_of_pytorch() -> Result<()> {
    type Expected = (f64, f64, &'static [f64]);
    let check = |zs: &Var, loss: Tensor, (_, expected, grads): Expected| -> Result<()> {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        close(loss.get(0)?.to_scalar::<f64>()?, expected);
        let grads_found = loss.backward()?;
        let found = grads_found.get(zs).unwrap().flatten_all()?.to_vec1::<f64>()?;
        found.iter().zip(grads).for_each(|(a, b)| close(*a, *b));
        Ok(())
    };
    let zs = [[0.5, -1., 2.], [1.5, 0., -0.5], [-2., 1., 0.25], [0.1, 0.2, 0.3f64]];
    let zs = Var::from_tensor(&Tensor::new(&[zs], &Device::Cpu)?)?;
    let ys = Tensor::new(&[[2u32, 0, 0, 1]], &Device::Cpu)?;
    let classes = Tensor::new(&[1., 3., 0.5f64], &Device::Cpu)?;
    let expected: [Expected; 2] = [
        (
            0.,
            1.300_539_289_691_449_2,
            &[
                0.015_935_490_194_548_79,
                0.003_555_688_479_153_403_4,
                -0.019_491_178_673_702_193,
                -0.047_977_322_852_255_68,
                0.029_863_932_295_470_51,
                0.018_113_390_556_785_146,
            ],
        ),
        (
            0.1,
            1.344_659_980_136_115,
            &[
                0.013_061_982_172_852_489,
                -0.013_914_992_006_834_095,
                0.000_853_009_833_981_632_6,
                -0.029_164_067_782_747_25,
                0.013_175_310_728_425_855,
                0.015_988_757_054_321_373,
            ],
        ),
    ];
    for own in expected {
        check(&zs, weighted_cross_entropy(&zs, &ys, &classes, own.0)?, own)?;
    }
    let zs = Var::from_tensor(&Tensor::new(&[[[0.5], [-1.], [2.], [-3f64]]], &Device::Cpu)?)?;
    let ys = Tensor::new(&[[1f64, 0., 0., 1.]], &Device::Cpu)?;
    let classes = Tensor::new(&[2., 5f64], &Device::Cpu)?;
    let expected: [Expected; 2] = [
        (
            0.,
            1.606_692_933_992_259_8,
            &[
                -0.134_835_953_142_194_76,
                0.038_420_203_052_856_44,
                0.125_828_153_996_840_33,
                -0.340_205_045_293_726_1,
            ],
        ),
        (
            0.2,
            1.512_068_477_480_989,
            &[
                -0.112_460_081_667_948_82,
                0.008_468_947_796_499_197,
                0.108_988_091_382_080_68,
                -0.305_507_028_290_388_34,
            ],
        ),
    ];
    for own in expected {
        check(&zs, weighted_binary_cross_entropy(&zs, &ys, &classes, own.0)?, own)?;
    }
    Ok(())
}

/// A loop of one's own has no replica axis: the loss is a scalar, that of a single replica.
#[test]
fn losses_without_a_replica_axis_are_scalars() -> Result<()> {
    type Loss = fn(&Tensor, &Tensor) -> Result<Tensor>;
    let three = Tensor::new(&[[0.5f32, -1., 2.], [1.5, 0., -0.5]], &Device::Cpu)?;
    let one = Tensor::new(&[[0.5f32], [-1.]], &Device::Cpu)?;
    let (classes, shares) =
        (Tensor::new(&[2u32, 0], &Device::Cpu)?, Tensor::new(&[1f32, 0.], &Device::Cpu)?);
    let cases: [(Loss, &Tensor, &Tensor); 7] = [
        (cross_entropy, &three, &classes),
        (|zs, ys| smooth_cross_entropy(zs, ys, 0.1), &three, &classes),
        (
            |zs, ys| {
                let weights = Tensor::new(&[1f32, 2., 3.], &Device::Cpu)?;
                weighted_cross_entropy(zs, ys, &weights, 0.1)
            },
            &three,
            &classes,
        ),
        (binary_cross_entropy, &one, &shares),
        (
            |zs, ys| {
                let weights = Tensor::new(&[1f32, 2.], &Device::Cpu)?;
                weighted_binary_cross_entropy(zs, ys, &weights, 0.)
            },
            &one,
            &shares,
        ),
        (mse, &one, &shares),
        (mse, &three, &three),
    ];
    for (loss, zs, ys) in cases {
        let own = loss(zs, ys)?.to_scalar::<f32>()?;
        let replicated = loss(&zs.unsqueeze(0)?, &ys.unsqueeze(0)?)?.to_vec1::<f32>()?;
        assert_eq!([own].as_slice(), replicated);
    }
    Ok(())
}

/// Weights of 1 are none, and a weight of 2 is a second row of the class.
#[test]
fn weights_of_classes_count_rows() -> Result<()> {
    let zs = Tensor::new(&[[[0.3f32], [-1.], [2.]]], &Device::Cpu)?;
    let ys = Tensor::new(&[[1f32, 0., 1.]], &Device::Cpu)?;
    let loss = |zs: &Tensor, ys: &Tensor, weights: &[f64]| {
        let options = TrainOptions::new(1).class_weights(weights).classes;
        BinaryCrossEntropy.training_loss(zs, ys, &options)?.get(0)?.to_scalar::<f32>()
    };
    let twice = Tensor::cat(&[&zs, &zs.narrow(1, 1, 1)?], 1)?;
    let labels = Tensor::new(&[[1f32, 0., 1., 0.]], &Device::Cpu)?;
    let close = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a} {b}");
    close(loss(&zs, &ys, &[1., 1.])?, loss(&zs, &ys, &[])?);
    close(loss(&zs, &ys, &[2., 1.])?, loss(&twice, &labels, &[])?);
    Ok(())
}

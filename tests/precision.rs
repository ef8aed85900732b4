//! Outputs in half precision, and what else does not fit into a precision.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{ModuleT, Optimizer, VarMap, linear};
use candle_noise::data::Samples;
use candle_noise::loss::{
    binary_cross_entropy, cross_entropy, mse, smooth_cross_entropy, weighted_binary_cross_entropy,
    weighted_cross_entropy,
};
use candle_noise::nn::{Model, seeded_vars};
use candle_noise::objective::{
    BinaryCrossEntropy, ClassOptions, CrossEntropy, LossFn, MeanSquaredError, Objective,
};
use candle_noise::optim::{
    Adam, AdamOptions, ClipGradients, ClipOptions, MaxNorm, MaxNormOptions, Sgd, SgdOptions,
    max_norm,
};
use candle_noise::train::{TrainOptions, Trainer, evaluate};

/// 3,000 numbers from -1 to 1.
fn grid(dtype: DType) -> Result<Tensor> {
    let values = (0..3000).map(|i| ((i * 7 + 11) % 101) as f32 / 50. - 1.);
    Tensor::from_iter(values, &Device::Cpu)?.to_dtype(dtype)
}

fn classes(count: usize) -> Result<Tensor> {
    let values = (0..1000).map(|i| if count == 3 { i * 7 % 3 } else { i % 2 } as u32);
    Tensor::from_iter(values, &Device::Cpu)
}

/// PyTorch 2.15, at the f16 and bf16 logits in double precision:
///
/// ```python
/// import torch
/// F = torch.nn.functional
/// i = torch.arange(3000)
/// z = ((i * 7 + 11) % 101).float() / 50 - 1
/// y, t = torch.arange(1000) * 7 % 3, torch.arange(1000) % 2
/// w, w2 = torch.tensor([1., 2., 3.]).double(), torch.tensor([1., 3.]).double()
/// for d in (torch.float16, torch.bfloat16):
///     c, b = z.reshape(1000, 3).to(d).double(), z[:1000].to(d).double()
///     two = torch.stack([torch.zeros_like(b), b], 1)
///     print(F.cross_entropy(c, y), F.cross_entropy(c, y, label_smoothing=0.1),
///           F.cross_entropy(c, y, weight=w, label_smoothing=0.1),
///           F.binary_cross_entropy_with_logits(b, t.double()),
///           F.cross_entropy(two, t, weight=w2, label_smoothing=0.1), F.mse_loss(b, t.double()))
/// ```
#[test]
fn losses_of_half_precision_are_summed_in_single_precision() -> Result<()> {
    type Loss = fn(&Tensor) -> Result<Tensor>;
    let losses: [(Loss, usize); 6] = [
        (|z| cross_entropy(z, &classes(3)?), 3),
        (|z| smooth_cross_entropy(z, &classes(3)?, 0.1), 3),
        (
            |z| {
                let weights = Tensor::new(&[1f32, 2., 3.], &Device::Cpu)?;
                weighted_cross_entropy(z, &classes(3)?, &weights, 0.1)
            },
            3,
        ),
        (|z| binary_cross_entropy(z, &classes(2)?), 1),
        (
            |z| {
                let weights = Tensor::new(&[1f32, 3.], &Device::Cpu)?;
                weighted_binary_cross_entropy(z, &classes(2)?, &weights, 0.1)
            },
            1,
        ),
        (|z| mse(z, &classes(2)?), 1),
    ];
    let expected = [
        (
            DType::F16,
            [
                1.150_077_363,
                1.150_130_705,
                1.150_737_855,
                0.733_945_344,
                0.734_665_185,
                0.841_285_379,
            ],
        ),
        (
            DType::BF16,
            [
                1.150_113_818,
                1.150_167_252,
                1.150_775_159,
                0.733_952_368,
                0.734_671_884,
                0.841_358_137,
            ],
        ),
    ];
    for (dtype, expected) in expected {
        for (i, ((loss, width), expected)) in losses.iter().zip(expected).enumerate() {
            let zs = grid(dtype)?.narrow(0, 0, 1000 * width)?.reshape((1000, *width))?;
            let (half, single) =
                (Var::from_tensor(&zs)?, Var::from_tensor(&zs.to_dtype(DType::F32)?)?);
            let own = loss(&half)?;
            let found = f64::from(own.to_scalar::<f32>()?);
            assert!((found - expected).abs() < 2e-6, "{dtype:?} {i}: {found} {expected}");
            let (own, reference) = (own.backward()?, loss(&single)?.backward()?);
            let (own, reference) = (own.get(&half).unwrap(), reference.get(&single).unwrap());
            assert_eq!(own.dtype(), dtype);
            let values = |t: &Tensor| t.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>();
            assert_eq!(values(own)?, values(&reference.to_dtype(dtype)?)?, "{dtype:?} {i}");
        }
    }
    Ok(())
}

/// A model whose outputs are the inputs in another precision.
struct Cast(DType);

impl ModuleT for Cast {
    fn forward_t(&self, xs: &Tensor, _: bool) -> Result<Tensor> {
        xs.to_dtype(self.0)
    }
}

/// A sum of ones in bf16 ends at 256.
#[test]
fn evaluations_and_smoothed_losses_of_half_precision_are_those_of_single_precision() -> Result<()> {
    let absolute = |z: &Tensor, y: &Tensor| z.squeeze(2)?.broadcast_sub(y)?.abs()?.mean(1);
    let objectives: [(Box<dyn Objective>, usize); 4] = [
        (Box::new(BinaryCrossEntropy), 1),
        (Box::new(CrossEntropy { classes: 3 }), 3),
        (Box::new(MeanSquaredError { outputs: 1 }), 1),
        (Box::new(LossFn::new("absolute", 1, absolute)), 1),
    ];
    for (objective, width) in objectives {
        let xs = grid(DType::BF16)?.narrow(0, 0, 1000 * width)?.reshape((1000, width))?;
        let ys = match width {
            1 => classes(2)?.to_dtype(DType::F32)?,
            _ => classes(3)?,
        };
        let samples = Samples::new(&xs, &ys)?;
        let [half, single] =
            [DType::BF16, DType::F32].map(|dtype| evaluate(&Cast(dtype), &samples, &*objective));
        assert_eq!(half?, single?, "{}", objective.name());
    }
    let options = TrainOptions::new(1).label_smoothing(0.1).classes;
    let loss = |dtype: DType, options: &ClassOptions| {
        let zs = grid(DType::BF16)?.narrow(0, 0, 1000)?.reshape((1, 1000, 1))?.to_dtype(dtype)?;
        let ys = classes(2)?.unsqueeze(0)?;
        BinaryCrossEntropy.training_loss(&zs, &ys, options)?.to_vec1::<f32>()
    };
    assert_eq!(loss(DType::BF16, &options)?, loss(DType::F32, &options)?);
    Ok(())
}

/// PyTorch 2.15: `F.cross_entropy` of the logits (0, 0) with `weight` and `label_smoothing`.
#[test]
fn a_logit_of_zero_has_the_gradient_of_its_neighbours() -> Result<()> {
    for dtype in [DType::F32, DType::F64, DType::F16] {
        for (weights, smoothing, expected) in [
            ([1f32, 1.], 0., [0.25, -0.25]),
            ([1., 3.], 0., [0.125, -0.375]),
            ([1., 1.], 0.2, [0.2, -0.2]),
        ] {
            let zs = Var::zeros((2, 1), dtype, &Device::Cpu)?;
            let (ys, weights) =
                (Tensor::new(&[0f32, 1.], &Device::Cpu)?, Tensor::new(&weights, &Device::Cpu)?);
            let grads = weighted_binary_cross_entropy(&zs, &ys, &weights, smoothing)?.backward()?;
            let found =
                grads.get(&zs).unwrap().flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
            let tolerance = if dtype == DType::F16 { 1e-4 } else { 1e-7 };
            let close = |(a, b): (&f64, &f64)| (a - b).abs() < tolerance;
            assert!(found.iter().zip(&expected).all(close), "{dtype:?}: {found:?} {expected:?}");
        }
    }
    Ok(())
}

/// Steps of length 1 along gradients of norm 1 after clipping: 3/5 and 4/5, whatever their size. The
/// second replica is within the bound.
#[test]
fn gradients_with_squares_beyond_single_precision_are_clipped() -> Result<()> {
    for (dtype, size) in [
        (DType::F32, 1e18),
        (DType::F32, 1e25),
        (DType::F32, 6e37),
        (DType::F64, 1e25),
        (DType::F64, 1e200),
    ] {
        let var = Var::ones((2, 2), dtype, &Device::Cpu)?;
        let vars = vec![("w".to_string(), var.clone())];
        let sgd = Sgd::named(vars.clone(), SgdOptions::default().learning_rate(1.))?;
        let options = ClipOptions::default().max_norm(1.).replicas(2);
        let mut sgd = ClipGradients::over_vars(sgd, vars, options)?;
        let grads = Tensor::new(&[[3. * size, 4. * size], [0.25f64, 0.5]], &Device::Cpu)?;
        sgd.backward_step(&(var.as_tensor() * grads.to_dtype(dtype)?)?.sum_all()?)?;
        let found = var.to_dtype(DType::F64)?.to_vec2::<f64>()?;
        assert!((found[0][0] - 0.4).abs() < 2e-6, "{size}: {found:?}");
        assert!((found[0][1] - 0.2).abs() < 2e-6, "{size}: {found:?}");
        assert_eq!(found[1], [0.75, 0.5], "{size}");
    }
    Ok(())
}

/// (3, 4) has norm 5, whatever its size.
#[test]
fn weights_with_squares_beyond_their_precision_are_bounded() -> Result<()> {
    for (dtype, size, most) in [
        (DType::F32, 1e20, 5.),
        (DType::F32, 6e37, 5.),
        (DType::F64, 1e200, 5.),
        (DType::F16, 1e3, 5.),
        (DType::F32, 1e20, 5e19),
    ] {
        let weights = Tensor::new(&[[3. * size, 4. * size]], &Device::Cpu)?.to_dtype(dtype)?;
        let found = max_norm(&weights, most, &[1])?.to_dtype(DType::F64)?.to_vec2::<f64>()?;
        for (found, expected) in found[0].iter().zip([0.6 * most, 0.8 * most]) {
            assert!((found / expected - 1.).abs() < 2e-3, "{dtype:?} {size}: {found} {expected}");
        }
        let within =
            max_norm(&weights, 5.1 * size, &[1])?.to_dtype(DType::F64)?.to_vec2::<f64>()?;
        assert_eq!(within, weights.to_dtype(DType::F64)?.to_vec2::<f64>()?, "{dtype:?} {size}");
    }
    Ok(())
}

#[test]
fn bounds_that_vanish_in_single_precision_are_refused() -> Result<()> {
    let of = |dtype: DType| -> Result<[String; 4]> {
        let var = Var::ones((2, 2), dtype, &Device::Cpu)?;
        let vars = || vec![("w".to_string(), var.clone())];
        let sgd = || Sgd::named(vars(), SgdOptions::default());
        let clip = |options: ClipOptions| ClipGradients::over_vars(sgd()?, vars(), options);
        let message =
            |result: Result<()>| result.map_or_else(|e| e.to_string(), |()| String::new());
        let bound = MaxNormOptions::default().max_value(1e-60);
        Ok([
            message(clip(ClipOptions::default().max_norm(1e-60)).map(|_| ())),
            message(clip(ClipOptions::default().max_value(1e-60)).map(|_| ())),
            message(MaxNorm::over(sgd()?, vec![var.clone()], bound).map(|_| ())),
            message(Adam::named(vars(), AdamOptions::default().eps(1e-60)).map(|_| ())),
        ])
    };
    assert_eq!(of(DType::F64)?.concat(), "");
    for (found, name) in of(DType::F32)?.iter().zip(["max_norm", "max_value", "max_value", "eps"]) {
        let expected =
            format!("{name} must be above 0 in the precision of the variables, received 1e-60");
        assert!(found.contains(&expected), "{found}");
    }
    let zero =
        Adam::new(vec![Var::ones(2, DType::F64, &Device::Cpu)?], AdamOptions::default().eps(0.));
    assert!(zero.unwrap_err().to_string().contains("eps must be above 0, received 0"));
    Ok(())
}

/// Of weights in the range each product is a number in single precision.
#[test]
fn weights_of_classes_outside_single_precision_are_refused() -> Result<()> {
    let refused = |weights: &[f64]| {
        let xs = Tensor::ones((2, 1), DType::F32, &Device::Cpu).unwrap();
        let ys = Tensor::new(&[0f32, 1.], &Device::Cpu).unwrap();
        let varmap = VarMap::new();
        let model = linear(1, 1, seeded_vars(&varmap, 1, DType::F32, &Device::Cpu)).unwrap();
        let adam = Adam::of(&varmap, AdamOptions::default()).unwrap();
        let options = TrainOptions::new(1).class_weights(weights);
        let (model, samples) = (Model::new(model), Samples::new(&xs, &ys).unwrap());
        let mut trainer = Trainer::new(model, &varmap, adam, samples, options)?;
        trainer.epoch()?;
        Ok(trainer.history().replicas[0].stopped.clone())
    };
    for bad in [[1e300, 1.], [1e-300, 1.], [-1., 1.], [f64::NAN, 1.], [f64::INFINITY, 1.]] {
        let error: candle_core::Error = refused(&bad).unwrap_err();
        assert!(error.to_string().contains("0 or lie in 1e-30 to 1e30, received"), "{error}");
    }
    for good in [[1e30, 1e30], [1e-30, 1e-30], [0., 1e30]] {
        assert_eq!(refused(&good)?, None, "{good:?}");
    }
    Ok(())
}

//! Optimizers and clipping against PyTorch.
//!
//! The literals are what PyTorch 2.15 prints for this script:
//!
//! ```python
//! import torch
//!
//! XS = torch.tensor([[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0], [0.0, 1.0]], dtype=torch.float64)
//! YS = torch.tensor([1.0, -1.0, 0.5, 0.25], dtype=torch.float64)
//!
//! def train(make, decay=0.0):
//!     start = [[[0.3, -0.2, 0.5], [0.1, 0.4, -0.6]], [0.05, -0.1, 0.2], [0.7, -0.3, 0.4]]
//!     bias, weight, out = (torch.tensor(start[i], dtype=torch.float64, requires_grad=True) for i in (1, 0, 2))
//!     optimizer = make(bias, weight, out)
//!     for _ in range(20):
//!         optimizer.zero_grad()
//!         (((XS @ weight + bias).tanh() @ out - YS) ** 2).sum().backward()
//!         with torch.no_grad():
//!             for p in (bias, weight, out):
//!                 p.mul_(1 - decay)
//!         optimizer.step()
//!     print([round(x, 9) for p in (bias, weight, out) for x in p.flatten().tolist()])
//!
//! o = torch.optim
//! train(lambda *ps: o.Adam(ps, lr=0.02, eps=1e-7))
//! train(lambda *ps: o.AdamW(ps, lr=0.02, weight_decay=0.5))
//! train(lambda *ps: o.Adam(ps, lr=0.02, eps=1e-7, weight_decay=0.5))
//! train(lambda b, *ps: o.AdamW([{"params": ps}, {"params": [b], "weight_decay": 0, "lr": 0.01}], lr=0.02, weight_decay=0.5))
//! train(lambda *ps: o.SGD(ps, lr=0.02))
//! train(lambda *ps: o.SGD(ps, lr=0.02, momentum=0.9))
//! train(lambda *ps: o.SGD(ps, lr=0.02, momentum=0.9, nesterov=True))
//! train(lambda *ps: o.SGD(ps, lr=0.02, momentum=0.9, weight_decay=0.5))
//! train(lambda *ps: o.SGD(ps, lr=0.02, momentum=0.9, weight_decay=0.5, nesterov=True))
//! train(lambda *ps: o.SGD(ps, lr=0.02, momentum=0.9), decay=0.02 * 0.5)
//!
//! grads = [torch.tensor([3.0, -4.0]), torch.tensor([[12.0, 0.0], [-0.5, 1.0]])]
//! ps = [torch.zeros(2), torch.zeros(2, 2)]
//! for bound in (2.0, 100.0):
//!     for p, g in zip(ps, grads): p.grad = g.clone()
//!     print(torch.nn.utils.clip_grad_norm_(ps, bound), [p.grad.flatten().tolist() for p in ps])
//! for p, g in zip(ps, grads): p.grad = g.clone()
//! torch.nn.utils.clip_grad_value_(ps, 2.5)
//! print([p.grad.flatten().tolist() for p in ps])
//! ```

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::Optimizer;
use candle_noise::optim::{
    Adam, AdamOptions, AnyOptimizer, ClipGradients, ClipOptions, Group, SaveState, Sgd, SgdOptions,
    no_decay_on_biases_and_norms,
};

const STEPS: usize = 20;

type Vars = Vec<(String, Var)>;

/// An optimizer and the bias, the weight and the output weight that PyTorch's ends with.
type Case = (&'static str, fn(Vars) -> Result<AnyOptimizer>, [f64; 12]);

fn adam(vars: Vars, options: AdamOptions) -> Result<AnyOptimizer> {
    Ok(AnyOptimizer::from(Adam::named(vars, options.learning_rate(0.02))?))
}

fn sgd(vars: Vars, options: SgdOptions) -> Result<AnyOptimizer> {
    Ok(AnyOptimizer::from(Sgd::named(vars, options.learning_rate(0.02))?))
}

fn momentum() -> SgdOptions {
    SgdOptions::default().momentum(0.9)
}

const CASES: [Case; 10] = [
    (
        "Adam",
        |vars| adam(vars, AdamOptions::default()),
        [
            0.377_647_725,
            0.132_040_515,
            -0.177_193_631,
            -0.048_145_346,
            0.124_868_255,
            0.138_767_981,
            0.254_373_033,
            0.274_991_513,
            -0.620_522_694,
            0.380_654_235,
            -0.080_770_475,
            0.100_439_424,
        ],
    ),
    (
        "AdamW",
        |vars| adam(vars, AdamOptions::adamw().weight_decay(0.5)),
        [
            0.344_088_973,
            0.064_338_046,
            -0.142_067_979,
            -0.062_042_231,
            0.118_756_323,
            0.092_510_282,
            0.215_707_568,
            0.206_363_077,
            -0.511_232_048,
            0.308_657_897,
            -0.056_252_101,
            0.066_585_146,
        ],
    ),
    (
        "Adam with L2",
        |vars| adam(vars, AdamOptions::default().l2(0.5)),
        [
            0.333_624_546,
            0.072_807_706,
            -0.118_439_399,
            -0.046_994_052,
            0.119_457_492,
            0.138_579_102,
            0.224_682_789,
            0.146_447_028,
            -0.342_998_788,
            0.357_775_432,
            -0.065_949_366,
            0.089_523_861,
        ],
    ),
    (
        "AdamW, the bias with half the rate and no decay",
        |vars| {
            let options = AdamOptions::adamw().weight_decay(0.5).learning_rate(0.02);
            let adam = Adam::grouped(vars, options, |name, var| {
                let group = no_decay_on_biases_and_norms(name, var);
                if name == "bias" { group.learning_rate(0.5) } else { Group::default() }
            });
            Ok(AnyOptimizer::from(adam?))
        },
        [
            0.217_806_799,
            -0.026_980_377,
            0.050_583_37,
            -0.065_643_295,
            0.120_453_406,
            0.094_515_783,
            0.222_962_664,
            0.177_133_42,
            -0.430_024_42,
            0.299_910_056,
            -0.060_739_602,
            0.062_579_675,
        ],
    ),
    (
        "SGD",
        |vars| sgd(vars, SgdOptions::default()),
        [
            0.257_471_152,
            -0.102_581_388,
            0.184_844_641,
            -0.428_127_876,
            0.049_735_907,
            0.379_973_535,
            0.008_620_471,
            0.431_250_131,
            -0.602_266_485,
            0.788_591_836,
            -0.256_832_698,
            0.032_860_116,
        ],
    ),
    (
        "SGD with momentum",
        |vars| sgd(vars, momentum()),
        [
            1.208_276_368,
            -0.551_771_812,
            -0.014_001_29,
            -1.583_404_446,
            0.584_488_071,
            0.289_854_708,
            -0.647_976_135,
            0.536_008_312,
            -0.179_278_239,
            1.013_033_565,
            -1.044_193_325,
            0.108_793_292,
        ],
    ),
    (
        "Nesterov",
        |vars| sgd(vars, momentum().nesterov()),
        [
            1.280_317_014,
            -0.344_874_12,
            0.079_474_836,
            -1.418_730_828,
            0.488_316_481,
            0.249_791_813,
            -0.717_089_009,
            0.557_115_713,
            -0.413_548_253,
            1.026_220_648,
            -0.741_827_544,
            -0.012_355_467,
        ],
    ),
    (
        "SGD with L2",
        |vars| sgd(vars, momentum().l2(0.5)),
        [
            0.785_843_114,
            -0.321_391_43,
            -0.393_199_286,
            -0.940_795_865,
            0.419_029_007,
            0.262_465_761,
            -0.531_745_056,
            0.216_273_76,
            0.440_714_457,
            0.997_477_587,
            -0.690_987_325,
            -0.344_169_625,
        ],
    ),
    (
        "Nesterov with L2",
        |vars| sgd(vars, momentum().l2(0.5).nesterov()),
        [
            0.841_304_657,
            -0.278_507_823,
            -0.167_682_993,
            -0.912_111_892,
            0.449_925_026,
            0.111_536_829,
            -0.584_916_94,
            0.254_776_866,
            0.164_508_961,
            1.137_610_614,
            -0.661_315_81,
            -0.117_006_682,
        ],
    ),
    (
        "SGD with decoupled decay",
        |vars| sgd(vars, momentum().weight_decay(0.5)),
        [
            1.125_488_761,
            -0.487_757_193,
            -0.080_598_668,
            -1.411_994_451,
            0.531_203_349,
            0.272_823_9,
            -0.621_694_489,
            0.505_042_455,
            -0.049_641_566,
            1.029_696_607,
            -0.981_165_126,
            0.051_248_535,
        ],
    ),
];

fn named(dtype: DType) -> Result<Vars> {
    let device = &Device::Cpu;
    let values = [
        ("bias", Tensor::new(&[0.05, -0.1, 0.2], device)?),
        ("weight", Tensor::new(&[[0.3, -0.2, 0.5], [0.1, 0.4, -0.6]], device)?),
        ("out.weight", Tensor::new(&[0.7, -0.3, 0.4], device)?),
    ];
    let var = |(name, values): (&str, Tensor)| {
        Ok((name.to_string(), Var::from_tensor(&values.to_dtype(dtype)?)?))
    };
    values.into_iter().map(var).collect()
}

/// The script's loss.
fn loss(vars: &Vars) -> Result<Tensor> {
    let dtype = vars[0].1.dtype();
    let [bias, weight, out] = [0, 1, 2].map(|i| vars[i].1.as_tensor());
    let xs = [[0.5, -1.], [1.5, 0.25], [-0.75, 2.], [0., 1.]];
    let xs = Tensor::new(&xs, &Device::Cpu)?.to_dtype(dtype)?;
    let ys = Tensor::new(&[1., -1., 0.5, 0.25], &Device::Cpu)?.to_dtype(dtype)?;
    let hidden = xs.matmul(weight)?.broadcast_add(bias)?.tanh()?;
    (hidden.matmul(&out.unsqueeze(1)?)?.squeeze(1)? - ys)?.sqr()?.sum_all()
}

fn values(vars: &Vars) -> Result<Vec<f64>> {
    let flat = |(_, var): &(String, Var)| {
        var.as_tensor().to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()
    };
    Ok(vars.iter().map(flat).collect::<Result<Vec<_>>>()?.concat())
}

/// Trains; with `interrupted` a new optimizer takes over in the middle.
fn train(make: fn(Vars) -> Result<AnyOptimizer>, dtype: DType, interrupted: bool) -> Result<Vars> {
    let vars = named(dtype)?;
    let mut optimizer = make(vars.clone())?;
    for step in 0..STEPS {
        if interrupted && step == STEPS / 2 {
            let state = optimizer.state()?;
            optimizer = make(vars.clone())?;
            optimizer.set_state(&state)?;
        }
        optimizer.backward_step(&loss(&vars)?)?;
    }
    Ok(vars)
}

#[test]
fn twenty_steps_of_each_optimizer_are_pytorchs() -> Result<()> {
    for (name, make, expected) in CASES {
        for (dtype, tolerance) in [(DType::F64, 1e-9), (DType::F32, 1e-6)] {
            let found = values(&train(make, dtype, false)?)?;
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < tolerance, "{name}: {found} {expected}");
            }
        }
    }
    Ok(())
}

#[test]
fn each_optimizer_continues_from_its_state_to_the_bit() -> Result<()> {
    for (name, make, _) in CASES {
        for dtype in [DType::F64, DType::F32] {
            let (whole, halves) = (train(make, dtype, false)?, train(make, dtype, true)?);
            assert_eq!(values(&whole)?, values(&halves)?, "{name}");
        }
    }
    Ok(())
}

/// Gradient descent of rate 1 from 0, which ends at the negative clipped gradients.
fn clipped(options: ClipOptions) -> Result<Vec<f64>> {
    let grads = [
        Tensor::new(&[3f32, -4.], &Device::Cpu)?,
        Tensor::new(&[[12f32, 0.], [-0.5, 1.]], &Device::Cpu)?,
    ];
    let var =
        |(i, grad): (usize, &Tensor)| Ok((i.to_string(), Var::from_tensor(&grad.zeros_like()?)?));
    let vars = grads.iter().enumerate().map(var).collect::<Result<Vars>>()?;
    let sgd = Sgd::named(vars.clone(), SgdOptions::default().learning_rate(1.))?;
    let product = |((_, var), grad): (&(String, Var), &Tensor)| (var.as_tensor() * grad)?.sum_all();
    let losses = vars.iter().zip(&grads).map(product).collect::<Result<Vec<_>>>()?;
    ClipGradients::over_vars(sgd, vars.clone(), options)?
        .backward_step(&(&losses[0] + &losses[1])?)?;
    Ok(values(&vars)?.iter().map(|value| -value).collect())
}

#[test]
fn clipping_is_pytorchs() -> Result<()> {
    let options = ClipOptions::default();
    let by_norm = [
        0.459_841_012_954_711_9,
        -0.613_121_330_738_067_6,
        1.839_364_051_818_847_7,
        0.,
        -0.076_640_166_342_258_45,
        0.153_280_332_684_516_9,
    ];
    for (found, expected) in clipped(options.max_norm(2.))?.iter().zip(by_norm) {
        assert!((found - expected).abs() <= 2e-7, "{found} {expected}");
    }
    let whole = [3., -4., 12., 0., -0.5, 1.];
    assert_eq!(clipped(options.max_norm(100.))?, whole);
    assert_eq!(clipped(options)?, whole);
    assert_eq!(clipped(options.max_value(2.5))?, [2.5, -2.5, 2.5, 0., -0.5, 1.]);
    Ok(())
}

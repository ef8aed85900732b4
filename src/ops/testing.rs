//! What the tests of the ops share.

use candle_core::{Device, Result, Tensor, Var};

use super::backward;

/// Numbers without pattern in (−1, 1), the same on every machine.
pub fn numbers(shape: &[usize], salt: usize) -> Result<Var> {
    let count: usize = shape.iter().product();
    let value = |i: usize| (((i + 1) * 7919 + salt * 104_729) % 2003) as f32 / 1001.5 - 1.;
    let values: Vec<f32> = (0..count).map(value).collect();
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)
}

pub fn largest_difference(a: &Tensor, b: &Tensor) -> Result<f32> {
    (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar()
}

/// Values and gradients in all variables: of an op and its plain twin, and of the op and its central
/// differences.
pub fn check(
    vars: &[Var],
    op: impl Fn() -> Result<Tensor>,
    twin: impl Fn() -> Result<Tensor>,
    differences: bool,
) -> Result<()> {
    let (ys, expected) = (op()?, twin()?);
    assert_eq!(ys.shape(), expected.shape());
    assert!(largest_difference(&ys, &expected)? < 1e-5, "values");
    let pull = numbers(ys.dims(), 99)?.as_detached_tensor();
    let (candles, ours) = ((expected * &pull)?.backward()?, backward(&(ys * &pull)?)?);
    for (i, var) in vars.iter().enumerate() {
        let (grad, expected) = (ours.get(var).unwrap(), candles.get(var).unwrap());
        assert_eq!(grad.shape(), var.shape());
        let scale = expected.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?.max(1.);
        assert!(largest_difference(grad, expected)? < 2e-5 * scale, "gradient of variable {i}");
        if !differences {
            continue;
        }
        let start = var.as_tensor().copy()?;
        let direction = numbers(var.dims(), 7 + i)?.as_detached_tensor();
        let at = |h: f64| -> Result<f64> {
            var.set(&(&start + (&direction * h)?)?)?;
            (op()? * &pull)?.to_dtype(candle_core::DType::F64)?.sum_all()?.to_scalar()
        };
        const H: f64 = 1e-3;
        let slope = (at(H)? - at(-H)?) / (2. * H);
        var.set(&start)?;
        let product = (grad * &direction)?.to_dtype(candle_core::DType::F64)?;
        let product = product.sum_all()?.to_scalar::<f64>()?;
        assert!((slope - product).abs() < 5e-3 * product.abs().max(1.), "{i}: {slope} {product}");
    }
    Ok(())
}

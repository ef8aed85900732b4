//! Noise in other types than f32, and what is wrapped around a model and its optimizer, on a device.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{ModuleT, Optimizer, VarMap};
use candle_noise::nn::{dense, replicated_vars, sorted_vars};
use candle_noise::noise::{LabelNoise, NoiseMap, WeightNoise};
use candle_noise::optim::{
    Adam, AdamOptions, GradientNoise, GradientNoiseOptions, MaxNorm, MaxNormOptions,
};

use super::{device, difference, numbers};
use crate::noise_members::family;

#[test]
fn other_types_than_f32_have_the_cpus_bits() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    for dtype in [DType::F64, DType::F16, DType::BF16] {
        let run = |device: &Device| -> Result<Vec<f64>> {
            let xs = numbers(&[9, 31], 1)?.to_dtype(dtype)?.to_device(device)?;
            let ys = family()[0].draw(1, "a", &xs)?;
            assert!(ys.device().same_device(device) && ys.dtype() == dtype);
            ys.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
        };
        assert_eq!(run(&cuda)?, run(&Device::Cpu)?, "{dtype:?}");
    }
    Ok(())
}

#[test]
fn noise_on_weights_gradients_and_labels_and_bounded_weights() -> Result<()> {
    let Some(cuda) = device() else { return Ok(()) };
    let run = |device: &Device| -> Result<Vec<Tensor>> {
        let (varmap, noisemap, seeds) = (VarMap::new(), NoiseMap::replicated(&[1, 2]), [1, 2]);
        let layer = dense(2, 3, 5, replicated_vars(&varmap, &seeds, DType::F32, device))?;
        let nb = noisemap.builder();
        let weights = WeightNoise::new(&varmap, 0.1, nb.pp("weights"))?;
        let labels = LabelNoise::new(0.3, 2, nb.pp("labels"))?;
        let vars: Vec<Var> = sorted_vars(&varmap).into_iter().map(|(_, var)| var).collect();
        let adam = Adam::new(vars.clone(), AdamOptions::default())?;
        let options = GradientNoiseOptions::default();
        let noisy = GradientNoise::over(adam, &varmap, options, nb.pp("gradients"))?;
        let bounds = MaxNormOptions::default().max_value(0.8);
        let bounded = MaxNorm::over(noisy, vars.clone(), bounds)?;
        let (model, mut optimizer) = (weights.model(layer), weights.optimizer(bounded));
        let xs = numbers(&[2, 6, 3], 1)?.to_device(device)?;
        let classes = numbers(&[2, 6, 5], 2)?.gt(0f32)?.to_dtype(DType::F32)?.to_device(device)?;
        for _ in 0..4 {
            let ys = labels.forward_t(&classes, true)?;
            let loss = (model.forward_t(&xs, true)? - ys)?.sqr()?;
            optimizer.backward_step(&loss)?;
        }
        weights.restore()?;
        vars.iter().map(|var| var.as_detached_tensor().to_device(&Device::Cpu)).collect()
    };
    for (found, expected) in run(&cuda)?.iter().zip(&run(&Device::Cpu)?) {
        let difference = difference(found, expected)?;
        assert!(difference < 1e-5, "{difference}");
    }
    Ok(())
}

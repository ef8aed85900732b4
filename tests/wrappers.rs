//! The wrappers of an optimizer around each other, in every order.

use candle_core::{Result, Var};
use candle_nn::VarMap;
use candle_noise::nn::{Model, trainable_vars};
use candle_noise::noise::{NoiseMap, WeightNoise};
use candle_noise::optim::{
    Adam, AdamOptions, AnyOptimizer, ClipGradients, ClipOptions, GradientNoise,
    GradientNoiseOptions, MaxNorm, MaxNormOptions,
};
use candle_noise::train::{Checkpoint, Trainer};

use crate::resume::{Parts, SEEDS, read_back, values};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrapper {
    MaxNorm,
    GradientNoise,
    WeightNoise,
    Clip,
}

const WRAPPERS: [Wrapper; 4] =
    [Wrapper::MaxNorm, Wrapper::GradientNoise, Wrapper::WeightNoise, Wrapper::Clip];

impl Wrapper {
    fn around(
        self,
        inner: AnyOptimizer,
        varmap: &VarMap,
        noisemap: &NoiseMap,
        weights: &WeightNoise,
    ) -> Result<AnyOptimizer> {
        Ok(match self {
            Self::MaxNorm => {
                let vars: Vec<Var> = trainable_vars(varmap).into_iter().map(|(_, v)| v).collect();
                let options = MaxNormOptions::default().max_value(0.4);
                AnyOptimizer::from(MaxNorm::over(inner, vars, options)?)
            }
            Self::GradientNoise => {
                let options = GradientNoiseOptions::default();
                let nb = noisemap.builder().pp("gradients");
                AnyOptimizer::from(GradientNoise::over(inner, varmap, options, nb)?)
            }
            Self::WeightNoise => AnyOptimizer::from(weights.optimizer(inner)),
            Self::Clip => {
                let options = ClipOptions::default().max_norm(0.3).replicas(SEEDS.len());
                AnyOptimizer::from(ClipGradients::over(inner, varmap, options)?)
            }
        })
    }
}

/// Every order of the wrappers, from the inside out.
fn orders() -> Vec<[Wrapper; 4]> {
    let mut orders = Vec::new();
    for a in WRAPPERS {
        for b in WRAPPERS {
            for c in WRAPPERS {
                for d in WRAPPERS {
                    let order = [a, b, c, d];
                    if WRAPPERS.iter().all(|wrapper| order.contains(wrapper)) {
                        orders.push(order);
                    }
                }
            }
        }
    }
    orders
}

/// A trainer after its last epoch.
fn train(order: &[Wrapper], epochs: usize, from: Option<&Checkpoint>) -> Result<Trainer> {
    let mut parts = Parts::new(&SEEDS, epochs)?;
    let options = AdamOptions::default().learning_rate(0.02);
    parts.optimizer = AnyOptimizer::from(Adam::of(&parts.varmap, options)?);
    let nb = parts.noisemap.builder().pp("weights");
    let weights = WeightNoise::new(&parts.varmap, 0.05, nb)?;
    if order.contains(&Wrapper::WeightNoise) {
        parts.model = Model::new(weights.model(parts.model));
    }
    for wrapper in order {
        let inner = parts.optimizer;
        parts.optimizer = wrapper.around(inner, &parts.varmap, &parts.noisemap, &weights)?;
    }
    let mut trainer = parts.trainer()?;
    if let Some(checkpoint) = from {
        trainer.resume(checkpoint)?;
    }
    while !trainer.has_ended() {
        trainer.epoch()?;
    }
    Ok(trainer)
}

fn weights(trainer: &Trainer) -> Result<Vec<Vec<f32>>> {
    trainable_vars(trainer.varmap()).iter().map(|(_, var)| values(var)).collect()
}

#[test]
fn every_order_of_the_wrappers_is_resumed_to_the_bit() -> Result<()> {
    let orders = orders();
    assert_eq!(orders.len(), 24);
    let clip_sees_noise = |order: &[Wrapper; 4]| {
        let place = |wrapper| order.iter().position(|own| *own == wrapper);
        place(Wrapper::GradientNoise) > place(Wrapper::Clip)
    };
    let mut results: [Option<Vec<Vec<f32>>>; 2] = [None, None];
    for order in &orders {
        let half = read_back(&train(order, 2, None)?.checkpoint()?)?;
        let (resumed, whole) = (train(order, 4, Some(&half))?, train(order, 4, None)?);
        assert_eq!(resumed.history(), whole.history(), "{order:?}");
        assert_eq!(weights(&resumed)?, weights(&whole)?, "{order:?}");
        let (found, expected) = (resumed.checkpoint()?, whole.checkpoint()?);
        assert_eq!(found.noise_steps, expected.noise_steps, "{order:?}");
        assert_eq!(found.optimizer_steps, 4 * 4);
        for (name, moments) in &expected.moments {
            assert_eq!(values(&found.moments[name])?, values(moments)?, "{order:?}");
        }
        // Only the order of clipping and noise matters: the noisy gradients are clipped, or the clipped
        // ones are noisy. Weights are restored before the inner step and bounded after it.
        let result = &mut results[usize::from(clip_sees_noise(order))];
        assert_eq!(*result.get_or_insert(weights(&whole)?), weights(&whole)?, "{order:?}");
    }
    assert_ne!(results[0], results[1]);
    for left_out in WRAPPERS {
        let others: Vec<_> = WRAPPERS.into_iter().filter(|wrapper| *wrapper != left_out).collect();
        let without = weights(&train(&others, 4, None)?)?;
        assert!(!results.contains(&Some(without)), "{left_out:?} does something");
    }
    Ok(())
}

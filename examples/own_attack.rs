//! An attack of your own, which asks for outputs alone, beside one that follows the gradient.

use std::sync::Arc;

use anyhow::Result;
use candle_core::{DType, Device, Result as CandleResult, Tensor};
use candle_nn::VarMap;
use candle_noise::NoiseMap;
use candle_noise::metric::Accuracy;
use candle_noise::model::{Activation, Mlp};
use candle_noise::nn::{Model, replicated_vars};
use candle_noise::noise::Slots;
use candle_noise::objective::BinaryCrossEntropy;
use candle_noise::ops::Axis;
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::robust::{Attack, Norm, Pgd, Rows, Victim, Worst, curve};
use candle_noise::task::{Circles, Task};
use candle_noise::train::{History, TrainOptions, fit};

/// Random corners of the box around each row, of which the worst is kept.
#[derive(Debug)]
struct Corners {
    tries: u32,
}

impl Attack for Corners {
    fn name(&self) -> &str {
        "corners"
    }

    fn norm(&self) -> Option<Norm> {
        Some(Norm::Linf)
    }

    fn keeps_worst(&self) -> bool {
        true
    }

    fn apply(&self, on: &Victim, rows: &Rows, strength: f64, _: u32) -> CandleResult<Tensor> {
        let mut worst = Worst::clean(on, rows)?;
        for number in 0..self.tries {
            let corner = rows.normals(on.seeds(), "corners", number)?.sign()?;
            let moved = on.limits().within(&(&rows.xs + (corner * strength)?)?, &rows.xs)?;
            worst.keep(&moved, &on.answers(&moved, rows)?)?;
        }
        Ok(worst.rows().clone())
    }
}

fn main() -> Result<()> {
    const SEED: u64 = 42;
    let (circles, varmap, noise) =
        (Circles::default(), VarMap::new(), NoiseMap::replicated(&[SEED]));
    let parts = circles.parts(&circles.defaults(), &circles.draw(), &Device::Cpu)?;
    let vb = replicated_vars(&varmap, &[SEED], DType::F32, &Device::Cpu);
    let network =
        Mlp { inputs: 2, hidden: vec![50], outputs: 1, activation: Activation::default() };
    let model = Model::new(network.build(&vb, &Slots::new(&noise, &[])?)?);
    let mut adam = Adam::of(&varmap, AdamOptions::default().learning_rate(0.01))?;
    let options = TrainOptions::new(500).seeds(&[SEED]);
    fit(&model, &mut adam, &parts.train, None, &options, History::default())?;

    let victim = Victim::new(model, Arc::new(BinaryCrossEntropy), Axis::Replicas, &[SEED])?;
    let strengths = [0., 0.05, 0.1, 0.2];
    let corners = Corners { tries: 20 };
    for attack in [&corners as &dyn Attack, &Pgd::new(Norm::Linf)] {
        let found = curve(&victim, &parts.test, attack, &strengths, &[Arc::new(Accuracy)], None)?;
        let scores: Vec<String> = found.scores[0][0]
            .iter()
            .map(|score| score.map_or("-".into(), |score| format!("{score:.3}")))
            .collect();
        println!("{}: test accuracy {} at {strengths:?}", attack.name(), scores.join(", "));
    }
    Ok(())
}

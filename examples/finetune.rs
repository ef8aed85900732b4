//! Fine-tuning with noise: a network learns digits without it, its weights go into a new model, and
//! that trains on with noise on its inputs, which is taken out again at the end.

use anyhow::{Result, ensure};
use candle_core::{D, DType, Device, Tensor};
use candle_nn::{Activation, ModuleT, Optimizer, VarMap, linear, loss};
use candle_noise::data::digits;
use candle_noise::nn::{SequentialT, seeded_vars, seq_t};
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::rng::{Address, Stream};
use candle_noise::{GaussianNoise, NoiseMap};

const SEED: u64 = 42;
/// Pixels lie in [0, 1].
const STDDEV: f64 = 0.4;

fn model(varmap: &VarMap, seed: u64) -> Result<SequentialT> {
    let vb = seeded_vars(varmap, seed, DType::F32, &Device::Cpu);
    Ok(seq_t()
        .add_named("fc1", linear(64, 64, vb.pp("fc1"))?)?
        .add(Activation::Relu)
        .add_named("fc2", linear(64, 10, vb.pp("fc2"))?)?)
}

/// Images (N, 64) and the digits that they show (N,).
struct Rows {
    xs: Tensor,
    ys: Tensor,
}

fn train(
    model: &SequentialT,
    varmap: &VarMap,
    rows: &Rows,
    epochs: u32,
    learning_rate: f64,
) -> Result<()> {
    let mut adam = Adam::of(varmap, AdamOptions::default().learning_rate(learning_rate))?;
    for epoch in 0..epochs {
        let order = Address::new(SEED, "rows", Stream::Shuffle, epoch);
        for batch in order.permutation(0, rows.xs.dim(0)?).chunks(32) {
            let batch = Tensor::new(batch, &Device::Cpu)?;
            let logits = model.forward_t(&rows.xs.index_select(&batch, 0)?, true)?;
            let loss = loss::cross_entropy(&logits, &rows.ys.index_select(&batch, 0)?)?;
            adam.backward_step(&loss)?;
        }
    }
    Ok(())
}

fn accuracy(model: &SequentialT, rows: &Rows) -> Result<f32> {
    let hits = model.forward_t(&rows.xs, false)?.argmax(D::Minus1)?.eq(&rows.ys)?;
    Ok(hits.to_dtype(DType::F32)?.mean_all()?.to_scalar()?)
}

fn main() -> Result<()> {
    let (xs, ys) = digits()?.to_tensors(&Device::Cpu)?;
    let ys = ys.to_dtype(DType::U32)?;
    let part = |start, len| -> Result<Rows> {
        Ok(Rows { xs: xs.narrow(0, start, len)?, ys: ys.narrow(0, start, len)? })
    };
    let (training, test) = (part(0, 500)?, part(500, 1297)?);
    // The same test images through a noisy camera, whose noise is none of the training's draws.
    let camera = GaussianNoise::seeded_at(STDDEV, SEED, "camera")?;
    let noisy_test = Rows { xs: camera.forward_t(&test.xs, true)?, ys: test.ys.clone() };

    let varmap = VarMap::new();
    let pretrained = model(&varmap, SEED)?;
    train(&pretrained, &varmap, &training, 30, 0.002)?;
    let folder = tempfile::tempdir()?; // removed at the end
    let file = folder.path().join("digits.safetensors");
    varmap.save(&file)?;

    // A new model first, with other initial weights: `load` fills the variables that there are.
    let mut varmap = VarMap::new();
    let mut finetuned = model(&varmap, SEED + 1)?;
    varmap.load(&file)?;
    let before = [accuracy(&finetuned, &test)?, accuracy(&finetuned, &noisy_test)?];
    ensure!(before[0] == accuracy(&pretrained, &test)?, "the weights are those of the file");
    println!(
        "trained without noise: {:.3} on clean and {:.3} on noisy digits",
        before[0], before[1]
    );

    let noisemap = NoiseMap::new(SEED);
    let noise = GaussianNoise::new(STDDEV, noisemap.builder().pp("input"))?;
    finetuned.insert_before("fc1", "noise", noise)?;
    train(&finetuned, &varmap, &training, 60, 0.002)?;
    finetuned.remove("noise")?;
    varmap.save(&file)?; // the names and shapes of before: a model without noise loads them

    let after = [accuracy(&finetuned, &test)?, accuracy(&finetuned, &noisy_test)?];
    println!("fine-tuned with noise: {:.3} on clean and {:.3} on noisy digits", after[0], after[1]);
    ensure!(after[1] > before[1], "noise in training helps against noise");
    Ok(())
}

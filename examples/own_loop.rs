//! `GaussianNoise` in your own training loop: saved halfway and resumed, it ends with the weights
//! of uninterrupted training, bit for bit.

use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use candle_nn::{Activation, ModuleT, Optimizer, VarMap, linear, loss};
use candle_noise::nn::{SequentialT, seeded_vars, seq_t, sorted_vars, trainable_vars};
use candle_noise::optim::{Adam, AdamOptions, OptimizerState, SaveState};
use candle_noise::rng::{Address, Stream};
use candle_noise::{GaussianNoise, NoiseMap};

const SEED: u64 = 42;

/// All that training changes: the weights, the steps of the noise, the moments of the optimizer.
struct Training {
    varmap: VarMap,
    noisemap: NoiseMap,
    adam: Adam,
    model: SequentialT,
}

impl Training {
    fn new() -> Result<Self> {
        let (varmap, noisemap) = (VarMap::new(), NoiseMap::new(SEED));
        let vb = seeded_vars(&varmap, SEED, DType::F32, &Device::Cpu);
        let model = seq_t()
            .add(linear(1, 32, vb.pp("fc1"))?)
            .add(GaussianNoise::new(0.1, noisemap.builder().pp("hidden"))?)
            .add(Activation::Relu)
            .add(linear(32, 1, vb.pp("fc2"))?);
        // Sorted by name, because `VarMap::all_vars` has no fixed order and the moments follow it.
        let vars = trainable_vars(&varmap).into_iter().map(|(_, var)| var).collect();
        let adam = Adam::new(vars, AdamOptions::default().learning_rate(0.01))?;
        Ok(Self { varmap, noisemap, adam, model })
    }

    /// Trains on batches of 16 rows. Their order follows from the epoch, so it needs no saving.
    fn train(&mut self, epochs: Range<u32>, xs: &Tensor, ys: &Tensor) -> Result<()> {
        for epoch in epochs {
            let order = Address::new(SEED, "rows", Stream::Shuffle, epoch);
            for rows in order.permutation(0, xs.dim(0)?).chunks(16) {
                let rows = Tensor::new(rows, &Device::Cpu)?;
                let outputs = self.model.forward_t(&xs.index_select(&rows, 0)?, true)?;
                let loss = loss::mse(&outputs, &ys.index_select(&rows, 0)?)?;
                self.adam.backward_step(&loss)?;
            }
        }
        Ok(())
    }

    fn save(&self, folder: &Path) -> Result<()> {
        self.varmap.save(folder.join("weights.safetensors"))?;
        self.noisemap.save(folder.join("noise.safetensors"))?;
        Ok(self.adam.state()?.save(folder.join("adam.safetensors"))?)
    }

    fn resume(folder: &Path) -> Result<Self> {
        let mut own = Self::new()?;
        own.varmap.load(folder.join("weights.safetensors"))?;
        own.noisemap.load(folder.join("noise.safetensors"))?;
        own.adam.set_state(&OptimizerState::load(folder.join("adam.safetensors"))?)?;
        Ok(own)
    }

    /// The bits of all weights.
    fn bits(&self) -> Result<Vec<u32>> {
        let mut bits = Vec::new();
        for (_, var) in sorted_vars(&self.varmap) {
            bits.extend(var.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits));
        }
        Ok(bits)
    }
}

fn main() -> Result<()> {
    let xs = Tensor::arange_step(-3f32, 3., 0.05, &Device::Cpu)?.unsqueeze(1)?; // (120, 1)
    let ys = xs.sin()?;

    let mut uninterrupted = Training::new()?;
    uninterrupted.train(0..20, &xs, &ys)?;

    let folder = tempfile::tempdir()?;
    let mut interrupted = Training::new()?;
    interrupted.train(0..10, &xs, &ys)?;
    interrupted.save(folder.path())?;

    let mut resumed = Training::resume(folder.path())?;
    resumed.train(10..20, &xs, &ys)?;

    assert_eq!(resumed.bits()?, uninterrupted.bits()?);
    println!("Resumed after 10 of 20 epochs: the same weights, bit for bit");
    Ok(())
}

//! Networks of plain Candle layers reach the accuracy of the same networks in PyTorch: one with
//! `BatchNorm`, and a transformer block, 64 wide, with two heads and `LayerNorm`.
//!
//! PyTorch 2.15 prints mean and standard deviation over ten seeds, `mlp 0.8935 0.0058` and `block 0.7422
//! 0.0130`, for this script, which takes `data/digits.csv.gz`:
//!
//! ```python
//! import gzip, sys
//! import torch
//! from torch import nn
//!
//! rows = [list(map(float, line.split(","))) for line in gzip.open(sys.argv[1], "rt").read().split()]
//! data = torch.tensor(rows)
//! xs, ys = data[:, :64] / 16, data[:, 64].long()
//! train, test = (xs[:300], ys[:300]), (xs[1000:], ys[1000:])
//!
//! class Block(nn.Module):
//!     def __init__(self):
//!         super().__init__()
//!         self.embed, self.place = nn.Linear(8, 64), nn.Parameter(torch.zeros(8, 64))
//!         self.ln1, self.ln2 = nn.LayerNorm(64), nn.LayerNorm(64)
//!         self.qkv, self.out = nn.Linear(64, 192), nn.Linear(64, 64)
//!         self.fc1, self.fc2, self.head = nn.Linear(64, 128), nn.Linear(128, 64), nn.Linear(64, 10)
//!
//!     def forward(self, xs):
//!         h = self.embed(xs.reshape(-1, 8, 8)) + self.place
//!         q, k, v = (t.reshape(-1, 8, 2, 32).transpose(1, 2) for t in self.qkv(self.ln1(h)).chunk(3, -1))
//!         mixed = ((q @ k.transpose(2, 3)) / 32 ** 0.5).softmax(-1) @ v
//!         h = h + self.out(mixed.transpose(1, 2).reshape(-1, 8, 64))
//!         h = h + self.fc2(self.fc1(self.ln2(h)).relu())
//!         return self.head(h.mean(1))
//!
//! def mlp():
//!     return nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))
//!
//! for name, make in [("mlp", mlp), ("block", Block)]:
//!     accuracies = []
//!     for seed in range(10):
//!         torch.manual_seed(seed)
//!         model = make()
//!         adam = torch.optim.Adam(model.parameters(), lr=0.002)
//!         for epoch in range(15):
//!             model.train()
//!             for batch in torch.randperm(300).split(30):
//!                 adam.zero_grad()
//!                 nn.functional.cross_entropy(model(train[0][batch]), train[1][batch]).backward()
//!                 adam.step()
//!         model.eval()
//!         accuracies.append((model(test[0]).argmax(1) == test[1]).float().mean().item())
//!     a = torch.tensor(accuracies, dtype=torch.float64)
//!     print(name, f"{a.mean():.4f} {a.std():.4f}")
//! ```

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{Activation, Init, Linear, Module, ModuleT, VarBuilder, VarMap, batch_norm, ops};
use candle_noise::data::{Samples, digits};
use candle_noise::nn::{Model, seeded_vars, seq_t};
use candle_noise::objective::CrossEntropy;
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{TrainOptions, Trainer, evaluate};

/// `nn.Linear` with PyTorch's initial weights, which are not those of `candle_nn::linear`.
fn linear(inputs: usize, outputs: usize, vb: VarBuilder) -> Result<Linear> {
    let bound = 1. / (inputs as f64).sqrt();
    let init = Init::Uniform { lo: -bound, up: bound };
    let weight = vb.get_with_hints((outputs, inputs), "weight", init)?;
    Ok(Linear::new(weight, Some(vb.get_with_hints(outputs, "bias", init)?)))
}

/// `LayerNorm` with a gradient.
struct Norm {
    weight: Tensor,
    bias: Tensor,
}

impl Norm {
    fn new(vb: VarBuilder) -> Result<Self> {
        let weight = vb.get_with_hints(64, "weight", Init::Const(1.))?;
        Ok(Self { weight, bias: vb.get_with_hints(64, "bias", Init::Const(0.))? })
    }

    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        ops::layer_norm_slow(xs, &self.weight, &self.bias, 1e-5)
    }
}

struct Block {
    embed: Linear,
    place: Tensor,
    norms: [Norm; 2],
    qkv: Linear,
    out: Linear,
    fc1: Linear,
    fc2: Linear,
    head: Linear,
}

impl Block {
    fn new(vb: &VarBuilder) -> Result<Self> {
        Ok(Self {
            embed: linear(8, 64, vb.pp("embed"))?,
            place: vb.get_with_hints((8, 64), "place", Init::Const(0.))?,
            norms: [Norm::new(vb.pp("ln1"))?, Norm::new(vb.pp("ln2"))?],
            qkv: linear(64, 192, vb.pp("qkv"))?,
            out: linear(64, 64, vb.pp("out"))?,
            fc1: linear(64, 128, vb.pp("fc1"))?,
            fc2: linear(128, 64, vb.pp("fc2"))?,
            head: linear(64, 10, vb.pp("head"))?,
        })
    }
}

impl ModuleT for Block {
    fn forward_t(&self, xs: &Tensor, _: bool) -> Result<Tensor> {
        let rows = xs.dim(0)?;
        let hidden = self.embed.forward(&xs.reshape((rows, 8, 8))?)?.broadcast_add(&self.place)?;
        let qkv = self.qkv.forward(&self.norms[0].forward(&hidden)?)?;
        let head = |i: usize| -> Result<Tensor> {
            let part = qkv.narrow(D::Minus1, 64 * i, 64)?;
            part.reshape((rows, 8, 2, 32))?.transpose(1, 2)?.contiguous()
        };
        let [queries, keys, values] = [head(0)?, head(1)?, head(2)?];
        let scores = (queries.matmul(&keys.transpose(2, 3)?.contiguous()?)? / 32f64.sqrt())?;
        let mixed = ops::softmax(&scores, D::Minus1)?.matmul(&values)?;
        let mixed = mixed.transpose(1, 2)?.reshape((rows, 8, 64))?;
        let hidden = (hidden + self.out.forward(&mixed)?)?;
        let wide = self.fc1.forward(&self.norms[1].forward(&hidden)?)?.relu()?;
        let hidden = (hidden + self.fc2.forward(&wide)?)?;
        self.head.forward(&hidden.mean(1)?)
    }
}

fn mlp(vb: &VarBuilder) -> Result<Model> {
    let first = seq_t().add(linear(64, 64, vb.pp("fc1"))?);
    let norm = first.add(batch_norm(64, 1e-5, vb.pp("norm"))?).add(Activation::Relu);
    Ok(Model::new(norm.add(linear(64, 10, vb.pp("fc2"))?)))
}

/// Returns mean and standard deviation of the accuracy over ten seeds.
fn accuracy(build: impl Fn(&VarBuilder) -> Result<Model>) -> Result<(f64, f64)> {
    let (xs, ys) = digits()?.to_tensors(&Device::Cpu)?;
    let part = |start: usize, len: usize| {
        Samples::new(&xs.narrow(0, start, len)?, &ys.narrow(0, start, len)?)
    };
    let (train, test) = (part(0, 300)?, part(1000, 797)?);
    let objective = CrossEntropy { classes: 10 };
    let mut scores = Vec::new();
    for seed in 0..10 {
        let varmap = VarMap::new();
        let model = build(&seeded_vars(&varmap, seed, DType::F32, &Device::Cpu))?;
        let adam = Adam::of(&varmap, AdamOptions::default().learning_rate(0.002).eps(1e-8))?;
        let options = TrainOptions::new(15).batch_size(30).objective(objective).seeds(&[seed]);
        let mut trainer = Trainer::new(model.clone(), &varmap, adam, train.clone(), options)?;
        while !trainer.has_ended() {
            trainer.epoch()?;
        }
        scores.push(evaluate(&model, &test, &objective)?.score[0]);
    }
    let mean = scores.iter().sum::<f64>() / 10.;
    let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / 9.;
    Ok((mean, variance.sqrt()))
}

/// Within three standard errors of the difference of two means of ten.
fn assert_like_pytorch((mean, std): (f64, f64), (expected, expected_std): (f64, f64)) {
    let error = ((std * std + expected_std * expected_std) / 10.).sqrt();
    println!("{mean:.4} {std:.4}, PyTorch {expected} {expected_std}");
    assert!((mean - expected).abs() < 3. * error, "{mean} {std}, expected {expected}");
}

#[test]
fn a_network_with_batch_norm_trains_as_in_pytorch() -> Result<()> {
    assert_like_pytorch(accuracy(mlp)?, (0.8935, 0.0058));
    Ok(())
}

#[test]
#[ignore = "takes two minutes"]
fn a_transformer_block_trains_as_in_pytorch() -> Result<()> {
    assert_like_pytorch(accuracy(|vb| Ok(Model::new(Block::new(vb)?)))?, (0.7422, 0.0130));
    Ok(())
}

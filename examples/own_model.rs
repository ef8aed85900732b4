//! A model and rows of your own: does noise help, where, and how much?

use std::sync::Arc;

use candle_core::{Device, Result};
use candle_nn::{Activation, VarBuilder, linear};
use candle_noise::data::Dataset;
use candle_noise::experiment::Experiment;
use candle_noise::nn::{Model, seq_t};
use candle_noise::noise::Slots;
use candle_noise::objective::{CrossEntropy, Objective};
use candle_noise::rng::{Address, Stream};
use candle_noise::task::{Draw, Fingerprint, Hyper, Parts, Rows, Task};

const FEATURES: usize = 4;
const CULTIVARS: usize = 3;

/// Wines of three cultivars, each with four standardized measurements.
struct Wine {
    table: Dataset,
}

impl Wine {
    /// 120 rows in memory. Each cultivar raises one measurement; the fourth says nothing.
    fn new() -> Result<Self> {
        let labels: Vec<u32> = (0..120).map(|row| row % CULTIVARS as u32).collect();
        let mut normals = vec![0.; labels.len() * FEATURES];
        Address::new(0, "wine", Stream::Data, 0).fill_normal(0, FEATURES, &mut normals);
        let mean = |i: usize| if i % FEATURES == labels[i / FEATURES] as usize { 1.5 } else { 0. };
        let features = normals.iter().enumerate().map(|(i, z)| mean(i) + f64::from(*z)).collect();
        Ok(Self { table: Dataset::new(FEATURES, features, labels)? })
    }
}

impl Task for Wine {
    fn name(&self) -> &str {
        "wine"
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.table)
    }

    fn rows(&self) -> Rows {
        Rows::new(self.table.len())
    }

    fn objective(&self) -> Arc<dyn Objective> {
        Arc::new(CrossEntropy { classes: CULTIVARS })
    }

    fn defaults(&self) -> Hyper {
        Hyper { hidden: 32, epochs: 100, learning_rate: 0.01, ..Hyper::default() }
    }

    fn draw(&self) -> Draw {
        Draw { data_seed: 1, train_size: 40, ..Draw::default() }
    }

    fn parts(&self, _: &Hyper, draw: &Draw, device: &Device) -> Result<Parts> {
        Parts::new(&draw.shuffled(self.rows())?, |rows| {
            self.table.select(rows)?.to_samples(&[FEATURES], device)
        })
    }

    fn build(&self, hyper: &Hyper, vb: VarBuilder, slots: &Slots) -> Result<Model> {
        let model = seq_t()
            .add(slots.at("input")?) // the identity unless there is noise at this place
            .add(linear(FEATURES, hyper.hidden, vb.pp("fc1"))?)
            .add(slots.at("hidden")?)
            .add(Activation::Relu)
            .add(linear(hyper.hidden, CULTIVARS, vb.pp("fc2"))?);
        Ok(Model::new(model))
    }
}

fn main() -> anyhow::Result<()> {
    let wine = Wine::new()?;
    let outcome = Experiment::new(&wine)
        .noise("hidden:gaussian:0.1,0.3".parse()?)
        .noise("input:dropout:0.2".parse()?)
        .repeats(5)
        .folder("runs/wine") // keeps the finished runs: the next call only adds what is missing
        .run()?;
    println!("{}", outcome.sentence());
    Ok(())
}

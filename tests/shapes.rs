//! The shapes of outputs and losses in the training loop.

use candle_core::{DType, Device, Module, Result, Tensor};
use candle_nn::{Embedding, Linear, ModuleT, VarMap, embedding, linear};
use candle_noise::data::Samples;
use candle_noise::loss::cross_entropy;
use candle_noise::metric::RSquared;
use candle_noise::nn::{Model, seeded_vars};
use candle_noise::objective::{CrossEntropy, LossFn, MeanSquaredError, Objective};
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{History, TrainOptions, Trainer, evaluate, fit};

/// Three inputs a row, and `outputs` targets.
fn samples(rows: usize, outputs: usize) -> Result<Samples> {
    let wave = |len: usize| (0..len).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<_>>();
    let xs = Tensor::from_vec(wave(rows * 3), (rows, 3), &Device::Cpu)?;
    Samples::new(&xs, &Tensor::from_vec(wave(rows * outputs), (rows, outputs), &Device::Cpu)?)
}

/// Trains a linear model for two epochs on batches of 4 of 6 rows, with validation.
fn train(objective: impl Objective + 'static, outputs: usize) -> Result<History> {
    let varmap = VarMap::new();
    let model = linear(3, outputs, seeded_vars(&varmap, 1, DType::F32, &Device::Cpu))?;
    let adam = Adam::of(&varmap, AdamOptions::default())?;
    let options = TrainOptions::new(2).batch_size(4).objective(objective);
    let mut trainer =
        Trainer::new(Model::new(model), &varmap, adam, samples(6, outputs)?, options)?
            .with_validation(samples(5, outputs)?)?;
    while !trainer.has_ended() {
        trainer.epoch()?;
    }
    Ok(trainer.history().clone())
}

/// A loss as candle_nn's are, of outputs and targets without the replica axis.
fn scalar(outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
    candle_nn::loss::mse(&outputs.squeeze(0)?, &targets.squeeze(0)?)
}

#[test]
fn a_loss_that_is_a_scalar_trains_one_replica() -> Result<()> {
    let own = train(LossFn::new("own", 2, scalar).metric(RSquared), 2)?;
    assert_eq!(own, train(MeanSquaredError { outputs: 2 }, 2)?);
    Ok(())
}

#[test]
fn losses_of_other_shapes_are_named() {
    let squares = |outputs: &Tensor, targets: &Tensor| (outputs - targets)?.sqr();
    let of_rows = move |z: &Tensor, y: &Tensor| squares(z, y)?.mean(2);
    let kept = move |z: &Tensor, y: &Tensor| squares(z, y)?.mean_keepdim(2)?.mean_keepdim(1);
    let error = |loss: LossFn| train(loss, 2).unwrap_err().to_string();
    let of_rows = error(LossFn::new("rows", 2, of_rows));
    let expected =
        "the loss of rows: expected shape (1,), a mean for each replica, received [1, 4]";
    assert!(of_rows.starts_with(expected), "{of_rows}");
    assert!(error(LossFn::new("kept", 2, kept)).contains("received [1, 1, 1]"));
}

#[test]
fn outputs_are_as_many_as_the_objective_has() -> Result<()> {
    let xs = samples(4, 1)?.range(0, 4)?.0;
    let classes = Samples::new(&xs, &Tensor::new(&[0u32, 1, 2, 1], &Device::Cpu)?)?;
    let varmap = VarMap::new();
    let model = linear(3, 5, seeded_vars(&varmap, 1, DType::F32, &Device::Cpu))?;
    let mut adam = Adam::of(&varmap, AdamOptions::default())?;
    let options = TrainOptions::new(1).objective(CrossEntropy { classes: 3 });
    let expected = "expected outputs of shape (R, B, 3), as cross-entropy of 3 classes has them, \
                    received [1, 4, 5]";
    let trained = fit(&model, &mut adam, &classes, None, &options, History::default());
    assert!(trained.unwrap_err().to_string().starts_with(expected));
    let evaluated = evaluate(&model, &classes, &CrossEntropy { classes: 3 });
    assert!(evaluated.unwrap_err().to_string().starts_with(expected));
    let seven = LossFn::new("seven", 7, scalar);
    assert!(train(seven, 2).unwrap_err().to_string().contains("shape (R, B, 7), as seven"));
    let one = CrossEntropy { classes: 1 }.check(&Tensor::zeros((1, 4), DType::U32, &Device::Cpu)?);
    assert!(one.unwrap_err().to_string().contains("expected at least 2 classes, received 1"));
    Ok(())
}

/// The next token from each token alone: logits (B, T, C), or flat (B · T, C).
struct Bigram {
    embedding: Embedding,
    head: Linear,
    flat: bool,
}

impl ModuleT for Bigram {
    fn forward_t(&self, xs: &Tensor, _: bool) -> Result<Tensor> {
        let ys = self.head.forward(&self.embedding.forward(xs)?)?;
        if self.flat { ys.flatten(0, 1) } else { Ok(ys) }
    }
}

/// Cross-entropy of all tokens of a batch.
fn tokens(outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let classes = outputs.dims()[outputs.rank() - 1];
    cross_entropy(&outputs.reshape((1, (), classes))?, &targets.flatten_from(1)?)
}

#[test]
fn a_model_may_flatten_rows_of_several_tokens() -> Result<()> {
    let history = |flat: bool| -> Result<History> {
        let sequences = |rows: usize| -> Result<Samples> {
            let ids: Vec<u32> = (0..rows as u32 * 4).map(|i| i * 7 % 5).collect();
            let ids = Tensor::from_vec(ids, (rows, 4), &Device::Cpu)?;
            Samples::new(&ids, &ids)
        };
        let varmap = VarMap::new();
        let vb = seeded_vars(&varmap, 1, DType::F32, &Device::Cpu);
        let embedding = embedding(5, 4, vb.pp("embedding"))?;
        let model = Bigram { embedding, head: linear(4, 5, vb.pp("head"))?, flat };
        let adam = Adam::of(&varmap, AdamOptions::default())?;
        let options =
            TrainOptions::new(2).batch_size(2).objective(LossFn::new("tokens", 5, tokens));
        let mut trainer = Trainer::new(Model::new(model), &varmap, adam, sequences(5)?, options)?
            .with_validation(sequences(3)?)?;
        while !trainer.has_ended() {
            trainer.epoch()?;
        }
        Ok(trainer.history().clone())
    };
    assert_eq!(history(true)?, history(false)?);
    Ok(())
}

/// Outputs that cannot be told apart by row.
struct Shortened;

impl ModuleT for Shortened {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        let rows = xs.dim(0)? - usize::from(!train);
        xs.narrow(0, 0, rows)?.narrow(1, 0, 1)
    }
}

#[test]
fn outputs_of_other_rows_are_named() -> Result<()> {
    struct None;
    impl candle_nn::Optimizer for None {
        type Config = ();
        fn new(_: Vec<candle_core::Var>, (): ()) -> Result<Self> {
            Ok(Self)
        }
        fn step(&mut self, _: &candle_core::backprop::GradStore) -> Result<()> {
            Ok(())
        }
        fn learning_rate(&self) -> f64 {
            0.
        }
        fn set_learning_rate(&mut self, _: f64) {}
    }
    let options = TrainOptions::new(1).objective(MeanSquaredError { outputs: 1 });
    let (train, validation) = (samples(6, 1)?, samples(5, 1)?);
    let result =
        fit(&Shortened, &mut None, &train, Some(&validation), &options, History::default());
    let error = result.unwrap_err().to_string();
    assert!(
        error.contains("outputs for each of 11 rows, received outputs of shape [1, 10, 1]"),
        "{error}"
    );
    Ok(())
}

//! Rows are checked once, before the first step: what each objective accepts, and which row it
//! rejects.

use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Activation, Optimizer, VarMap, linear};
use candle_noise::data::Samples;
use candle_noise::loss::{cross_entropy, smooth_targets};
use candle_noise::metric::{Accuracy, Metric, Predicted};
use candle_noise::nn::{Model, seeded_vars, trainable_vars};
use candle_noise::noise::LabelNoise;
use candle_noise::objective::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError, Objective};
use candle_noise::ops;
use candle_noise::optim::{Adam, AdamOptions};
use candle_noise::train::{History, Predictor, TrainOptions, Trainer, evaluate, fit};

const CLASSES: CrossEntropy = CrossEntropy { classes: 3 };

fn tensor(values: &[f32]) -> Result<Tensor> {
    Tensor::new(values, &Device::Cpu)
}

fn inputs(rows: usize) -> Result<Tensor> {
    Tensor::ones((rows, 2), DType::F32, &Device::Cpu)
}

fn samples(targets: &Tensor) -> Result<Samples> {
    Samples::new(&inputs(targets.dim(0)?)?, targets)
}

/// A model with the outputs of an objective, and its optimizer.
fn model(outputs: usize) -> Result<(Model, VarMap, Adam)> {
    let varmap = VarMap::new();
    let layer = linear(2, outputs, seeded_vars(&varmap, 1, DType::F32, &Device::Cpu))?;
    let vars = trainable_vars(&varmap).into_iter().map(|(_, var)| var).collect();
    Ok((Model::new(layer), varmap, Adam::new(vars, AdamOptions::default())?))
}

fn options(objective: &Arc<dyn Objective>) -> TrainOptions {
    let mut options = TrainOptions::new(1);
    options.objective = objective.clone();
    options
}

fn trainer(objective: &Arc<dyn Objective>, train: Samples) -> Result<Trainer> {
    let (model, varmap, adam) = model(objective.outputs())?;
    Trainer::new(model, &varmap, adam, train, options(objective))
}

fn message<T>(result: Result<T>) -> String {
    result.err().expect("an error").to_string()
}

/// The rows of training, validation, test, an evaluation and a prediction are refused alike, each by
/// its name; `good` and `bad` are targets.
fn is_refused(
    objective: impl Objective + 'static,
    good: &Tensor,
    bad: &Tensor,
    why: &str,
) -> Result<()> {
    let objective: Arc<dyn Objective> = Arc::new(objective);
    let (good, bad) = (samples(good)?, samples(bad)?);
    let of = |set: &str| format!("targets of the {set} rows, for {}: {why}", objective.name());
    let has = |error: String, set: &str| {
        assert!(error.contains(&of(set)), "expected {:?}, received {error:?}", of(set));
    };
    has(message(trainer(&objective, bad.clone())), "training");
    has(message(trainer(&objective, good.clone())?.with_validation(bad.clone())), "validation");
    has(message(trainer(&objective, good.clone())?.with_test(bad.clone())), "test");
    let (model, _, mut adam) = model(objective.outputs())?;
    let fitted = |train, validation, adam: &mut Adam| {
        message(fit(
            &model,
            adam,
            train,
            Some(validation),
            &options(&objective),
            History::default(),
        ))
    };
    has(fitted(&bad, &good, &mut adam), "training");
    has(fitted(&good, &bad, &mut adam), "validation");
    has(message(evaluate(&model, &bad, &*objective)), "evaluated");
    has(message(trainer(&objective, good.clone())?.predictor().predict(&bad)), "predicted");
    let mut trainer = trainer(&objective, good.clone())?.with_test(good)?;
    trainer.epoch()
}

#[test]
fn binary_cross_entropy_takes_numbers_from_0_to_1() -> Result<()> {
    let good = tensor(&[0., 1., 0.1])?;
    for (targets, value, row) in [
        ([0f32, 1., 2.], "2", 2),
        ([1., -1., 1.], "-1", 1),
        ([0., 0., 255.], "255", 2),
        ([f32::NAN, 0., 1.], "NaN", 0),
        ([0., 1., 1.1], "1.1", 2),
    ] {
        let why = format!("expected numbers from 0 to 1, received {value} in row {row} (");
        is_refused(BinaryCrossEntropy, &good, &tensor(&targets)?, &why)?;
    }
    let bytes = Tensor::new(&[0u8, 255, 0], &Device::Cpu)?;
    let why = "expected numbers from 0 to 1, received 255 in row 1";
    is_refused(BinaryCrossEntropy, &(&bytes / 255.)?, &bytes, why)?;
    let column = tensor(&[0., 1., 0.])?.unsqueeze(1)?;
    let why = "expected one target per row, of shape (R or 1, N), received shape [1, 3, 1]";
    is_refused(BinaryCrossEntropy, &good, &column, why)
}

#[test]
fn cross_entropy_takes_the_numbers_of_its_classes_in_any_dtype() -> Result<()> {
    let good = tensor(&[2., 0., 1.])?;
    for (dtype, values, value, row) in [
        (DType::F32, [0f32, -1., 1.], "-1", 1),
        (DType::F32, [f32::NAN, 1., 1.], "NaN", 0),
        (DType::F32, [0., 1., 1.7], "1.7", 2),
        (DType::F64, [0., 1., 1.5], "1.5", 2),
        (DType::F32, [0., 3., 1.], "3", 1),
        (DType::I64, [0., 1., -1.], "-1", 2),
        (DType::I64, [0., 3., 1.], "3", 1),
        (DType::U32, [3., 0., 1.], "3", 0),
        (DType::U8, [0., 1., 200.], "200", 2),
    ] {
        let bad = tensor(&values)?.to_dtype(dtype)?;
        let why = format!("expected class numbers from 0 to 2, received {value} in row {row} (");
        is_refused(CLASSES, &good.to_dtype(dtype)?, &bad, &why)?;
    }
    Ok(())
}

#[test]
fn mean_squared_errors_take_finite_numbers_of_their_width() -> Result<()> {
    let good = tensor(&[-3., 1e30, 0.5])?;
    for (values, value) in [([1., f32::NAN, 0.], "NaN"), ([1., f32::NEG_INFINITY, 0.], "-inf")] {
        let why = format!("expected finite numbers, received {value} in row 1 (");
        is_refused(MeanSquaredError { outputs: 1 }, &good, &tensor(&values)?, &why)?;
    }
    let two = MeanSquaredError { outputs: 2 };
    let good = Tensor::new(&[[1f32, 2.], [3., 4.]], &Device::Cpu)?;
    let bad = Tensor::new(&[[1f32, 2.], [3., f32::INFINITY]], &Device::Cpu)?;
    is_refused(two, &good, &bad, "expected finite numbers, received inf in row 1, column 1 (")?;
    let why = "expected 2 targets per row, of shape (R or 1, N, 2), received shape [1, 2]";
    is_refused(two, &good, &tensor(&[1., 2.])?, why)
}

/// Replicas may share the rows or have rows of their own.
#[test]
fn a_replica_with_rows_of_its_own_is_named() -> Result<()> {
    let options = TrainOptions::new(1).seeds(&[1, 2]);
    let sets = |xs: [[[f32; 1]; 2]; 2], ys: [[f32; 2]; 2]| {
        let device = &Device::Cpu;
        Samples::replicated(&Tensor::new(&xs, device)?, &Tensor::new(&ys, device)?)
    };
    let fails = |train: Samples| {
        let (model, varmap, adam) = model(1).unwrap();
        message(Trainer::new(model, &varmap, adam, train, options.clone()))
    };
    let error = fails(sets([[[0.]; 2]; 2], [[0., 1.], [0., 5.]])?);
    assert!(error.contains("received 5 in row 1 of replica 1 ("), "{error}");
    let error = fails(sets([[[0.]; 2], [[f32::NAN], [1.]]], [[0., 1.]; 2])?);
    assert!(error.contains("received NaN in row 0 of replica 1 ("), "{error}");
    Ok(())
}

#[test]
fn inputs_that_are_not_finite_are_named_by_row_and_column() -> Result<()> {
    let objective: Arc<dyn Objective> = Arc::new(BinaryCrossEntropy);
    let ys = tensor(&[0., 1.])?;
    let good = samples(&ys)?;
    for (value, name) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let bad = Samples::new(&Tensor::new(&[[1., 2.], [value, 3.]], &Device::Cpu)?, &ys)?;
        let why = |set: &str| {
            format!(
                "inputs of the {set} rows: expected finite numbers, received {name} in row 1, column 0 ("
            )
        };
        let error = message(trainer(&objective, bad.clone()));
        assert!(error.contains(&why("training")), "{error}");
        let error = message(trainer(&objective, good.clone())?.with_validation(bad.clone()));
        assert!(error.contains(&why("validation")), "{error}");
        let error = message(trainer(&objective, good.clone())?.with_test(bad));
        assert!(error.contains(&why("test")), "{error}");
    }
    let mut image = vec![0f32; 2 * 3 * 4];
    image[12 + 7] = f32::NAN;
    let images = Samples::new(&Tensor::from_vec(image, (2, 1, 3, 4), &Device::Cpu)?, &ys)?;
    let error = message(trainer(&objective, images));
    assert!(error.contains("received NaN in row 1, element 7 of [1, 3, 4] ("), "{error}");
    // Numbers of tokens are whole, and whatever they are.
    let tokens = Samples::new(&Tensor::new(&[[7u32], [9]], &Device::Cpu)?, &ys)?;
    trainer(&objective, tokens)?;
    Ok(())
}

/// An objective of another crate, by what it says of its classes.
#[derive(Debug)]
struct Own(Option<usize>);

impl Objective for Own {
    fn name(&self) -> String {
        "own".to_string()
    }

    fn outputs(&self) -> usize {
        3
    }

    fn classes(&self) -> Option<usize> {
        self.0
    }

    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        match self.0 {
            Some(_) => cross_entropy(outputs, targets),
            None => outputs.mean(2)?.broadcast_sub(targets)?.sqr()?.mean(1),
        }
    }

    fn metrics(&self) -> Vec<Arc<dyn Metric>> {
        Vec::new()
    }
}

#[test]
fn an_own_objective_has_a_check_by_default() -> Result<()> {
    let (good, bad) = (tensor(&[0., 2.])?, tensor(&[0., 2.5])?);
    let why = "expected class numbers from 0 to 2, received 2.5 in row 1";
    is_refused(Own(Some(3)), &good, &bad, why)?;
    Own(None).check(&bad.unsqueeze(0)?)?;
    is_refused(Own(None), &bad, &tensor(&[0., f32::NAN])?, "expected finite numbers, received NaN")
}

#[test]
fn label_noise_takes_the_classes_of_the_objective() -> Result<()> {
    let fails = |objective: Arc<dyn Objective>, targets: [f32; 2], classes| -> Result<String> {
        let noise = LabelNoise::seeded(0.1, classes, 1)?;
        Ok(message(trainer(&objective, samples(&tensor(&targets)?)?)?.with_label_noise(noise)))
    };
    let error = fails(Arc::new(MeanSquaredError { outputs: 1 }), [0., 1.], 2)?;
    assert!(error.contains("an objective of classes, received mean squared error of 1"), "{error}");
    let error = fails(Arc::new(CLASSES), [0., 1.], 10)?;
    assert!(error.contains("expected label noise of 3 classes"), "{error}");
    assert!(error.contains("received 10"), "{error}");
    let error = fails(Arc::new(BinaryCrossEntropy), [0., 0.9], 2)?;
    assert!(error.contains("class numbers from 0 to 1, received 0.9 in row 1"), "{error}");
    Ok(())
}

/// In a plain loop the host sees the targets on the CPU, where looking at them costs nothing.
#[test]
fn losses_check_class_numbers_on_the_cpu() -> Result<()> {
    let logits = Tensor::zeros((1, 2, 3), DType::F32, &Device::Cpu)?;
    for logits in [logits.clone(), logits.to_dtype(DType::F64)?] {
        for (targets, value) in [
            (Tensor::new(&[[0f32, 1.7]], &Device::Cpu)?, "1.7"),
            (Tensor::new(&[[0f64, f64::NAN]], &Device::Cpu)?, "NaN"),
            (Tensor::new(&[[0i64, -1]], &Device::Cpu)?, "-1"),
            (Tensor::new(&[[0i64, 3]], &Device::Cpu)?, "3"),
            (Tensor::new(&[[0u32, u32::MAX]], &Device::Cpu)?, "4294967295"),
        ] {
            let why = format!("class numbers from 0 to 2, received {value} in row 1");
            let error = message(cross_entropy(&logits, &targets));
            assert!(error.contains(&why), "{error}");
            let error = message(Accuracy.sums(&logits, &targets));
            assert!(error.contains(&why), "{error}");
        }
        let masked = Tensor::new(&[[0u32, u32::MAX]], &Device::Cpu)?;
        let error = message(ops::cross_entropy(&logits, &masked));
        assert!(error.contains("received 4294967295 in row 1"), "{error}");
    }
    for bad in [2f32, -1., f32::NAN] {
        let error = message(smooth_targets(&tensor(&[0., 1., bad])?, 0.1));
        assert!(error.contains(&format!("from 0 to 1, received {bad} in row 2")), "{error}");
    }
    Ok(())
}

/// Without an objective a wrong label is not a wrong prediction.
#[test]
fn an_accuracy_of_targets_that_are_no_classes_is_undefined() -> Result<()> {
    let score = |outputs: usize, values: &[f32], targets: &[f32]| -> Result<Option<f64>> {
        let rows = Predicted::new(outputs, values.to_vec(), targets.to_vec())?;
        let score = Accuracy.score(&rows);
        assert_eq!(Accuracy.hits(&rows).is_some(), score.is_some());
        Ok(score)
    };
    assert_eq!(score(1, &[1., -1.], &[1., 1.])?, Some(0.5));
    assert_eq!(score(1, &[1., -1.], &[0.9, 0.1])?, Some(1.));
    assert_eq!(score(3, &[0., 1., 2., 0., 1., 2.], &[2., 0.])?, Some(0.5));
    for (outputs, values, targets) in [
        (1, [1., -1.].as_slice(), [1., -1.]),
        (1, &[1., -1.], [1., 2.]),
        (1, &[f32::NAN, -1.], [0., 0.]),
        (3, &[0., 1., 2., 0., 1., 2.], [2., 3.]),
        (3, &[0., 1., 2., 0., 1., 2.], [2., 0.5]),
        (3, &[0., 1., 2., f32::NAN, 1., 2.], [2., 0.]),
    ] {
        assert_eq!(score(outputs, values, &targets)?, None, "{values:?} {targets:?}");
    }
    let rows = Predictor::new(Model::new(Activation::Relu));
    let rows = rows.predict(&samples(&tensor(&[0., 7.])?)?)?;
    assert_eq!(Accuracy.score(&rows[0]), None);
    Ok(())
}

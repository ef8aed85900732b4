//! Bundles: what they predict, by hand arithmetic, and what they refuse.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use candle_noise::bundle::{About, Bundle, Inputs, Training};
use candle_noise::data::Samples;
use candle_noise::data::prepared::{
    Fitted, FittedColumn, FittedTarget, Number, Preparation, TargetScale,
};
use candle_noise::model::{Activation, Mlp, Network};
use serde_json::{Value, json};

/// Inputs of a number `x`, with mean 10 and scale 2, and a category `c`; the target is `y`.
fn inputs(scale: TargetScale) -> Inputs {
    let number = Number { median: 12., mean: 10., scale: 2., min: 6., max: 14., missing: 1 };
    let categories = vec!["<missing>".to_string(), "red".to_string()];
    let column = |name: &str, fitted| FittedColumn { name: name.to_string(), fitted };
    let columns =
        vec![column("x", Fitted::Number(number)), column("c", Fitted::Category { categories })];
    let target = FittedTarget { name: "y".to_string(), scale };
    Inputs::Table { preparation: Preparation { columns, target } }
}

/// Linear networks on `x`, its indicator, `<missing>` and `red`, one for each row of weights.
fn bundle(scale: TargetScale, weights: &[[f32; 4]], biases: &[f32]) -> Bundle {
    let mlp = Mlp { inputs: 4, hidden: vec![], outputs: 1, activation: Activation::Relu };
    let rows = Tensor::new(&[[[1f32, 0., 0., 1.], [-1., 0., 0., 0.]]], &Device::Cpu).unwrap();
    let ys = Tensor::zeros((1, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
    let training = Training {
        task: "table".to_string(),
        metric: "accuracy".to_string(),
        inputs: inputs(scale),
        network: Network::Mlp(mlp),
        noise: vec!["input:0.1".parse().unwrap()],
        seeds: (0..weights.len() as u64).collect(),
        epochs: 3,
        settings: json!({}),
    };
    let about = About::new(training, &Samples::replicated(&rows, &ys).unwrap());
    let count = weights.len();
    let weights = Tensor::from_slice(weights.as_flattened(), (count, 4, 1), &Device::Cpu).unwrap();
    let biases = Tensor::from_slice(biases, (count, 1, 1), &Device::Cpu).unwrap();
    let all = vec![("fc1.bias".to_string(), biases), ("fc1.weight".to_string(), weights)];
    Bundle::new(about.unwrap(), all).unwrap()
}

fn classes() -> TargetScale {
    TargetScale::Classes { classes: vec!["no".to_string(), "yes".to_string()] }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

/// Writes a file and reads it for a bundle.
fn read(bundle: &Bundle, text: &str) -> anyhow::Result<candle_noise::bundle::Rows> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.csv");
    std::fs::write(&path, text).unwrap();
    bundle.about().training.inputs.read(&path, &Default::default())
}

const NEW: &str = "c,more,x\nred,1,12\n,2,\nblue,3,20\n";

#[test]
fn classes_have_the_mean_and_the_spread_of_the_networks() {
    let bundle = bundle(classes(), &[[1., 0., 0., 1.], [0., 2., 0., 0.]], &[0., -1.]);
    let rows = read(&bundle, NEW).unwrap();
    let forecast = bundle.predict(&rows).unwrap();
    // Inputs: (1, 0, 0, 1); the median 12 and missing (1, 1, 1, 0); (5, 0, 0, 0), an unknown category.
    let sigmoid = |z: f64| 1. / (1. + (-z).exp());
    let logits = [[2f64, -1.], [1., 1.], [5., -1.]];
    for (row, own) in logits.iter().enumerate() {
        let [a, b] = own.map(sigmoid);
        let (mean, std) = ((a + b) / 2., (a - b).abs() / 2f64.sqrt());
        let at = 2 * row + 1;
        assert!(near(forecast.mean[at], mean) && near(forecast.mean[at - 1], 1. - mean), "{row}");
        assert!(near(forecast.std[at], std) && near(forecast.std[at - 1], std), "{row}");
    }
    assert_eq!(forecast.classes().collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!((rows.is_labelled, &rows.numbers[..]), (false, &[1, 2, 3][..]));
    let notes = rows.notes.join("\n");
    for note in [
        "more",
        "column 'c': 1 row with a category, or none, that the training rows do not have",
        "1 row with a number below or above all those of the training rows",
    ] {
        assert!(notes.contains(note), "{note}: {notes}");
    }
    // The first row was trained on, the second differs from it, the third is the other but for `x`.
    assert_eq!(bundle.trained_on(&rows).unwrap(), 1);
}

#[test]
fn the_scores_of_the_networks_together_are_those_of_their_mean() {
    use candle_noise::metric::{Accuracy, Metric, Nll};
    let bundle = bundle(classes(), &[[1., 0., 0., 0.], [-1., 0., 0., 0.]], &[1., 0.]);
    let rows = read(&bundle, "x,c,y\n12,red,yes\n8,red,no\n").unwrap();
    assert!(rows.is_labelled);
    let together = bundle.predict(&rows).unwrap().together().unwrap();
    let sigmoid = |z: f64| 1. / (1. + (-z).exp());
    let p = [(sigmoid(2.) + sigmoid(-1.)) / 2., (sigmoid(0.) + sigmoid(1.)) / 2.];
    let nll = -(p[0].ln() + (1. - p[1]).ln()) / 2.;
    assert!(near(Nll.score(&together).unwrap(), nll));
    assert_eq!(Accuracy.score(&together), Some(0.5), "{p:?}");
}

#[test]
fn numbers_are_in_the_units_of_the_table() {
    use candle_noise::metric::{Metric, Rmse};
    let scale = TargetScale::Numbers { mean: 100., scale: 10. };
    let bundle = bundle(scale, &[[1., 0., 0., 0.], [3., 0., 0., 0.]], &[0., 0.]);
    let rows = read(&bundle, "x,c,y\n12,red,125\n8,red,80\n").unwrap();
    let forecast = bundle.predict(&rows).unwrap();
    // 100 + 10 · (1 and 3), 100 − 10 · (1 and 3).
    assert!(near(forecast.mean[0], 120.) && near(forecast.mean[1], 80.), "{:?}", forecast.mean);
    assert!(forecast.std.iter().all(|std| near(*std, 20. / 2f64.sqrt())), "{:?}", forecast.std);
    let rmse = Rmse.score(&forecast.together().unwrap()).unwrap();
    assert!(near(rmse, (25f64 / 2.).sqrt()), "{rmse}");
}

#[test]
fn networks_that_diverged_are_left_out() {
    let own = |weights: &[[f32; 4]]| bundle(classes(), weights, &vec![0.; weights.len()]);
    let (good, bad) = ([1., 0., 0., 0.], [f32::NAN; 4]);
    let mixed = own(&[bad, good]);
    let rows = read(&mixed, NEW).unwrap();
    let forecast = mixed.predict(&rows).unwrap();
    assert_eq!(forecast.each.len(), 1);
    assert!(forecast.std.iter().all(|std| std.is_nan()));
    assert_eq!(forecast.mean, own(&[good]).predict(&rows).unwrap().mean);
    let error = own(&[bad, bad]).predict(&rows).unwrap_err().to_string();
    assert!(error.contains("expected a network that did not diverge, received 2"), "{error}");
}

#[test]
fn a_bundle_survives_its_file() {
    let own = bundle(classes(), &[[1., -2., 0.5, 1e-30], [0., 2., 0., 0.]], &[0.1, -1.]);
    let bytes = own.to_safetensors().unwrap();
    assert_eq!(bytes, own.to_safetensors().unwrap(), "the same bytes every time");
    let again = Bundle::from_bytes(&bytes).unwrap();
    assert_eq!(again.about(), own.about());
    let rows = read(&own, NEW).unwrap();
    assert_eq!(again.predict(&rows).unwrap().mean, own.predict(&rows).unwrap().mean);
}

/// The file of a bundle whose description is changed.
fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let own = bundle(classes(), &[[1.; 4]], &[0.]);
    let mut about = serde_json::to_value(own.about()).unwrap();
    change(&mut about);
    let metadata = HashMap::from([(About::KEY.to_string(), about.to_string())]);
    let weights = own.weights().iter().map(|(name, weights)| (name, weights));
    safetensors::serialize(weights, Some(metadata)).unwrap()
}

#[test]
fn what_is_no_bundle_is_refused_with_its_reason() {
    let error = |bytes: &[u8]| format!("{:#}", Bundle::from_bytes(bytes).unwrap_err());
    let whole = changed(|_| {});
    Bundle::from_bytes(&whole).unwrap();
    for (bytes, expected) in [
        (changed(|about| about["format"] = json!(2)), "a newer version: expected format 1"),
        (changed(|about| about["format"] = json!(0)), "an earlier version: expected format 1"),
        (changed(|about| about["network"]["inputs"] = json!(5)), "not those of the network"),
        (changed(|about| about["network"]["outputs"] = json!(3)), "the network of 3 outputs"),
        (
            changed(|about| {
                let target = &mut about["inputs"]["preparation"]["target"];
                target["classes"] = json!(["no", "perhaps", "yes"]);
            }),
            "the network of 1 outputs",
        ),
        (
            changed(|about| {
                about["network"] = json!({"kind": "lstm", "channels": 4, "hidden": 1, "outputs": 2})
            }),
            "the inputs are not those",
        ),
        (changed(|about| about["network"]["hidden"] = json!([7])), "not those of the network"),
        (changed(|about| about["seeds"] = json!([1, 2])), "the weights of 2 networks"),
        (changed(|about| about["seeds"] = json!([])), "the weights of 0 networks"),
        (changed(|about| about["inputs"]["kind"] = json!("sounds")), "unknown variant `sounds`"),
        (changed(|about| *about = json!("none")), "an earlier version"),
        (whole[..whole.len() / 2].to_vec(), "bytes that are none (invalid header length)"),
        (
            b"x,y\n1,2\n".to_vec(),
            "expected a trained model, a whole safetensors file, received 8 bytes that are none (header too large)",
        ),
        (Vec::new(), "received 0 bytes that are none (header too small)"),
    ] {
        let error = error(&bytes);
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let weights = Tensor::zeros(2, candle_core::DType::F32, &Device::Cpu).unwrap();
    let bare = safetensors::serialize([("fc1.weight", &weights)], None).unwrap();
    assert!(error(&bare).contains("without the entry candle_noise"), "{}", error(&bare));
}

//! Attacks against an independent implementation in NumPy (`benches/peers/attack_reference.py`), on the same weights.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use candle_noise::NoiseMap;
use candle_noise::model::Network;
use candle_noise::nn::Model;
use candle_noise::noise::Slots;
use candle_noise::objective::{BinaryCrossEntropy, CrossEntropy, Objective};
use candle_noise::ops::Axis;
use candle_noise::robust::{Apgd, Attack, Fgsm, Limits, Norm, Pgd, Rows, Victim, WorstOf};
use serde_json::Value;

struct Reference {
    json: Value,
    victim: Victim,
    rows: Rows,
}

fn tensor(own: &Value) -> Tensor {
    let list = |name: &str| own[name].as_array().unwrap().iter();
    let shape: Vec<usize> = list("shape").map(|own| own.as_u64().unwrap() as usize).collect();
    let values: Vec<f32> = list("values").map(|own| own.as_f64().unwrap() as f32).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn values(own: &Tensor) -> Vec<f32> {
    own.flatten_all().unwrap().to_vec1().unwrap()
}

impl Reference {
    fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/robust");
        let json: Value = serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap();
        let network: Network = serde_json::from_value(json["network"].clone()).unwrap();
        let weights = json["weights"].as_object().unwrap();
        let is_plain = network.axis() == Axis::Plain;
        let weight = |(name, own): (&String, &Value)| {
            let own = tensor(own);
            (name.clone(), if is_plain { own.squeeze(0).unwrap() } else { own })
        };
        let weights: HashMap<String, Tensor> = weights.iter().map(weight).collect();
        let vb = VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu);
        let (seeds, map): (&[u64], _) = match is_plain {
            true => (&[0], NoiseMap::new(0)),
            false => (&[0, 1], NoiseMap::replicated(&[0, 1])),
        };
        let model = network.build(&vb, &Slots::new(&map, &[]).unwrap()).unwrap();
        let objective: Arc<dyn Objective> = match network.outputs() {
            1 => Arc::new(BinaryCrossEntropy),
            classes => Arc::new(CrossEntropy { classes }),
        };
        let mut limits = Limits::default();
        if let [Some(low), Some(high)] = [0, 1].map(|end| json["limits"][end].as_f64()) {
            let end = |value: f64| Tensor::new(value as f32, &Device::Cpu).unwrap();
            limits = limits.range(end(low), end(high));
        }
        let victim = Victim::new(Model::new(model), objective, network.axis(), seeds).unwrap();
        let each = |own: Tensor| {
            let dims = [&[seeds.len()], own.dims()].concat();
            own.broadcast_as(dims).unwrap().contiguous().unwrap()
        };
        let labels = json["labels"].as_array().unwrap().iter();
        let labels: Vec<f32> = labels.map(|own| own.as_u64().unwrap() as f32).collect();
        let ys = Tensor::new(labels, &Device::Cpu).unwrap();
        let rows = Rows { xs: each(tensor(&json["xs"])), ys: each(ys), first: 0 };
        Self { victim: victim.with_limits(limits), rows, json }
    }

    fn norm(&self, attack: &Value) -> Norm {
        if attack["norm"] == "linf" { Norm::Linf } else { Norm::L2 }
    }

    /// The wrong rows after an attack.
    fn wrong(&self, attack: &dyn Attack, strength: f64) -> Vec<f32> {
        let xs = attack.apply(&self.victim, &self.rows, strength, 0).unwrap();
        values(&self.victim.answers(&xs, &self.rows).unwrap().wrong)
    }
}

fn numbers(own: &Value) -> Vec<f32> {
    values(&tensor(own))
}

fn near(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "{i}: {found}, not {expected}");
    }
}

/// To 1e-6, except where |gradient| < 1e-6, where its sign is arbitrary.
#[test]
fn losses_gradients_and_one_step_are_those_of_numpy() -> Result<()> {
    for name in ["mlp.json", "cnn.json"] {
        let own = Reference::read(name);
        let (found, gradient) = own.victim.gradient(&own.rows.xs, &own.rows)?;
        let clean = &own.json["clean"];
        near(&values(&found.losses), &numbers(&clean["losses"]), 5e-6);
        assert_eq!(values(&found.wrong), numbers(&clean["wrong"]));
        let expected = numbers(&clean["gradients"]);
        near(&values(&gradient), &expected, 5e-6);
        for attack in own.json["attacks"].as_array().unwrap() {
            let (norm, strength) = (own.norm(attack), attack["strength"].as_f64().unwrap());
            let xs = Fgsm::new(norm).apply(&own.victim, &own.rows, strength, 0)?;
            let (xs, there) = (values(&xs), numbers(&attack["fgsm"]["xs"]));
            let pairs = xs.iter().zip(&there).zip(&expected);
            let mut compared = 0;
            for ((found, expected), gradient) in pairs {
                if gradient.abs() >= 1e-6 {
                    assert!((found - expected).abs() <= 2e-6, "{name}: {found}, not {expected}");
                    compared += 1;
                }
            }
            assert!(compared * 10 > 9 * xs.len(), "{compared} of {}", xs.len());
            assert_eq!(own.wrong(&Fgsm::new(norm), strength), numbers(&attack["fgsm"]["wrong"]));
        }
    }
    Ok(())
}

#[test]
fn many_steps_find_what_numpy_finds_and_never_more_than_there_is() {
    for name in ["mlp.json", "cnn.json"] {
        let own = Reference::read(name);
        for attack in own.json["attacks"].as_array().unwrap() {
            let (norm, strength) = (own.norm(attack), attack["strength"].as_f64().unwrap());
            let pgd = own.wrong(&Pgd::new(norm), strength);
            assert_eq!(pgd, numbers(&attack["pgd"]["wrong"]), "{name} {norm:?} {strength}");
            let Some(exact) = attack.get("exact") else { continue };
            let exact = numbers(&exact["wrong"]);
            let attacks: [Arc<dyn Attack>; 3] = [
                Arc::new(Fgsm::new(norm)),
                Arc::new(Pgd::new(norm)),
                Arc::new(Apgd::new(norm).starts(5)),
            ];
            let worst = own.wrong(&WorstOf::new(attacks.to_vec()).unwrap(), strength);
            // The exact answer tries every vertex, arc end and arc maximum of the piecewise linear logit.
            let found: f32 = worst.iter().sum();
            assert!(worst.iter().zip(&exact).all(|(worst, exact)| worst <= exact));
            assert!(exact.iter().sum::<f32>() - found <= 1., "{name} {norm:?} {strength}");
        }
    }
}

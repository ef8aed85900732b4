//! Warnings about models and curves that mislead.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};
use candle_nn::func;
use candle_noise::data::Samples;
use candle_noise::nn::Model;
use candle_noise::objective::BinaryCrossEntropy;
use candle_noise::ops::Axis;
use candle_noise::robust::{
    ComparedCurve, Contender, Norm, Repeats, Victim, curve_warnings, gradient_warnings,
};

/// The logit is a multiple of x, over rows whose class is its sign.
fn contender(slope: f64) -> Result<Contender> {
    let model = Model::new(func(move |xs| xs * slope));
    let victim = Victim::new(model, Arc::new(BinaryCrossEntropy), Axis::Plain, &[7])?;
    let xs = Tensor::new(&[[-1f32], [-0.5], [0.5], [1.]], &Device::Cpu)?;
    let rows = Samples::new(&xs, &Tensor::new(&[0f32, 0., 1., 1.], &Device::Cpu)?)?;
    Ok(Contender { name: "steep".to_string(), victims: vec![victim], rows, units: None })
}

#[test]
fn rows_without_a_gradient_and_saturated_outputs_are_named() -> Result<()> {
    assert_eq!(gradient_warnings(&contender(2.)?)?, Vec::<String>::new());
    let found = gradient_warnings(&contender(1e6)?)?.join("; ");
    assert!(found.contains("the loss of steep is 0 to rounding in 100 % of the rows"), "{found}");
    assert!(!found.contains("exactly 0"), "the margin has a gradient: {found}");
    let model = Model::new(func(|xs| xs.relu()));
    let victim = Victim::new(model, Arc::new(BinaryCrossEntropy), Axis::Plain, &[7])?;
    let found = gradient_warnings(&Contender { victims: vec![victim], ..contender(1.)? })?;
    let expected = "the gradient of steep is exactly 0 in 50 % of the rows";
    assert!(found.join("; ").contains(expected), "{found:?}");
    Ok(())
}

#[test]
fn a_model_that_draws_is_named() -> Result<()> {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let model = Model::new(func(move |xs| {
        let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        xs * (1. + call as f64)
    }));
    let victim = Victim::new(model, Arc::new(BinaryCrossEntropy), Axis::Plain, &[7])?;
    let own = Contender { victims: vec![victim], ..contender(1.)? };
    let found = gradient_warnings(&own)?.join("; ");
    assert!(found.contains("other values for the same rows in another pass"), "{found}");
    Ok(())
}

fn accuracies(kind: &str, scores: [f64; 2]) -> ComparedCurve {
    let scores = scores.map(Some);
    let models = [Repeats { name: "noise", keys: &[1], scores: vec![&scores] }];
    ComparedCurve::new((kind, Some(Norm::Linf), "accuracy"), &[0., 0.1], &models, 0.)
}

#[test]
fn attacks_that_find_less_than_weaker_ones_are_named() {
    let (fgsm, pgd) = (accuracies("fgsm", [0.9, 0.5]), accuracies("pgd", [0.9, 0.6]));
    let apgd = accuracies("apgd", [0.9, 0.55]);
    let worst = accuracies("worst", [0.9, 0.4]);
    let found = curve_warnings(&[fgsm, pgd.clone(), apgd.clone(), worst]).join("; ");
    assert!(found.contains("one step (fgsm linf) finds more errors of noise"), "{found}");
    assert!(
        found.contains("the worst of all linf attacks finds far more errors of noise"),
        "{found}"
    );
    // A grid has no such flags of its own.
    assert_eq!(found.matches("--steps of candle-noise robustness").count(), 2, "{found}");
    let (fgsm, worst) = (accuracies("fgsm", [0.9, 0.7]), accuracies("worst", [0.9, 0.54]));
    assert_eq!(curve_warnings(&[fgsm, pgd, apgd, worst]), Vec::<String>::new());
}

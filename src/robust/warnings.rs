//! Reasons to doubt the figures of an attack.

use candle_core::{DType, Device, Result, Tensor};
use rayon::prelude::*;

use super::{Band, ComparedCurve, Contender, Norm, Victim};

/// The smallest share of rows with a fault that is reported.
const SOME: f64 = 0.01;

/// Below it a loss is 0 to rounding.
const NONE: f64 = 1e-30;

/// By how much a weaker attack may beat a stronger one.
const BEATEN: f64 = 0.005;

/// What may help.
const MORE: &str =
    "more starts and steps may find more (--starts and --steps of candle-noise robustness)";

/// Returns warnings in the spirit of AutoAttack's (Croce and Hein 2020, arXiv:2003.01690) about a model whose
/// gradients mislead an attack: rows with a gradient of exactly 0, rows whose loss has rounded to 0, and predictions
/// that change from one pass to the next.
///
/// # Errors
/// If the model fails.
pub fn gradient_warnings(model: &Contender) -> Result<Vec<String>> {
    const ROWS: usize = 1024;
    let of = |on: &Victim| -> Result<(f64, f64, bool)> {
        let rows = on.rows(&model.rows, 0, ROWS.min(model.rows.rows()))?;
        let (found, gradient) = on.gradient(&rows.xs, &rows)?;
        let weight = on.seeds().len() as f64 / model.seeds().len() as f64;
        let zero = weight * share(&Norm::Linf.of(&gradient)?.eq(0f64)?)?;
        let saturated = weight * share(&found.losses.lt(NONE)?)?;
        Ok((zero, saturated, differs(on, &found.outputs, &rows.xs, &rows)?))
    };
    let (mut zero, mut saturated, mut is_random) = (0., 0., false);
    for own in model.victims.par_iter().map(of).collect::<Result<Vec<_>>>()? {
        zero += own.0;
        saturated += own.1;
        is_random |= own.2;
    }
    let name = &model.name;
    let mut warnings = Vec::new();
    if is_random {
        warnings.push(format!(
            "{name} predicts other values for the same rows in another pass: an attack needs the mean over draws \
             of its noise"
        ));
    }
    if zero >= SOME {
        warnings.push(format!(
            "the gradient of {name} is exactly 0 in {} of the rows: attacks that follow it find nothing there",
            percent(zero)
        ));
    }
    if saturated >= SOME {
        warnings.push(format!(
            "the loss of {name} is 0 to rounding in {} of the rows: its outputs are so large that gradients may \
             vanish",
            percent(saturated)
        ));
    }
    Ok(warnings)
}

/// Returns warnings about attacks that find less than weaker ones: one step finds more than many, or the worst of all
/// attacks is far worse than each of them.
pub fn curve_warnings(curves: &[ComparedCurve]) -> Vec<String> {
    const FAR: f64 = 0.02;
    let mut warnings = Vec::new();
    let accuracies: Vec<&ComparedCurve> =
        curves.iter().filter(|own| own.metric == "accuracy").collect();
    let of = |kind: &str, norm: Norm| {
        accuracies.iter().find(|own| own.kind == kind && own.norm == Some(norm)).copied()
    };
    for norm in [Norm::Linf, Norm::L2] {
        let found = of("fgsm", norm).zip(of("pgd", norm));
        if let Some(name) = found.and_then(|(weak, strong)| beaten(weak, strong, BEATEN)) {
            warnings.push(format!(
                "one step (fgsm {}) finds more errors of {name} than many (pgd): its gradients mislead; {MORE}",
                norm.name()
            ));
        }
        let Some(worst) = of("worst", norm) else { continue };
        let strong = ["pgd", "apgd"].into_iter().filter_map(|kind| of(kind, norm));
        let all: Vec<_> = strong.map(|strong| beaten(worst, strong, FAR)).collect();
        if let [Some(name), ..] = all[..]
            && all.iter().all(Option::is_some)
        {
            warnings.push(format!(
                "the worst of all {} attacks finds far more errors of {name} than each of them: they stop early; {MORE}",
                norm.name()
            ));
        }
    }
    warnings
}

/// Returns the first model of which a weaker attack finds more errors than a stronger one, by more than a share.
fn beaten<'a>(weak: &'a ComparedCurve, strong: &ComparedCurve, by: f64) -> Option<&'a str> {
    let mut models = weak.models.iter().zip(&strong.models);
    let is_beaten = |(weak, strong): &(&Band, &Band)| {
        let mut both = weak.mean.iter().zip(&strong.mean);
        both.any(|(weak, strong)| {
            weak.zip(*strong).is_some_and(|(weak, strong)| weak < strong - by)
        })
    };
    models.find(is_beaten).map(|(weak, _)| weak.name.as_str())
}

fn differs(on: &Victim, outputs: &Tensor, xs: &Tensor, rows: &super::Rows) -> Result<bool> {
    let again = on.outputs(xs, rows)?;
    let largest = |own: &Tensor| own.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>();
    Ok(largest(&(outputs - again)?)? > 1e-4 * (1. + largest(outputs)?))
}

fn share(mask: &Tensor) -> Result<f64> {
    mask.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.mean_all()?.to_scalar()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100. * share)
}

//! Classes that training rows lack.

use std::collections::BTreeSet;

use anyhow::Result;
use candle_core::{DType, Device};

use crate::experiment::{Plan, Subject};

/// Returns a sentence for each number of training rows of a plan that does not have all classes of the
/// task on its first data seed.
///
/// # Errors
/// If a draw does not fit the data.
pub fn lacking_classes(subject: &Subject, plan: &Plan) -> Result<Vec<String>> {
    let Some(classes) = subject.objective().classes() else { return Ok(Vec::new()) };
    let mut sizes = BTreeSet::new();
    let variants = plan.variants().filter(|variant| sizes.insert(variant.train_size));
    let mut sentences = Vec::new();
    for variant in variants.collect::<Vec<_>>() {
        let draw = plan.draw_of(variant, plan.data_seeds[0]);
        let train = subject.task().parts(&plan.hyper_of(variant), &draw, &Device::Cpu)?.train;
        let (_, ys) = train.range(0, train.rows())?;
        let labels = ys.get(0)?.flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>()?;
        let present: BTreeSet<u32> = labels.iter().map(|label| *label as u32).collect();
        if present.len() < classes && labels.iter().all(|label| label.fract() == 0.) {
            sentences.push(format!(
                "of {classes} classes the {} training rows of data seed {} have {}; expected more \
                 training rows or another data seed",
                train.rows(),
                draw.data_seed,
                present.len()
            ));
        }
    }
    Ok(sentences)
}

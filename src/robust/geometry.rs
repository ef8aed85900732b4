//! How far the boundary of a model is and how steep its outputs are.

use candle_core::{D, DType, Device, Result, Tensor, bail};

use serde::{Deserialize, Serialize};

use super::{Rows, Victim};

/// How far the boundary of a replica is and how steep its outputs are: means over rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Geometry {
    /// The logit of the right class less the largest of the others, below 0 for a wrong answer; of a single logit
    /// z or -z. `None` for numbers.
    pub margin: Option<f64>,
    /// The Frobenius norm of the derivatives of the outputs in inputs that may change.
    pub jacobian: f64,
    /// The margin over the L2 size of its gradient: the distance to the boundary between these two classes where
    /// the model is linear (Moosavi-Dezfooli et al. 2016, "DeepFool", arXiv:1511.04599). A mean over rows with a
    /// gradient; `None` without them and for numbers.
    pub distance: Option<f64>,
    /// tr(Jᵀ H J) with the derivatives J of the outputs and the second derivative H of the row's loss in the
    /// outputs: Gaussian noise of variance σ² on the inputs that may change raises the loss by σ²/2 times it, to
    /// second order and without the curvature of the network (Bishop 1995; Camuto et al. 2020, "Explicit
    /// Regularisation in Gaussian Noise Injections", arXiv:2007.07368).
    pub curvature: f64,
}

/// Returns the geometry of each replica. J is exact, with a backward pass for each output; the trace is a mean over
/// draws v of random signs (Hutchinson 1990, "A stochastic estimator of the trace of the influence matrix"):
///
/// ```text
/// tr(Jᵀ H J) = E uᵀ H u,  u = J v        uᵀ H u ≈ (l(z + h u) - 2 l(z) + l(z - h u)) / h²  in double precision
/// ```
///
/// # Errors
/// If there is no row or draw, the model or the loss fails, or the model has no gradient in its inputs.
pub fn geometry(on: &Victim, rows: &Rows, draws: u32) -> Result<Vec<Geometry>> {
    if draws == 0 || rows.xs.dim(1)? == 0 {
        bail!("expected rows and draws, received {} and {draws}", rows.xs.dim(1)?)
    }
    let (outputs, jacobian) = on.jacobian(&rows.xs, rows)?;
    // The rest is on the host, since not every device has double precision.
    let host = |own: &Tensor| own.to_device(&Device::Cpu);
    let rows = &Rows { xs: host(&rows.xs)?, ys: host(&rows.ys)?, ..rows.clone() };
    let double = |own: &Tensor| host(own)?.to_dtype(DType::F64);
    let (outputs, jacobian) = (double(&outputs)?, double(&jacobian)?);
    let sizes = jacobian.sqr()?.sum((2, 3))?.sqrt()?.mean(1)?.to_vec1::<f64>()?;
    let curvatures = curvatures(on, rows, [&outputs, &jacobian], draws)?;
    let margins = match on.objective().classes() {
        None => vec![(None, None); sizes.len()],
        Some(_) => margins(rows, [&outputs, &jacobian])?,
    };
    let figures = margins.into_iter().zip(sizes).zip(curvatures);
    let geometry = figures.map(|(((margin, distance), jacobian), curvature)| Geometry {
        margin,
        jacobian,
        distance,
        curvature,
    });
    Ok(geometry.collect())
}

fn curvatures(
    on: &Victim,
    rows: &Rows,
    [outputs, jacobian]: [&Tensor; 2],
    draws: u32,
) -> Result<Vec<f64>> {
    const STEP: f64 = 1e-3;
    let doubled = Rows { ys: rows.ys.to_dtype(DType::F64)?, ..rows.clone() };
    let loss = |outputs: &Tensor| on.losses(&outputs.contiguous()?, &doubled);
    let clean = loss(outputs)?;
    let mut sum = clean.zeros_like()?; // (R, N)
    for draw in 0..draws {
        let uniforms = rows.uniforms(on.seeds(), "attack.curvature", draw, rows.row_len())?;
        let signs = ((uniforms.gt(0.5f64)?.to_dtype(DType::F64)? * 2.)? - 1.)?;
        let change = jacobian.broadcast_mul(&signs.unsqueeze(2)?)?.sum(D::Minus1)?; // (R, N, O)
        // A step of one length for all rows: the error of the difference does not depend on how steep they are.
        let size = change.sqr()?.sum_keepdim(2)?.sqrt()?;
        let step = (change.broadcast_div(&size.maximum(f64::MIN_POSITIVE)?)? * STEP)?;
        let around = (loss(&(outputs + &step)?)? + loss(&(outputs - &step)?)?)?;
        let second = ((around - (&clean * 2.)?)? / (STEP * STEP))?;
        sum = (sum + (second * size.squeeze(2)?.sqr()?)?)?;
    }
    (sum.mean(1)? / f64::from(draws))?.to_vec1()
}

/// Returns margin and distance of each replica, on the host.
fn margins(
    rows: &Rows,
    [outputs, jacobian]: [&Tensor; 2],
) -> Result<Vec<(Option<f64>, Option<f64>)>> {
    let outputs = outputs.to_vec3::<f64>()?;
    let jacobian = jacobian.flatten(0, 1)?.to_vec3::<f64>()?;
    let labels = rows.ys.to_dtype(DType::F64)?.to_vec2::<f64>()?;
    let count = labels.first().map_or(1, Vec::len);
    let replicas = outputs.iter().zip(jacobian.chunks(count)).zip(&labels);
    let mut all = Vec::with_capacity(labels.len());
    for ((outputs, jacobians), labels) in replicas {
        let rows = outputs.iter().zip(jacobians).zip(labels);
        let rows = rows.map(|((logits, gradients), label)| margin_of(logits, gradients, *label));
        let rows: Vec<(f64, f64)> = rows.collect();
        let margin = mean(rows.iter().map(|(margin, _)| *margin).collect());
        let sloping = rows.iter().filter(|(_, slope)| *slope > 0.);
        all.push((margin, mean(sloping.map(|(margin, slope)| margin / slope).collect())));
    }
    Ok(all)
}

/// Returns a mean; `None` without values.
fn mean(values: Vec<f64>) -> Option<f64> {
    (!values.is_empty()).then(|| crate::stats::mean(&values))
}

/// Returns the margin of a row with the L2 size of its gradient.
fn margin_of(logits: &[f64], gradients: &[Vec<f64>], label: f64) -> (f64, f64) {
    let size =
        |gradient: &mut dyn Iterator<Item = f64>| gradient.map(|x| x * x).sum::<f64>().sqrt();
    if let ([logit], [gradient]) = (logits, gradients) {
        let sign = if label > 0.5 { 1. } else { -1. };
        return (sign * logit, size(&mut gradient.iter().copied()));
    }
    let own = (label as usize).min(logits.len() - 1);
    let others = (0..logits.len()).filter(|other| *other != own);
    let next = others.reduce(|a, b| if logits[b] > logits[a] { b } else { a }).unwrap_or(own);
    let pairs = gradients[own].iter().zip(&gradients[next]);
    (logits[own] - logits[next], size(&mut pairs.map(|(a, b)| a - b)))
}

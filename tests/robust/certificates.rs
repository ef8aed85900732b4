use std::sync::Arc;

use candle_core::{Device, Result, Tensor};
use candle_nn::func;
use candle_noise::nn::Model;
use candle_noise::objective::BinaryCrossEntropy;
use candle_noise::ops::Axis;
use candle_noise::robust::{
    Certificate, Limits, Rows, Smoothing, Victim, abstention, certified_accuracy, certify,
};
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::{WEIGHTS, as_predicted, disc, labels, linear, linear_with, normal_rows, points};

fn cdf(x: f64) -> f64 {
    Normal::standard().cdf(x)
}

/// For class 1 by w·x + b > 0 the class has probability Φ(m / σ) at distance m, and σ Φ⁻¹ of it is m.
#[test]
fn a_linear_models_radius_is_its_distance_or_less() -> Result<()> {
    const SIGMA: f64 = 0.5;
    for x in [0.05, 0.4, 1.1] {
        let radius = SIGMA * Normal::standard().inverse_cdf(cdf(x / SIGMA));
        assert!((radius - x).abs() < 1e-6);
    }
    let (on, rows) = (linear()?, normal_rows(1, 60, 3)?);
    let options = Smoothing::new(SIGMA).draws(500);
    let found = certify(&on, &rows, None, options)?.remove(0);
    for (own, x) in found.iter().zip(points(&rows.xs)?) {
        let z = 0.25 + x.iter().zip(WEIGHTS).map(|(x, w)| x * f64::from(w)).sum::<f64>();
        let distance = z.abs() / 5.25f64.sqrt();
        let share = cdf(distance / SIGMA);
        // Each bound is wrong with probability 0.001 at most: none of 60 at this seed.
        assert!(own.radius <= distance, "{own:?} at {distance}");
        let Some(class) = own.class else { continue };
        assert_eq!(class, u32::from(z > 0.));
        let error = (share * (1. - share) / 500.).sqrt();
        assert!((f64::from(own.votes) / 500. - share).abs() < 4. * error + 1e-3, "{own:?}");
    }
    assert!(found.iter().any(|own| own.radius > 0.5), "{found:?}");
    Ok(())
}

/// Right or not by votes that are counted here, on the draws that bound the probability.
#[test]
fn certified_accuracy_falls_and_is_at_most_that_of_the_votes() -> Result<()> {
    let on = linear()?;
    let rows = normal_rows(1, 40, 3)?;
    let options = Smoothing::new(1.).selection(20).draws(100).alpha(0.01);
    let found = certify(&on, &rows, None, options)?.remove(0);
    let mut votes = vec![0; 40];
    for draw in 20..120 {
        let noise = rows.normals(&[7], "attack.certificate", draw)?;
        let outputs = on.outputs(&(&rows.xs + noise)?, &rows)?.flatten_all()?.to_vec1::<f32>()?;
        votes.iter_mut().zip(outputs).for_each(|(own, z)| *own += u32::from(z > 0.));
    }
    for (own, votes) in found.iter().zip(&votes) {
        assert!(own.votes == *votes || own.votes == 100 - votes, "{own:?}, {votes}");
    }
    let labels = labels(&as_predicted(&on, rows)?)?;
    let right = votes.iter().zip(&labels).filter(|(own, label)| (**own > 50) == (**label == 1));
    let largest = options.largest_radius();
    assert!((largest - Normal::standard().inverse_cdf(0.01f64.powf(0.01))).abs() < 1e-12);
    let radii: Vec<f64> = (0..=20).map(|step| f64::from(step) / 20. * largest).collect();
    let shares = certified_accuracy(&found, &labels, &radii)?;
    assert!(shares.is_sorted_by(|a, b| a >= b) && shares[20] == 0., "{shares:?}");
    assert!(shares[0] > 0.4 && shares[0] <= right.count() as f64 / 40., "{shares:?}");
    assert!(abstention(&found).is_some_and(|own| own > 0. && own + shares[0] <= 1.));
    Ok(())
}

#[test]
fn rows_on_the_boundary_have_no_class() -> Result<()> {
    let xs = Tensor::new(&[[[-0.25f32, 0., 0.], [0., 0.125, 0.], [4., 0., 0.]]], &Device::Cpu)?;
    let rows = Rows { xs, ys: Tensor::new(&[[1f32, 0., 1.]], &Device::Cpu)?, first: 0 };
    let found = certify(&linear()?, &rows, None, Smoothing::new(0.25).draws(200))?.remove(0);
    for own in &found[..2] {
        assert!(own.class.is_none() && own.radius == 0. && own.p_low < 0.5, "{own:?}");
    }
    assert_eq!((found[2].class, found[2].votes), (Some(1), 200));
    assert_eq!(found[2].radius, Smoothing::new(0.25).draws(200).largest_radius());
    Ok(())
}

/// The probability of the disc under noise at a distance from its centre: ∫ φ(t) P(|σ s| < √(1 - (m + σ t)²)) dt.
fn inside(distance: f64, sigma: f64) -> f64 {
    let height = |t: f64| {
        let square = 1. - (distance + sigma * t).powi(2);
        let share = if square > 0. { 2. * cdf(square.sqrt() / sigma) - 1. } else { 0. };
        share * Normal::standard().pdf(t)
    };
    (0..1000).map(|step| height(f64::from(step) / 1000. * 12. - 6. + 0.006)).sum::<f64>() * 0.012
}

/// Each point of a polar grid within the radius has the smoothed class of the certificate.
#[test]
fn no_point_within_a_certified_radius_of_the_disc_has_another_class() -> Result<()> {
    const SIGMA: f64 = 0.3;
    let flat = |distance: f32| [[distance, 0.], [0., -distance], [0.6 * distance, 0.8 * distance]];
    let at: Vec<[f32; 2]> = (0..8).flat_map(|step| flat(step as f32 * 0.25)).collect();
    let xs = Tensor::from_vec(at.concat(), (1, at.len(), 2), &Device::Cpu)?;
    let rows = Rows { ys: xs.narrow(2, 0, 1)?.squeeze(2)?.zeros_like()?, xs, first: 0 };
    let found = certify(&disc()?, &rows, None, Smoothing::new(SIGMA))?.remove(0);
    let mut certified = [0, 0];
    for (own, x) in found.iter().zip(at) {
        let Some(class) = own.class else { continue };
        certified[class as usize] += 1;
        for (step, turn) in (0..=12).flat_map(|step| (0..24).map(move |turn| (step, turn))) {
            let (angle, radius) = (f64::from(turn) * 15f64.to_radians(), f64::from(step) / 12.);
            let reach = own.radius * radius;
            let (dx, dy) = (reach * angle.cos(), reach * angle.sin());
            let distance = (f64::from(x[0]) + dx).hypot(f64::from(x[1]) + dy);
            let share = inside(distance, SIGMA);
            assert_eq!(u32::from(share > 0.5), class, "{own:?} of {x:?} at {dx}, {dy}: {share}");
        }
    }
    assert!(certified.iter().all(|own| *own >= 8), "{certified:?}");
    Ok(())
}

fn figures(all: &[Certificate]) -> Vec<(Option<u32>, u32, f64)> {
    all.iter().map(|own| (own.class, own.votes, own.radius)).collect()
}

#[test]
fn outputs_that_are_not_finite_have_no_class() -> Result<()> {
    let infinite = func(|xs| xs.sum_keepdim(1)? * f64::INFINITY);
    let on = Victim::new(Model::new(infinite), Arc::new(BinaryCrossEntropy), Axis::Plain, &[7])?;
    let found = certify(&on, &normal_rows(1, 5, 3)?, None, Smoothing::new(0.5).draws(50))?;
    assert_eq!(figures(&found[0]), [(None, 0, 0.); 5]);
    Ok(())
}

/// Inputs in another unit, which is a power of two so that the bits are the same.
#[test]
fn scales_are_units_and_held_inputs_have_no_noise() -> Result<()> {
    let (rows, options) = (normal_rows(1, 20, 3)?, Smoothing::new(0.5).draws(100));
    let plain = certify(&linear()?, &rows, None, options)?.remove(0);
    let scales = Tensor::new(&[4f32, 1., 0.5], &Device::Cpu)?;
    let scaled = Rows { xs: rows.xs.broadcast_mul(&scales)?, ..rows.clone() };
    let [a, b, c] = WEIGHTS;
    let on = linear_with([a / 4., b, c / 0.5])?;
    let found = certify(&on, &scaled, Some(&scales), options)?.remove(0);
    assert_eq!(figures(&found), figures(&plain));
    let held = Limits::default().columns(&[None, None, Some(None)])?;
    let on = linear_with([a, b, 0.])?.with_limits(held);
    let found = certify(&on, &rows, None, options)?.remove(0);
    assert!(found.iter().all(|own| own.votes == 100), "{found:?}");
    let error = |options| certify(&on, &rows, None, options).unwrap_err().to_string();
    assert!(error(Smoothing::new(0.)).contains("received 0"));
    assert!(error(Smoothing::new(1.).alpha(1.)).contains("at least 1e-12 and below 1"));
    assert!(error(Smoothing::new(1.).draws(0)).contains("received 100 and 0"));
    assert!(certify(&on, &rows, Some(&scales.zeros_like()?), options).is_err());
    Ok(())
}

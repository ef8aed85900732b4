use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::func;
use candle_noise::nn::Model;
use candle_noise::objective::{BinaryCrossEntropy, CrossEntropy, Objective};
use candle_noise::ops::Axis;
use candle_noise::robust::{Apgd, Attack, Fgsm, Limits, Norm, Pgd, Rows, Victim, Worst, WorstOf};

use super::{WEIGHTS, as_predicted, disc, linear, mlp, normal_rows, points};

const NORMS: [Norm; 2] = [Norm::Linf, Norm::L2];

pub fn attacks(norm: Norm) -> Result<Vec<Arc<dyn Attack>>> {
    let all: Vec<Arc<dyn Attack>> = vec![
        Arc::new(Fgsm::new(norm)),
        Arc::new(Pgd::new(norm).steps(20).starts(3)),
        Arc::new(Apgd::new(norm).steps(20).starts(3)),
    ];
    let worst = WorstOf::new(all.clone())?;
    Ok(all.into_iter().chain([Arc::new(worst) as Arc<dyn Attack>]).collect())
}

/// The number of wrong classes.
fn wrong(on: &Victim, xs: &Tensor, rows: &Rows) -> Result<f32> {
    on.answers(xs, rows)?.wrong.sum_all()?.to_scalar()
}

/// The dual norms of the weights: |w|₁ = 3.5 and |w|₂ = √5.25.
#[test]
fn one_step_changes_a_linear_margin_by_strength_times_norm_and_nothing_beats_it() -> Result<()> {
    let (on, rows) = (linear()?, normal_rows(1, 40, 3)?);
    let (clean, ys) = (points(&rows.xs)?, rows.ys.get(0)?.to_vec1::<f32>()?);
    for (norm, size) in [(Norm::Linf, 3.5), (Norm::L2, 5.25f64.sqrt())] {
        for attack in attacks(norm)? {
            let moved = points(&attack.apply(&on, &rows, 0.25, 0)?)?;
            for ((x, moved), y) in clean.iter().zip(&moved).zip(&ys) {
                let change: f64 = x
                    .iter()
                    .zip(moved)
                    .zip(WEIGHTS)
                    .map(|((x, m), w)| (m - x) * f64::from(w))
                    .sum();
                let drop = -change * f64::from(2. * y - 1.) / (0.25 * size);
                assert!((drop - 1.).abs() < 2e-6, "{} {}: {drop}", attack.name(), norm.name());
            }
        }
    }
    Ok(())
}

#[test]
fn strength_0_changes_no_bit() -> Result<()> {
    let (on, _) = mlp()?;
    let rows = normal_rows(2, 10, 2)?;
    let bits = |xs: &Tensor| -> Result<Vec<u32>> {
        Ok(xs.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits).collect())
    };
    for norm in NORMS {
        for attack in attacks(norm)? {
            let moved = attack.apply(&on, &rows, 0., 0)?;
            assert_eq!(bits(&moved)?, bits(&rows.xs)?, "{}", attack.name());
        }
    }
    Ok(())
}

#[test]
fn one_full_step_of_pgd_is_fgsm_where_the_loss_rises() -> Result<()> {
    let (on, _) = mlp()?;
    let rows = normal_rows(2, 30, 2)?;
    for norm in NORMS {
        let one = Fgsm::new(norm).apply(&on, &rows, 0.3, 0)?;
        let rises = on.answers(&one, &rows)?.losses.gt(&on.answers(&rows.xs, &rows)?.losses)?;
        let rises = rises.flatten_all()?.to_vec1::<u8>()?;
        assert!(rises.iter().filter(|own| **own == 1).count() > 50);
        let pgd = Pgd::new(norm).steps(1).step(1.).apply(&on, &rows, 0.3, 0)?;
        let apart = Norm::Linf.of(&(pgd - one)?)?.flatten_all()?.to_vec1::<f32>()?;
        for (apart, rises) in apart.into_iter().zip(rises) {
            assert!(rises == 0 || apart < 1e-6, "{}: {apart}", norm.name());
        }
    }
    Ok(())
}

/// The loss of logits of 500 and more is 0 to rounding, as is its gradient, and yet a step of 0.6 takes 0.5 and -0.55
/// across the boundary at 0; of three classes, to the nearest other one.
#[test]
fn large_outputs_protect_no_row() -> Result<()> {
    let linear = |weights: &[f32], outputs: usize| -> Result<Model> {
        let weights =
            Tensor::from_slice(weights, (weights.len() / outputs, outputs), &Device::Cpu)?;
        Ok(Model::new(func(move |xs| xs.matmul(&weights))))
    };
    let binary = one_replica(&[[0.5f32], [-0.55]], &[1f32, 0.])?;
    // From class 0 to class 1, whose second weight is the larger.
    let three = one_replica(&[[1f32, -0.4], [1., -0.3]], &[0f32, 0.])?;
    let cases: [(Model, Arc<dyn Objective>, Rows, f32); 2] = [
        (linear(&[1e3], 1)?, Arc::new(BinaryCrossEntropy), binary, -1.),
        (
            linear(&[1e4, 0.9e4, -1e4, 0., 1e4, 0.], 3)?,
            Arc::new(CrossEntropy { classes: 3 }),
            three,
            1.,
        ),
    ];
    for (model, objective, rows, sign) in cases {
        let on = Victim::new(model, objective, Axis::Plain, &[7])?;
        let (clean, _) = on.gradient(&rows.xs, &rows)?;
        assert!(clean.losses.max_all()?.to_scalar::<f32>()? < 1e-30);
        assert_eq!(clean.wrong.to_vec2::<f32>()?, [[0., 0.]]);
        for attack in attacks(Norm::Linf)? {
            let moved = attack.apply(&on, &rows, 0.6, 0)?;
            assert_eq!(wrong(&on, &moved, &rows)?, 2., "{}", attack.name());
        }
        let moved = Fgsm::new(Norm::Linf).apply(&on, &rows, 0.6, 0)?;
        let step = (moved - &rows.xs)?.narrow(2, rows.row_len() - 1, 1)?.flatten_all()?;
        assert!((step.to_vec1::<f32>()?[0] / 0.6 - sign).abs() < 1e-6, "{sign}");
    }
    Ok(())
}

fn one_replica<const D: usize>(xs: &[[f32; D]; 2], ys: &[f32; 2]) -> Result<Rows> {
    let ys = Tensor::new(ys, &Device::Cpu)?.unsqueeze(0)?;
    Ok(Rows { xs: Tensor::new(xs, &Device::Cpu)?.unsqueeze(0)?, ys, first: 0 })
}

/// Most rows end in a corner of the box or go back and forth before the last step.
#[test]
fn rows_that_are_done_early_are_those_of_a_loop_over_all_steps() -> Result<()> {
    let ((on, _), rows, strength, steps) = (mlp()?, normal_rows(2, 60, 2)?, 0.4, 40);
    for norm in NORMS {
        let (mut worst, mut xs) = (Worst::clean(&on, &rows)?, rows.xs.clone());
        let mut stayed = 0.;
        for _ in 0..steps {
            let (found, gradient) = on.gradient(&xs, &rows)?;
            worst.keep(&xs, &found)?;
            let moved = (&xs + (norm.direction(&gradient)? * (2.5 / steps as f64 * strength))?)?;
            let next = on.limits().within(&norm.project(&moved, &rows.xs, strength)?, &rows.xs)?;
            let differs = next.ne(&xs)?.max(2)?.to_dtype(DType::F32)?.max(0)?;
            stayed = 60. - differs.sum_all()?.to_scalar::<f32>()?;
            xs = next;
        }
        worst.keep(&xs, &on.answers(&xs, &rows)?)?;
        assert!(norm == Norm::L2 || stayed > 10., "{stayed} rows stay where they are");
        let found = Pgd::new(norm).steps(steps).apply(&on, &rows, strength, 0)?;
        let values = |xs: &Tensor| xs.flatten_all()?.to_vec1::<f32>();
        assert_eq!(values(&found)?, values(worst.rows())?, "{}", norm.name());
    }
    Ok(())
}

/// The increase of the loss over ε times the dual norm of the gradient, for a small ε.
#[test]
fn a_small_step_raises_the_loss_by_strength_times_norm_of_the_gradient() -> Result<()> {
    let (on, _) = mlp()?;
    let rows = normal_rows(2, 20, 2)?;
    let (clean, gradient) = on.gradient(&rows.xs, &rows)?;
    for norm in NORMS {
        let moved = Fgsm::new(norm).apply(&on, &rows, 1e-3, 0)?;
        let rise = ((on.answers(&moved, &rows)?.losses - &clean.losses)? / 1e-3)?;
        let size = match norm {
            Norm::L2 => Norm::L2.of(&gradient)?,
            _ => gradient.abs()?.sum(2)?,
        };
        let apart = (rise / size)?.flatten_all()?.to_vec1::<f32>()?;
        let near = apart.iter().filter(|own| (*own - 1.).abs() < 0.01).count();
        assert!(near >= 38, "{near} of 40 rows: others have a kink on the way; {apart:?}");
    }
    Ok(())
}

#[test]
fn more_starts_and_larger_budgets_never_raise_accuracy() -> Result<()> {
    let on = disc()?;
    let rows = as_predicted(&on, normal_rows(1, 60, 2)?)?;
    for norm in NORMS {
        let mut worst = Worst::clean(&on, &rows)?;
        let mut before = 0.;
        for strength in [0.1, 0.2, 0.4, 0.8] {
            let by_starts: Vec<f32> = (1..4)
                .map(|starts| {
                    let pgd = Pgd::new(norm).steps(5).starts(starts);
                    let apgd = Apgd::new(norm).steps(5).starts(starts);
                    let found = pgd.apply(&on, &rows, strength, 0)?;
                    worst.keep(&found, &on.answers(&found, &rows)?)?;
                    let other = apgd.apply(&on, &rows, strength, 0)?;
                    Ok(wrong(&on, &found, &rows)? * 100. + wrong(&on, &other, &rows)?)
                })
                .collect::<Result<_>>()?;
            assert!(by_starts.is_sorted(), "{by_starts:?}");
            let now = wrong(&on, worst.rows(), &rows)?;
            assert!(now >= before, "{now} after {before}");
            before = now;
        }
        assert!(before > 20., "{before}");
        assert!(!worst.rows().track_op(), "the graph of each step would be kept");
    }
    Ok(())
}

/// Class by class on a grid of 101 by 101 points of the ball. The attacks find each row that brute force finds
/// but those at most that touch the boundary: 95 of 100.
#[test]
fn attacks_on_a_disc_find_what_brute_force_finds() -> Result<()> {
    let on = disc()?;
    let rows = as_predicted(&on, normal_rows(1, 80, 2)?)?;
    let inside = |x: f64, y: f64| x * x + y * y < 1.;
    for (norm, radius) in [(Norm::Linf, 0.3), (Norm::L2, 0.4)] {
        let is_found = |x: &Vec<f64>| {
            let steps = (0..=100).map(|step| radius * (f64::from(step) / 50. - 1.));
            let grid = steps.clone().flat_map(|a| steps.clone().map(move |b| (a, b)));
            let mut ball = grid.filter(|(a, b)| norm == Norm::Linf || a.hypot(*b) <= radius);
            ball.any(|(a, b)| inside(x[0] + a, x[1] + b) != inside(x[0], x[1]))
        };
        let brute: Vec<bool> = points(&rows.xs)?.iter().map(is_found).collect();
        let count = brute.iter().filter(|own| **own).count();
        assert!(count > 20 && count < 60, "{count}");
        for attack in &attacks(norm)?[1..] {
            let moved = attack.apply(&on, &rows, radius, 0)?;
            let wrong = on.answers(&moved, &rows)?.wrong.get(0)?.to_vec1::<f32>()?;
            let both = brute.iter().zip(&wrong).filter(|(brute, own)| **brute && **own == 1.);
            let found = both.count();
            assert!(found * 100 >= count * 95, "{}: {found} of {count}", attack.name());
        }
    }
    Ok(())
}

#[test]
fn attacks_stay_within_strength_and_limits() -> Result<()> {
    let limit = |x: f32| Tensor::new(&[x, x, x], &Device::Cpu);
    let limits = Limits::default().range(limit(-1.)?, limit(1.)?);
    let on = linear()?.with_limits(limits.columns(&[Some(None), None, Some(None)])?);
    let rows = normal_rows(1, 30, 3)?;
    let clean = points(&rows.xs)?;
    for norm in NORMS {
        for attack in attacks(norm)? {
            let moved = attack.apply(&on, &rows, 0.7, 0)?;
            let sizes = norm.of(&(&moved - &rows.xs)?)?.flatten_all()?.to_vec1::<f32>()?;
            assert!(sizes.iter().all(|own| *own <= 0.7 * (1. + 1e-5)), "{sizes:?}");
            assert!(sizes.iter().any(|own| *own > 0.69), "{sizes:?}");
            for (x, moved) in clean.iter().zip(points(&moved)?) {
                assert_eq!(x[1], moved[1], "{}", attack.name());
                for (x, moved) in x.iter().zip(moved) {
                    assert!(moved == *x || (x.min(-1.)..=x.max(1.)).contains(&moved), "{moved}");
                }
            }
        }
    }
    Ok(())
}

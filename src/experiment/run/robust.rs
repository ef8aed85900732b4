//! Trained networks under attack, each on the test rows of its own draw.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use candle_core::{Device, Tensor};

use super::chunk::Trained;
use crate::bundle::Inputs;
use crate::bundle::replicas::{constants, noise_map};
use crate::experiment::plan::Plan;
use crate::experiment::trial::{Subject, Trial};
use crate::metric::Metric;
use crate::noise::Slots;
use crate::robust::{Form, Measured, Scan, ScanScores, Victim, brief_scans, scan_scores};
use crate::task::{Axis, Draw, Parts};

/// Returns what each run of a chunk scores under attack; nothing for runs that failed. Runs of one draw share its
/// rows, and the draws of the attacks depend on the seed alone, so that cells are compared on the same changed rows
/// wherever a change does not follow the gradient.
///
/// # Errors
/// If the rows have a form that no attack takes, a network has no gradient in its inputs, or the device fails.
pub(super) fn under_attack(
    subject: &Subject,
    trials: &[Trial],
    trained: &Trained,
    device: &Device,
) -> Result<Vec<Vec<ScanScores>>> {
    let mut scores = vec![Vec::new(); trials.len()];
    let is_trained = |place: &usize| !trained.runs[*place].has_failed();
    let most = if subject.task().axis() == Axis::Plain { 1 } else { MOST };
    for group in by_draw(trials, (0..trials.len()).filter(is_trained)) {
        for places in group.chunks(most) {
            let found = attacked(subject, trials, places, &trained.weights, device)?;
            for (place, own) in places.iter().zip(found) {
                scores[*place] = own;
            }
        }
    }
    Ok(scores)
}

/// The most networks that are attacked together: test rows are many, and activations and gradients of all are in
/// memory.
const MOST: usize = 32;

/// Checks that attacks take the rows of a trial, before anything is trained.
///
/// # Errors
/// If they do not.
pub(super) fn check_form(subject: &Subject, trial: &Trial) -> Result<()> {
    let parts = subject.parts(&trial.hyper, &trial.draw, &Device::Cpu)?;
    brief_scans(&measured(subject, trial, &parts)?)?;
    Ok(())
}

/// Returns the number of training epochs that take about as long as the attacks on one network of a plan, from the
/// rows that pass through it; 0 if the plan attacks nothing.
///
/// # Errors
/// If the plan does not fit the task, or attacks do not take its rows.
pub fn attack_epochs(subject: &Subject, plan: &Plan) -> Result<usize> {
    /// An epoch takes about as long: three to go forward and backward, and as much again and more for its small
    /// batches, noise, optimizer and scores (measured on circles and digits).
    const PASSES: usize = 10;
    let Some((_, trial)) = plan.trials().next().filter(|_| plan.robustness) else { return Ok(0) };
    let parts = subject.parts(&trial.hyper, &trial.draw, &Device::Cpu)?;
    let scans = brief_scans(&measured(subject, &trial, &parts)?)?;
    let passes: usize = scans.iter().map(Scan::passes).sum();
    Ok((passes * parts.test.rows()).div_ceil(PASSES * parts.train.rows().max(1)))
}

/// Groups the places of trials by their draws, in order.
fn by_draw(trials: &[Trial], places: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut groups: Vec<(&Draw, Vec<usize>)> = Vec::new();
    for place in places {
        let draw = &trials[place].draw;
        match groups.iter_mut().find(|(own, _)| *own == draw) {
            Some((_, group)) => group.push(place),
            None => groups.push((draw, vec![place])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Attacks the networks of runs of one draw, which have these places in a chunk.
fn attacked(
    subject: &Subject,
    trials: &[Trial],
    places: &[usize],
    weights: &[(String, Tensor)],
    device: &Device,
) -> Result<Vec<Vec<ScanScores>>> {
    let (task, first) = (subject.task(), &trials[places[0]]);
    let parts = subject.parts(&first.hyper, &first.draw, device)?;
    let measured = measured(subject, first, &parts)?;
    let seeds: Vec<u64> = places.iter().map(|place| trials[*place].seed).collect();
    let replicas: Vec<u32> = places.iter().map(|place| *place as u32).collect();
    let vb = constants(weights, &replicas, task.axis(), device)?;
    let map = noise_map(&seeds, task.axis());
    let model = task.build(&first.hyper, vb, &Slots::new(&map, &[])?)?;
    let victim = Victim::new(model, subject.objective().clone(), task.axis(), &seeds)?;
    let victim = victim.with_limits(measured.limits()?.on(device)?);
    let (scans, metrics) = (brief_scans(&measured)?, metrics(subject));
    let found = scan_scores(&victim, &parts.test, &scans, &metrics, parts.units.as_ref());
    found.context("--robustness")
}

/// Returns the primary metric and, of classes, the negative log-likelihood if the task has it.
fn metrics(subject: &Subject) -> Vec<Arc<dyn Metric>> {
    let all = subject.metrics().iter().enumerate();
    let is_told = |(place, own): &(usize, &Arc<dyn Metric>)| *place == 0 || own.name() == "nll";
    all.filter(is_told).map(|(_, own)| own.clone()).collect()
}

/// Measures the training rows of a trial by what they are made of: the cells of a table as they are prepared for the
/// draw, what a model needs to predict from files, or else free numbers.
fn measured(
    subject: &Subject,
    Trial { hyper, draw, .. }: &Trial,
    parts: &Parts,
) -> Result<Measured> {
    let task = subject.task();
    let form = match task.preparation_of(draw)? {
        Some((preparation, names)) => Form::of_columns(&preparation, &names)?,
        None => match task.deployment(hyper, &Device::Cpu)? {
            Some(deployment) => Form::of(&deployment.inputs),
            None => {
                let (xs, _) = parts.train.range(0, 1)?;
                let xs = parts.train.with_replica_axis(xs)?;
                let [_, _, width] = *xs.dims() else {
                    bail!(
                        "--robustness: expected a task with rows of numbers, or one that says what its inputs are \
                         (Task::deployment), received rows of shape {:?}",
                        &xs.dims()[2..]
                    )
                };
                Form::of(&Inputs::points(width))
            }
        },
    };
    form.measured(Some(&parts.train)).context("--robustness")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Circles, Task};

    /// Runs of folds are interleaved with those of strengths in a chunk.
    #[test]
    fn runs_are_grouped_by_draw_wherever_they_stand() {
        let (_, trial) = Plan::of(&Circles::default()).trials().next().unwrap();
        let of = |fold| Trial { draw: Draw { fold, ..trial.draw.clone() }, ..trial.clone() };
        let trials = [Some(0), Some(1), Some(0), None, Some(1)].map(of);
        assert_eq!(by_draw(&trials, 0..5), [vec![0, 2], vec![1, 4], vec![3]]);
        assert_eq!(by_draw(&trials, [4, 2].into_iter()), [[4], [2]]);
    }

    /// Gaussian noise and missing values are drawn once for each of five strengths and scored: 2 × 5 × 2 passes, FGSM
    /// takes 5 × 4, and PGD twice 5 × (3 × 20 + 1).
    #[test]
    fn attacks_are_work_of_some_epochs() -> Result<()> {
        let (task, plan) = (Circles::default(), Plan::of(&Circles::default()));
        let subject = Subject::new(&task, "cpu", &[])?;
        assert_eq!(attack_epochs(&subject, &plan)?, 0);
        let (_, trial) = plan.trials().next().context("a run")?;
        let parts = task.parts(&trial.hyper, &trial.draw, &Device::Cpu)?;
        let draws: usize = brief_scans(&measured(&subject, &trial, &parts)?)?[..2]
            .iter()
            .map(|own| own.attacks[0].draws() as usize * 5 * 2)
            .sum();
        let passes = draws + 5 * 4 + 2 * 5 * 61;
        let plan = Plan { robustness: true, ..plan };
        let epochs = (passes * parts.test.rows()).div_ceil(10 * parts.train.rows());
        assert_eq!(attack_epochs(&subject, &plan)?, epochs);
        Ok(())
    }

    #[test]
    fn points_are_free_numbers_with_the_range_of_the_training_rows() -> Result<()> {
        let task = Circles::default();
        let subject = Subject::new(&task, "cpu", &[])?;
        let (_, trial) = Plan::of(&task).trials().next().context("a run")?;
        let parts = task.parts(&trial.hyper, &trial.draw, &Device::Cpu)?;
        let measured = measured(&subject, &trial, &parts)?;
        let spread = measured.spreads(0)[0];
        assert!(spread.low < -0.5 && spread.high > 0.5 && spread.scale < 1., "{spread:?}");
        let names: Vec<String> =
            brief_scans(&measured)?.iter().flat_map(|own| own.names()).collect();
        assert_eq!(names, ["gaussian", "missing", "fgsm-linf", "pgd-linf", "pgd-l2"]);
        let metrics = metrics(&subject);
        assert_eq!(metrics.iter().map(|own| own.name()).collect::<Vec<_>>(), ["accuracy", "nll"]);
        Ok(())
    }
}

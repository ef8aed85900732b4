//! The complete state of a training run between two epochs, from which it continues bit for bit.

use std::collections::BTreeMap;

use candle_core::{Result, Tensor, Var, bail};

use super::epochs::SETS;
use super::history::History;
use super::trainer::Trainer;
use crate::nn::sorted_vars;
use crate::optim::{OptimizerState, SaveState};

/// The state of a training run. The order of the rows needs no state, because it follows from the
/// seeds and the epoch. The tensors are copies, so further training does not change them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Number of finished epochs.
    pub epoch: usize,
    /// The seed of each replica.
    pub seeds: Vec<u64>,
    /// The curves so far, which also tell how long early stopping has waited.
    pub history: History,
    /// The variables by name.
    pub weights: BTreeMap<String, Tensor>,
    /// The variables kept by early stopping, by name; empty without early stopping.
    pub kept: BTreeMap<String, Tensor>,
    /// Number of steps of the optimizer.
    pub optimizer_steps: u64,
    /// The optimizer's moments, by the names of its variables.
    pub moments: BTreeMap<String, Tensor>,
    /// The steps of each replica at each noise site.
    pub noise_steps: BTreeMap<String, Vec<u32>>,
    /// The strengths of each replica at each noise site. A schedule may have changed them.
    pub noise_strengths: BTreeMap<String, Vec<f64>>,
}

impl Checkpoint {
    pub(super) fn of(trainer: &Trainer) -> Result<Self> {
        trainer.epochs.check_state()?;
        let copy = |(name, var): (String, &Var)| Ok((name, var.as_tensor().copy()?));
        let vars = sorted_vars(&trainer.varmap);
        let kept = trainer.epochs.stopper.iter().flat_map(|stopper| &stopper.kept);
        let OptimizerState { steps, moments } = trainer.optimizer.state()?;
        let noise = trainer.noise.as_ref();
        Ok(Self {
            epoch: trainer.epochs.finished,
            seeds: trainer.epochs.options.seeds.clone(),
            history: trainer.epochs.whole_history()?,
            weights: vars.iter().map(|(n, var)| copy((n.clone(), var))).collect::<Result<_>>()?,
            kept: kept.map(|k| copy((k.name.clone(), &k.values))).collect::<Result<_>>()?,
            optimizer_steps: steps,
            moments: named(names(trainer, &vars)?, moments)?,
            noise_steps: noise.map(|noise| noise.steps()).unwrap_or_default(),
            noise_strengths: noise.map(|noise| noise.strengths()).unwrap_or_default(),
        })
    }

    pub(super) fn restore(&self, trainer: &mut Trainer) -> Result<()> {
        let Self { epoch, seeds, history, .. } = self;
        let options = &trainer.epochs.options;
        if *seeds != options.seeds || history.replicas.len() != seeds.len() {
            bail!("expected a checkpoint of the seeds {:?}, received {seeds:?}", options.seeds)
        }
        if *epoch > options.epochs {
            bail!(
                "expected a checkpoint of epoch {} or before, received one of epoch {epoch}",
                options.epochs
            )
        }
        if history.metric != trainer.epochs.history.metric {
            bail!(
                "expected a checkpoint with curves of {}, received {}",
                trainer.epochs.history.metric,
                history.metric
            )
        }
        self.check_curves(trainer.epochs.sets().each_ref().map(Option::is_some))?;
        let vars = sorted_vars(&trainer.varmap);
        let names = names(trainer, &vars)?;
        let vars: Vec<_> = vars.iter().map(|(name, var)| (name.as_str(), var)).collect();
        let kept = trainer.epochs.stopper.iter().flat_map(|stopper| &stopper.kept);
        let kept: Vec<_> = kept.map(|kept| (kept.name.as_str(), &kept.values)).collect();
        check("weights", &tensors(&vars), &self.weights)?;
        check("kept weights", &tensors(&kept), &self.kept)?;
        let own = trainer.optimizer.state()?.moments;
        let moments = self.moments_of(&names, &own)?;
        let state = OptimizerState { steps: self.optimizer_steps, moments };
        state.check_steps()?;
        match &trainer.noise {
            Some(noise) => {
                if *epoch > 0 {
                    noise.check_epoch(*epoch, options.epochs, &self.noise_strengths)?;
                }
                noise.set_state(&self.noise_steps, &self.noise_strengths)?;
            }
            None if self.noise_steps.is_empty() => {}
            None => bail!(
                "the checkpoint has noise at {:?}: expected a trainer made with_noise",
                self.noise_steps.keys().collect::<Vec<_>>()
            ),
        }
        trainer.optimizer.set_state(&state)?;
        // A checkpoint read from a file is on the CPU.
        let set = |var: &Var, values: &Tensor| var.set(&values.to_device(var.device())?);
        for (name, var) in vars {
            set(var, &self.weights[name])?;
        }
        for (name, var) in kept {
            set(var, &self.kept[name])?;
        }
        (trainer.epochs.finished, trainer.epochs.history) = (*epoch, history.clone());
        trainer.epochs.unread.clear();
        trainer.epochs.moved = None;
        if let Some(stopper) = &mut trainer.epochs.stopper {
            stopper.resume(history);
        }
        Ok(())
    }

    /// Checks that each replica has the curves of its epochs on the sets that are measured, and the end
    /// that is its own.
    fn check_curves(&self, [train, validation, test]: [bool; 3]) -> Result<()> {
        let Self { epoch, history, .. } = self;
        let measured = [train, train, validation, test];
        for (r, (replica, seed)) in history.replicas.iter().zip(&self.seeds).enumerate() {
            let epochs = replica.epochs();
            let expected = measured.map(|is_measured| if is_measured { epochs } else { 0 });
            let losses = replica.curves().map(|curves| curves.loss.len());
            let scores = replica.curves().map(|curves| curves.score.len());
            let is_whole = epochs == *epoch || (replica.has_ended() && epochs < *epoch);
            let has_scores = !history.metric.is_empty();
            let expected_scores = expected.map(|count| if has_scores { count } else { 0 });
            for (set, (received, expected)) in
                SETS.iter().zip([1, 2, 3].map(|i| (losses[i], expected[i])))
            {
                if (received == 0) != (expected == 0) {
                    let expected = if received == 0 { "with" } else { "without" };
                    bail!(
                        "replica {r}: expected a checkpoint {expected} curves of the {set} rows, \
                         received {received} losses of them"
                    )
                }
            }
            if !is_whole || losses != expected || scores != expected_scores {
                bail!(
                    "replica {r}: expected a checkpoint with curves of {epoch} epochs, received losses \
                     of {losses:?} and scores of {scores:?}"
                )
            }
            if let Some(stop) =
                replica.stopped.as_ref().filter(|s| (s.replica, s.seed) != (r, *seed))
            {
                bail!("replica {r} of seed {seed}: received the end of another, {stop:?}")
            }
        }
        Ok(())
    }

    /// Returns the moments of the named variables, after a check that they have the shapes of the
    /// optimizer's own. Returns none if the optimizer has none.
    fn moments_of(&self, names: &[String], own: &[Tensor]) -> Result<Vec<Tensor>> {
        let own = names.iter().zip(own).map(|(name, own)| (name.as_str(), own));
        let mut own: Vec<(&str, &Tensor)> = own.collect();
        let in_order: Vec<&str> = own.iter().map(|(name, _)| *name).collect();
        own.sort_by_key(|(name, _)| *name);
        check("moments", &own, &self.moments)?;
        Ok(in_order.iter().map(|name| self.moments[*name].clone()).collect())
    }
}

fn tensors<'a>(vars: &[(&'a str, &'a Var)]) -> Vec<(&'a str, &'a Tensor)> {
    vars.iter().map(|(name, var)| (*name, var.as_tensor())).collect()
}

/// Returns the names of the optimizer's variables, in its order.
fn named(names: Vec<String>, moments: Vec<Tensor>) -> Result<BTreeMap<String, Tensor>> {
    if !moments.is_empty() && moments.len() != names.len() {
        bail!(
            "expected moments for each of {} variables of the optimizer, received {}",
            names.len(),
            moments.len()
        )
    }
    Ok(names.into_iter().zip(moments).collect())
}

fn names(trainer: &Trainer, vars: &[(String, Var)]) -> Result<Vec<String>> {
    let name = |own: Var| match vars.iter().find(|(_, var)| var.id() == own.id()) {
        Some((name, _)) => Ok(name.clone()),
        None => bail!(
            "the optimizer has a variable of shape {:?} that the variables to save do not have",
            own.dims()
        ),
    };
    trainer.optimizer.vars().into_iter().map(name).collect()
}

/// Checks that a checkpoint has the values of exactly these variables.
fn check(what: &str, own: &[(&str, &Tensor)], saved: &BTreeMap<String, Tensor>) -> Result<()> {
    let form = |tensor: &Tensor| (tensor.dims().to_vec(), tensor.dtype());
    let own: Vec<_> = own.iter().map(|(name, own)| (*name, form(own))).collect();
    let saved: Vec<_> = saved.iter().map(|(name, t)| (name.as_str(), form(t))).collect();
    if own != saved {
        bail!("expected a checkpoint with the {what} {own:?}, received {saved:?}")
    }
    Ok(())
}

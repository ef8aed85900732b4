//! The variables under weight noise, from a training pass to its step.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, bail};

use super::schedule::Schedule;
use super::var_sites::{VarSite, VarSites};
use crate::nn::describe_missing;

/// Variables that are noisy between a training pass and its step.
#[derive(Debug)]
pub(super) struct Passes {
    sites: VarSites,
    pass: Mutex<Pass>,
    /// Whether a step has seen the values of its own pass.
    is_checked: AtomicBool,
    /// Whether the noise was turned round for a second pass, which is still to come.
    awaits_second: AtomicBool,
}

/// What the last training pass has left.
#[derive(Debug, Default)]
enum Pass {
    /// Nothing: there was no pass, or a step has followed it.
    #[default]
    None,
    /// Noisy variables, which await a step; one entry per site, `None` where there is no noise.
    Noisy(Vec<Option<Values>>),
    /// Clean variables, restored before the step.
    Restored,
}

/// The values of a variable.
#[derive(Debug)]
struct Values {
    clean: Tensor,
    noisy: Tensor,
}

impl Passes {
    pub(super) fn new(sites: VarSites) -> Self {
        let [is_checked, awaits_second] = [false; 2].map(AtomicBool::new);
        Self { sites, pass: Mutex::default(), is_checked, awaits_second }
    }

    /// Lets the strengths of all sites follow a schedule.
    pub(super) fn set_schedule(&self, schedule: &Schedule) -> Result<()> {
        self.sites.set_schedule(schedule)
    }

    /// Turns the noise of the last pass round for a second pass.
    pub(super) fn mirror(&self) -> Result<()> {
        let mut pass = self.pass();
        let Pass::Noisy(values) = &mut *pass else {
            bail!(
                "WeightNoise: expected a training pass before its noise is turned round, received none"
            )
        };
        self.check_first(values)?;
        for own in values.iter_mut().flatten() {
            own.noisy = ((&own.clean + &own.clean)? - &own.noisy)?;
        }
        self.set(values, |values| &values.noisy)?;
        self.awaits_second.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Restores the clean values of the last pass.
    pub(super) fn restore(&self) -> Result<()> {
        let mut pass = self.pass();
        if let Pass::Noisy(values) = &*pass {
            self.check_unchanged(values)?;
            self.clean(values)?;
            *pass = Pass::Restored;
        }
        Ok(())
    }

    /// Adds new noise to the clean values.
    pub(super) fn perturb(&self) -> Result<()> {
        let mut pass = self.pass();
        if self.awaits_second.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        if pass.is_noisy() {
            bail!(
                "WeightNoise: expected a step of the optimizer that `WeightNoise::optimizer` makes \
                 after each training pass and its backward pass, or `WeightNoise::restore` for a \
                 pass without a step; received a second training pass"
            )
        }
        let values = |site: &VarSite| {
            let clean = site.var.as_detached_tensor();
            let noisy = site.noisy(&clean, |draw| draw.strength)?;
            noisy.map(|noisy| Ok(Values { clean: clean.copy()?, noisy })).transpose()
        };
        let values = self.sites.iter().map(values).collect::<Result<Vec<_>>>()?;
        // Remembered first, then set, so that a failure loses no clean values.
        *pass = Pass::Noisy(values);
        match &*pass {
            Pass::Noisy(values) => self.set(values, |values| &values.noisy),
            _ => Ok(()),
        }
    }

    /// Restores the clean values before a step with these gradients.
    pub(super) fn before_step(&self, grads: &GradStore) -> Result<()> {
        let mut pass = self.pass();
        self.awaits_second.store(false, Ordering::Relaxed);
        match &*pass {
            Pass::None => bail!(
                "WeightNoise: expected a training pass of the model that `WeightNoise::model` makes \
                 before each step, received none"
            ),
            Pass::Noisy(values) => {
                self.check_grads(values, grads)?;
                self.check_first(values)?;
                self.clean(values)?;
            }
            Pass::Restored => {}
        }
        *pass = Pass::None;
        Ok(())
    }

    /// Checks before the first step that nothing has set a variable since the pass: another weight noise
    /// on the same variables may restore other values before it, where the two are nested alike.
    fn check_first(&self, values: &[Option<Values>]) -> Result<()> {
        if !self.is_checked.load(Ordering::Relaxed) && is_noisy(values) {
            self.check_unchanged(values)?;
            self.is_checked.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Restores the clean values after a pass that no step follows, of the variables that have still the
    /// noisy ones. `inner` does so for the passes within this one, or around it if the nesting is wrong.
    pub(super) fn abandon(&self, inner: impl FnOnce() -> Result<()>) -> Result<()> {
        self.awaits_second.store(false, Ordering::Relaxed);
        self.clean_own()?;
        inner()?;
        self.clean_own()?;
        *self.pass() = Pass::None;
        Ok(())
    }

    /// Restores the clean values of the variables with the values of the last pass.
    fn clean_own(&self) -> Result<()> {
        if let Pass::Noisy(values) = &*self.pass() {
            for (site, values) in self.noisy(values) {
                if values.are_those_of(site)? {
                    site.var.set(&values.clean)?;
                }
            }
        }
        Ok(())
    }

    /// Checks that the variables can be saved.
    pub(super) fn check_clean(&self) -> Result<()> {
        if self.pass().is_noisy() {
            bail!(
                "WeightNoise: expected clean weights to save, received those of a training pass \
                 that awaits its step; `WeightNoise::restore` restores them after the backward pass"
            )
        }
        Ok(())
    }

    /// Runs `f` on the clean values. A pass that still awaits its backward pass gets its noise
    /// back.
    pub(super) fn on_clean<T>(&self, f: impl FnOnce() -> Result<T>) -> Result<T> {
        if let Pass::Noisy(values) = &*self.pass()
            && is_noisy(values)
        {
            self.check_unchanged(values)?;
            self.clean(values)?;
        }
        let result = self.on_tested(f);
        if let Pass::Noisy(values) = &*self.pass() {
            self.set(values, |values| &values.noisy)?;
        }
        result
    }

    /// Runs `f` on the clean values, or with the noise of an evaluation if that is noisy now.
    fn on_tested<T>(&self, f: impl FnOnce() -> Result<T>) -> Result<T> {
        let tested = self.sites.iter().map(VarSite::tested).collect::<Result<Vec<_>>>()?;
        if tested.iter().all(Option::is_none) {
            return f();
        }
        let clean: Vec<Tensor> = self
            .sites
            .iter()
            .map(|site| site.var.as_detached_tensor().copy())
            .collect::<Result<_>>()?;
        let set = |values: &[Option<Tensor>]| {
            let noisy = self.sites.iter().zip(values);
            let mut noisy = noisy.filter_map(|(site, values)| Some((site, values.as_ref()?)));
            noisy.try_for_each(|(site, values)| site.var.set(values))
        };
        let result = set(&tested).and_then(|()| f());
        set(&clean.into_iter().map(Some).collect::<Vec<_>>())?;
        result
    }

    fn pass(&self) -> MutexGuard<'_, Pass> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the noisy variables, each with its values.
    fn noisy<'a>(
        &'a self,
        values: &'a [Option<Values>],
    ) -> impl Iterator<Item = (&'a VarSite, &'a Values)> {
        self.sites.iter().zip(values).filter_map(|(site, values)| Some((site, values.as_ref()?)))
    }

    fn set(&self, values: &[Option<Values>], which: fn(&Values) -> &Tensor) -> Result<()> {
        self.noisy(values).try_for_each(|(site, values)| site.var.set(which(values)))
    }

    fn clean(&self, values: &[Option<Values>]) -> Result<()> {
        self.set(values, |values| &values.clean)
    }

    /// Checks that nothing has set a variable since the pass. This copies it to the host, so all steps
    /// but the first do without.
    fn check_unchanged(&self, values: &[Option<Values>]) -> Result<()> {
        for (site, values) in self.noisy(values) {
            if !values.are_those_of(site)? {
                bail!(
                    "WeightNoise: expected a step of the optimizer that `WeightNoise::optimizer` \
                     makes, received another change of the variable {:?} after a training pass. Of \
                     two WeightNoise on one VarMap the model of one stands outside, and the \
                     optimizer of the other",
                    site.name
                )
            }
        }
        Ok(())
    }

    fn check_grads(&self, values: &[Option<Values>], grads: &GradStore) -> Result<()> {
        let vars: Vec<_> =
            self.noisy(values).map(|(site, _)| (site.name.as_str(), &site.var)).collect();
        if vars.iter().any(|(_, var)| grads.get(var).is_none()) {
            bail!(
                "WeightNoise: {}\nStatistics that a layer writes take no noise if they are called \
                 running_mean or running_var",
                describe_missing(grads, &vars)
            )
        }
        Ok(())
    }
}

impl Pass {
    fn is_noisy(&self) -> bool {
        matches!(self, Self::Noisy(values) if is_noisy(values))
    }
}

fn is_noisy(values: &[Option<Values>]) -> bool {
    values.iter().any(Option::is_some)
}

impl Values {
    /// Returns whether a variable has the noisy values or, after a failure, still the clean ones.
    fn are_those_of(&self, site: &VarSite) -> Result<bool> {
        let found = bits(&site.var.as_detached_tensor())?;
        Ok(found == bits(&self.noisy)? || found == bits(&self.clean)?)
    }
}

/// Returns the bits of the values, by which NaN equals itself.
fn bits(tensor: &Tensor) -> Result<Vec<u64>> {
    let values = tensor.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?;
    Ok(values.to_vec1::<f64>()?.into_iter().map(f64::to_bits).collect())
}

impl Drop for Passes {
    /// Restores the clean weights after a loop that ended between a pass and its step. Weights that
    /// were loaded since stay.
    fn drop(&mut self) {
        // A device failure cannot be reported here.
        let _ = self.clean_own();
    }
}

//! A noise site for each variable, at its name.

use std::sync::Arc;

use candle_core::{Result, Tensor, Var};

use super::kinds::Gaussian;
use super::perturb::perturb;
use super::schedule::Schedule;
use super::site::{NoiseBuilder, Site};
use super::strength::Strength;
use crate::nn::check_vars;
use crate::ops::{NoiseDraw, add_noise};
use crate::rng::Address;

/// Floating-point variables, each with the site of its noise.
#[derive(Debug)]
pub(crate) struct VarSites(Vec<VarSite>);

/// A variable and the site of its noise.
#[derive(Debug)]
pub(crate) struct VarSite {
    pub name: String,
    pub var: Var,
    site: Arc<Site>,
}

impl VarSites {
    /// Creates sites at `nb.pp(name)`. In a replicated map the variables begin with the replica
    /// axis.
    ///
    /// # Errors
    /// If there is no variable or one of them twice, a strength is out of range or a path is taken.
    pub(crate) fn new(
        vars: impl IntoIterator<Item = (String, Var)>,
        strength: Strength,
        strengths: &[f64],
        nb: &NoiseBuilder,
    ) -> Result<Self> {
        let vars = vars.into_iter().filter(|(_, var)| var.dtype().is_float());
        let vars: Vec<(String, Var)> = vars.collect();
        check_vars("noise on variables", &vars)?;
        let site = |(name, var)| {
            let site = nb.pp(&name).site(strength, strengths)?;
            Ok(VarSite { name, var, site })
        };
        vars.into_iter().map(site).collect::<Result<_>>().map(Self)
    }

    /// Lets the strengths of all sites follow a schedule.
    pub(crate) fn set_schedule(&self, schedule: &Schedule) -> Result<()> {
        self.0.iter().try_for_each(|own| own.site.set_schedule(schedule.clone()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &VarSite> {
        self.0.iter()
    }
}

impl VarSite {
    /// Takes a step of the site and returns `xs`, which has the variable's shape, with Gaussian
    /// noise. `spread` gives the stddev of a draw. Returns `None` if there is no noise.
    pub(crate) fn noisy(
        &self,
        xs: &Tensor,
        spread: impl Fn(&NoiseDraw) -> f64,
    ) -> Result<Option<Tensor>> {
        let Some(draws) = self.site.next_draws()? else { return Ok(None) };
        let spread = |draw: &NoiseDraw| NoiseDraw { strength: spread(draw), ..*draw };
        add_noise(xs, &draws.iter().map(spread).collect::<Vec<_>>(), self.site.axis()).map(Some)
    }

    /// Returns the variable with the noise of an evaluation, if that is noisy now.
    pub(crate) fn tested(&self) -> Result<Option<Tensor>> {
        let Some((draws, test)) = self.site.test_draws(false) else { return Ok(None) };
        let xs = self.var.as_detached_tensor();
        let rows = test.rows_of_variable()?;
        let ys = perturb(&xs, &Gaussian, &draws, self.site.axis(), &[], None, rows)?;
        self.site.probe(&test, &xs, &ys)?;
        Ok(Some(ys))
    }

    /// Takes a step of the site and returns `xs` with the noise of the next step and without that of this
    /// one. Returns `None` if there is no noise.
    pub(crate) fn anticorrelated(
        &self,
        xs: &Tensor,
        spread: impl Fn(&NoiseDraw) -> f64,
    ) -> Result<Option<Tensor>> {
        let Some(draws) = self.site.next_draws()? else { return Ok(None) };
        let noise = |ahead: u32, sign: f64| -> Vec<NoiseDraw> {
            let at = |draw: &NoiseDraw| {
                let step = draw.address.step.wrapping_add(ahead);
                let draw = NoiseDraw { address: Address { step, ..draw.address }, ..*draw };
                NoiseDraw { strength: sign * spread(&draw), ..draw }
            };
            draws.iter().map(at).collect()
        };
        let axis = self.site.axis();
        add_noise(&add_noise(xs, &noise(1, 1.), axis)?, &noise(0, -1.), axis).map(Some)
    }
}

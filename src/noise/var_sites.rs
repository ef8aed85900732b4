//! A noise site for each variable, at its name.

use std::sync::Arc;

use candle_core::{Result, Tensor, Var};

use super::site::{NoiseBuilder, Site};
use super::strength::Strength;
use crate::nn::check_vars;
use crate::ops::{NoiseDraw, add_noise};

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
        let Some(mut draws) = self.site.next_draws()? else { return Ok(None) };
        for draw in &mut draws {
            draw.strength = spread(draw);
        }
        add_noise(xs, &draws, self.site.axis()).map(Some)
    }
}

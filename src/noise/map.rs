//! A [`NoiseMap`] is to noise what a `VarMap` is to weights: it owns every noise site of a model.
//!
//! A site has a path (`"hidden.0"`), which with the seed determines its draws, a strength and a
//! counter of training calls, the step. Adding a site moves no other site's draws.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use candle_core::{Device, Result, Tensor, bail};

use super::site::{NoiseBuilder, Site, State};

/// The noise sites of one model. Clones share the sites.
#[derive(Clone, Debug)]
pub struct NoiseMap(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seeds: Vec<u64>,
    replica_axis: bool,
    enabled: AtomicBool,
    /// Weak, so that a layer taken out of its model frees its path.
    sites: Mutex<BTreeMap<String, Weak<Site>>>,
}

impl NoiseMap {
    /// A map for a plain Candle model, whose noise layers take tensors of any rank.
    pub fn new(seed: u64) -> Self {
        Self::with_seeds(vec![seed], false)
    }

    /// A map for a model of `seeds.len()` replicas: tensors begin with the replica axis, and
    /// replica r draws what a model of its own with seed `seeds[r]` would draw.
    pub fn replicated(seeds: &[u64]) -> Self {
        Self::with_seeds(seeds.to_vec(), true)
    }

    fn with_seeds(seeds: Vec<u64>, replica_axis: bool) -> Self {
        let enabled = AtomicBool::new(true);
        Self(Arc::new(Inner { seeds, replica_axis, enabled, sites: Mutex::default() }))
    }

    /// The builder at the root of the paths.
    pub fn builder(&self) -> NoiseBuilder {
        NoiseBuilder::new(self.clone())
    }

    /// Number of replicas.
    pub fn replicas(&self) -> usize {
        self.0.seeds.len()
    }

    /// Switches all noise on or off. While it is off every layer is the identity and no step is
    /// used.
    pub fn set_enabled(&self, enabled: bool) {
        self.0.enabled.store(enabled, Ordering::Relaxed);
    }

    /// The strength of each replica at each site, sorted by path: what the site's layer was made
    /// with, a standard deviation for `GaussianNoise`, a rate for `Dropout`.
    pub fn strengths(&self) -> BTreeMap<String, Vec<f64>> {
        self.collect(|state| state.strengths.clone())
    }

    /// Sets the strength of each replica at one site, from its next call on.
    ///
    /// # Errors
    /// When there is no such site, the number of replicas differs, or a strength is outside the
    /// range of the site's layer; nothing is changed then.
    pub fn set_strengths(&self, path: &str, strengths: &[f64]) -> Result<()> {
        self.site(path)?.set_strengths(strengths)
    }

    /// The number of noisy calls so far of each replica at each site, sorted by path.
    pub fn steps(&self) -> BTreeMap<String, Vec<u32>> {
        self.collect(|state| state.steps.clone())
    }

    /// Continues from saved steps: the next draw of each site is the one it would have been.
    ///
    /// # Errors
    /// When the paths are not exactly those of the map or a number of replicas differs; nothing is
    /// changed then.
    pub fn set_steps(&self, steps: &BTreeMap<String, Vec<u32>>) -> Result<()> {
        self.check_steps(steps)?;
        for (path, steps) in steps {
            self.site(path)?.state().steps = steps.clone();
        }
        Ok(())
    }

    fn check_steps(&self, steps: &BTreeMap<String, Vec<u32>>) -> Result<()> {
        let (paths, saved): (Vec<_>, Vec<_>) =
            (self.steps().into_keys().collect(), steps.keys().cloned().collect());
        if paths != saved {
            bail!("expected the steps of the noise sites {paths:?}, received those of {saved:?}")
        }
        if let Some((path, steps)) = steps.iter().find(|(_, s)| s.len() != self.replicas()) {
            bail!("noise site {path}: expected {} steps, received {}", self.replicas(), steps.len())
        }
        Ok(())
    }

    /// Continues from saved steps and strengths: the next draw of each site is the one it would have been,
    /// also under a schedule.
    ///
    /// # Errors
    /// As [`NoiseMap::set_steps`] and [`NoiseMap::set_strengths`]; nothing is changed then.
    pub fn set_state(
        &self,
        steps: &BTreeMap<String, Vec<u32>>,
        strengths: &BTreeMap<String, Vec<f64>>,
    ) -> Result<()> {
        self.check_steps(steps)?;
        for (path, strengths) in strengths {
            self.site(path)?.check_strengths(strengths)?;
        }
        self.set_steps(steps)?;
        strengths.iter().try_for_each(|(path, strengths)| self.set_strengths(path, strengths))
    }

    /// Writes seeds, steps and strengths as a safetensors file: for each site a u32 tensor (R,) of steps and,
    /// as `@strengths.PATH`, an f64 tensor (R,); and the seeds (R, 2), low half first, as `@seeds`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save<P: AsRef<Path>>(&self, file: P) -> Result<()> {
        let tensor = |steps: Vec<u32>| Tensor::new(steps, &Device::Cpu);
        let steps = self.steps().into_iter().map(|(path, steps)| Ok((path, tensor(steps)?)));
        let mut tensors: HashMap<String, Tensor> = steps.collect::<Result<_>>()?;
        for (path, strengths) in self.strengths() {
            let name = format!("{}{path}", Self::STRENGTHS);
            tensors.insert(name, Tensor::new(strengths, &Device::Cpu)?);
        }
        tensors.insert(Self::SEEDS.to_string(), Tensor::new(self.seed_halves(), &Device::Cpu)?);
        candle_core::safetensors::save(&tensors, file)
    }

    /// Continues from the steps and strengths of a file written by [`NoiseMap::save`]. A file of an earlier
    /// version has no strengths: they stay as they are.
    ///
    /// # Errors
    /// If the file cannot be read or was written under other seeds, or as
    /// [`NoiseMap::set_state`].
    pub fn load<P: AsRef<Path>>(&self, file: P) -> Result<()> {
        let mut tensors = candle_core::safetensors::load(file, &Device::Cpu)?;
        let seeds = tensors.remove(Self::SEEDS).map(|seeds| seeds.to_vec2::<u32>()).transpose()?;
        if seeds != Some(self.seed_halves()) {
            bail!(
                "expected the steps of a noise map with the seeds {:?}, received those of others",
                self.0.seeds
            )
        }
        let (mut steps, mut strengths) = (BTreeMap::new(), BTreeMap::new());
        for (name, tensor) in tensors {
            match name.strip_prefix(Self::STRENGTHS) {
                Some(path) => drop(strengths.insert(path.to_string(), tensor.to_vec1()?)),
                None => drop(steps.insert(name, tensor.to_vec1()?)),
            }
        }
        self.set_state(&steps, &strengths)
    }

    const SEEDS: &str = "@seeds";
    const STRENGTHS: &str = "@strengths.";

    /// Whether a path would be taken for something else in a file.
    pub(super) fn is_reserved(path: &str) -> bool {
        path == Self::SEEDS || path.starts_with(Self::STRENGTHS)
    }

    pub(super) fn seeds(&self) -> &[u64] {
        &self.0.seeds
    }

    /// Whether tensors begin with the replica axis.
    pub(super) fn replica_axis(&self) -> bool {
        self.0.replica_axis
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.0.enabled.load(Ordering::Relaxed)
    }

    fn seed_halves(&self) -> Vec<Vec<u32>> {
        self.0.seeds.iter().map(|&seed| vec![seed as u32, (seed >> 32) as u32]).collect()
    }

    pub(super) fn sites(&self) -> MutexGuard<'_, BTreeMap<String, Weak<Site>>> {
        self.0.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn site(&self, path: &str) -> Result<Arc<Site>> {
        // Bound first: the guard must be gone when the error lists the paths.
        let site = self.sites().get(path).and_then(Weak::upgrade);
        match site {
            Some(site) => Ok(site),
            None => bail!("no noise site {path:?}; there are {:?}", self.steps().into_keys()),
        }
    }

    fn collect<T>(&self, f: impl Fn(&State) -> T) -> BTreeMap<String, T> {
        let sites = self.sites();
        let live = sites.iter().filter_map(|(path, site)| Some((path, site.upgrade()?)));
        live.map(|(path, site)| (path.clone(), f(&site.state()))).collect()
    }
}

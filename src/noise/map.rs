//! A [`NoiseMap`] owns every noise site of a model, as a `VarMap` owns its weights.
//!
//! A site has a path (`"hidden.0"`), a strength and a counter of training calls, the step. The path
//! and the seed determine its draws. Adding a site does not change the draws of other sites.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use candle_core::{Device, Result, Tensor, bail};

use super::site::{NoiseBuilder, Site, State};
use crate::ops::{Axis, read_tensors};

/// The noise sites of one model. Clones share the sites.
#[derive(Clone, Debug)]
pub struct NoiseMap(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seeds: Vec<u64>,
    axis: Axis,
    enabled: AtomicBool,
    /// Weak references, so that a layer removed from its model frees its path.
    sites: Mutex<BTreeMap<String, Weak<Site>>>,
}

impl NoiseMap {
    /// Creates a map for a plain Candle model with noise layers that take tensors of any rank.
    pub fn new(seed: u64) -> Self {
        Self::with_seeds(vec![seed], Axis::Plain)
    }

    /// Creates a map for a model of `seeds.len()` replicas. Tensors begin with the replica axis,
    /// and replica r has the draws of a model of its own with seed `seeds[r]`.
    pub fn replicated(seeds: &[u64]) -> Self {
        Self::with_seeds(seeds.to_vec(), Axis::Replicas)
    }

    fn with_seeds(seeds: Vec<u64>, axis: Axis) -> Self {
        let enabled = AtomicBool::new(true);
        Self(Arc::new(Inner { seeds, axis, enabled, sites: Mutex::default() }))
    }

    /// Returns the builder at the root of the paths.
    pub fn builder(&self) -> NoiseBuilder {
        NoiseBuilder::new(self.clone())
    }

    /// Returns the number of replicas.
    pub fn replicas(&self) -> usize {
        self.0.seeds.len()
    }

    /// Switches all noise off: every layer is the identity and uses no step.
    pub fn disable(&self) {
        self.0.enabled.store(false, Ordering::Relaxed);
    }

    /// Switches the noise on again.
    pub fn enable(&self) {
        self.0.enabled.store(true, Ordering::Relaxed);
    }

    /// Returns the strength of each replica at each site, sorted by path. It is the parameter of
    /// the site's layer: a standard deviation for `GaussianNoise`, a rate for `Dropout`.
    pub fn strengths(&self) -> BTreeMap<String, Vec<f64>> {
        self.collect(|state| state.strengths.clone())
    }

    /// Sets the strength of each replica at one site, starting with its next call.
    ///
    /// # Errors
    /// If there is no such site, the number of replicas differs, or a strength is outside the range
    /// of the site's layer. Nothing is changed then.
    pub fn set_strengths(&self, path: &str, strengths: &[f64]) -> Result<()> {
        self.site(path)?.set_strengths(strengths)
    }

    /// Returns the number of noisy calls so far of each replica at each site, sorted by path.
    pub fn steps(&self) -> BTreeMap<String, Vec<u32>> {
        self.collect(|state| state.steps.clone())
    }

    /// Continues from saved steps: the next draw of each site is the one it would have been.
    ///
    /// # Errors
    /// If the paths are not exactly those of the map or a number of replicas differs. Nothing is
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

    /// Continues from saved steps and strengths: the next draw of each site is the one it would
    /// have been, even with a schedule.
    ///
    /// # Errors
    /// If [`NoiseMap::set_steps`] or [`NoiseMap::set_strengths`] would fail. Nothing is changed
    /// then.
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

    /// Writes seeds, steps and strengths as a safetensors file. Each site has a u32 tensor (R,) of
    /// steps under its path, and an f64 tensor (R,) of strengths as `@strengths.PATH`. The seeds
    /// are `@seeds` (R, 2), low half first.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save<P: AsRef<Path>>(&self, file: P) -> Result<()> {
        candle_core::safetensors::save(&self.tensors()?, file)
    }

    /// Returns the content of a file.
    pub(crate) fn tensors(&self) -> Result<HashMap<String, Tensor>> {
        let tensor = |steps: Vec<u32>| Tensor::new(steps, &Device::Cpu);
        let steps = self.steps().into_iter().map(|(path, steps)| Ok((path, tensor(steps)?)));
        let mut tensors: HashMap<String, Tensor> = steps.collect::<Result<_>>()?;
        for (path, strengths) in self.strengths() {
            let name = format!("{}{path}", Self::STRENGTHS);
            tensors.insert(name, Tensor::new(strengths, &Device::Cpu)?);
        }
        tensors.insert(Self::SEEDS.to_string(), Tensor::new(self.seed_halves(), &Device::Cpu)?);
        Ok(tensors)
    }

    /// Continues from the steps and strengths of a file written by [`NoiseMap::save`]. A file of an
    /// earlier version has no strengths; they then stay as they are. Memory is proportional to the
    /// length of the file.
    ///
    /// # Errors
    /// If the file cannot be read or was written with other seeds, or [`NoiseMap::set_state`]
    /// fails.
    pub fn load<P: AsRef<Path>>(&self, file: P) -> Result<()> {
        self.set_tensors(read_tensors(&fs::read(file)?)?)
    }

    /// Continues from the content of a file.
    pub(crate) fn set_tensors(&self, mut tensors: HashMap<String, Tensor>) -> Result<()> {
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

    /// Returns whether a path would be mistaken for another entry of a file.
    pub(super) fn is_reserved(path: &str) -> bool {
        path == Self::SEEDS || path.starts_with(Self::STRENGTHS)
    }

    pub(super) fn seeds(&self) -> &[u64] {
        &self.0.seeds
    }

    /// Returns whether tensors begin with the replica axis.
    pub(super) fn axis(&self) -> Axis {
        self.0.axis
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
        // Bound first, because the guard must be released before the error lists the paths.
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

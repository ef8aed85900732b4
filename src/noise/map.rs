//! A [`NoiseMap`] owns every noise site of a model, as a `VarMap` owns its weights.
//!
//! A site has a path (`"hidden.0"`), a strength and a counter of training calls, the step. The path
//! and the seed determine its draws. Adding a site does not change the draws of other sites.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{Result, bail};

use super::schedule::Schedule;
use super::site::{NoiseBuilder, Registered, Site, State};
use super::testing::TestDraw;
use crate::ops::Axis;

/// The noise sites of one model. Clones share the sites.
///
/// A site ends with its layer. The map remembers the steps of a path whose layer is gone, because a
/// new layer there would draw the same noise again from step 0: creating one is an error. Insert the
/// old layer again, let the new one continue ([`NoiseBuilder::continued`]), or start over with a new
/// map.
#[derive(Clone, Debug)]
pub struct NoiseMap(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seeds: Vec<u64>,
    axis: Axis,
    enabled: AtomicBool,
    /// The draws that evaluation takes, if it is noisy.
    testing: Mutex<Option<TestDraw>>,
    sites: Mutex<BTreeMap<String, Registered>>,
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
        let (testing, sites) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { seeds, axis, enabled, testing, sites }))
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

    /// Returns the strength of each replica that acts at each site, sorted by path: if it is learned, what
    /// training has made of it, a mean over its channels.
    pub(crate) fn acting_strengths(&self) -> Result<Vec<(String, Vec<f64>)>> {
        let of = |site: &Arc<Site>| Ok((site.path().to_string(), site.acting_strengths()?));
        self.live().iter().map(of).collect()
    }

    /// Sets the strength of each replica at one site, starting with its next call.
    ///
    /// # Errors
    /// If there is no such site, the number of replicas differs, or a strength is outside the range
    /// of the site's layer. Nothing is changed then.
    pub fn set_strengths(&self, path: &str, strengths: &[f64]) -> Result<()> {
        self.site(path)?.set_strengths(strengths)
    }

    /// Sets one strength for all replicas at all sites, starting with their next calls.
    ///
    /// # Errors
    /// If the strength is outside the range of a site's layer. Nothing is changed then.
    pub fn set_all_strengths(&self, strength: f64) -> Result<()> {
        let strengths = vec![strength; self.replicas()];
        let sites = self.live();
        sites.iter().try_for_each(|site| site.check_strengths(&strengths))?;
        sites.iter().try_for_each(|site| site.set_strengths(&strengths))
    }

    /// Lets the strengths of a site, which are those of the first epoch, follow a schedule. Each call is
    /// then a step, also at strength 0.
    ///
    /// # Errors
    /// If there is no such site, or its strengths have no such schedule.
    pub fn set_schedule(&self, path: &str, schedule: Schedule) -> Result<()> {
        self.site(path)?.set_schedule(schedule)
    }

    /// Sets the strengths that the schedules have in an epoch, counted from 1, of all epochs. A
    /// [`Trainer`](crate::train::Trainer) calls it before each epoch.
    ///
    /// # Errors
    /// If a schedule gives a strength outside the range of its layer.
    pub fn begin_epoch(&self, epoch: usize, epochs: usize) -> Result<()> {
        self.live().iter().try_for_each(|site| site.begin_epoch(epoch, epochs))
    }

    /// Checks that the strengths saved after an epoch, counted from 1, are those that the schedules have
    /// there.
    pub(crate) fn check_epoch(
        &self,
        epoch: usize,
        epochs: usize,
        saved: &BTreeMap<String, Vec<f64>>,
    ) -> Result<()> {
        let expected = |state: &State| {
            let (first, schedule) = state.scheduled.as_ref()?;
            let at = |first: &f64| schedule.at(*first, epoch, epochs);
            Some(first.iter().map(at).collect::<Vec<f64>>())
        };
        for (path, expected) in self.collect(expected) {
            let (Some(expected), Some(saved)) = (expected, saved.get(&path)) else { continue };
            if *saved != expected {
                bail!(
                    "noise site {path}: expected the strengths {expected:?} of its schedule in epoch {epoch} \
                     of {epochs}, received {saved:?} of another schedule, or of another number of epochs"
                )
            }
        }
        Ok(())
    }

    /// Returns the draws that evaluation takes.
    pub(super) fn testing(&self) -> MutexGuard<'_, Option<TestDraw>> {
        self.0.testing.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.check_replicas(steps)
    }

    /// Checks that each path has the steps of every replica.
    pub(super) fn check_replicas(&self, steps: &BTreeMap<String, Vec<u32>>) -> Result<()> {
        match steps.iter().find(|(_, steps)| steps.len() != self.replicas()) {
            None => Ok(()),
            Some((path, steps)) => bail!(
                "noise site {path}: expected {} steps, received {}",
                self.replicas(),
                steps.len()
            ),
        }
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

    pub(super) fn seeds(&self) -> &[u64] {
        &self.0.seeds
    }

    /// Returns whether tensors begin with the replica axis.
    pub(crate) fn axis(&self) -> Axis {
        self.0.axis
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.0.enabled.load(Ordering::Relaxed)
    }

    /// Returns the steps of each path whose layer is gone after drawing noise, sorted by path.
    pub(super) fn gone(&self) -> BTreeMap<String, Vec<u32>> {
        let sites = self.sites();
        let gone = sites.iter().filter(|(_, own)| !own.is_live() && own.last_step() > 0);
        gone.map(|(path, own)| (path.clone(), own.state().steps.clone())).collect()
    }

    /// Replaces the steps of the paths whose layers are gone.
    pub(super) fn set_gone(&self, gone: BTreeMap<String, Vec<u32>>) {
        let mut sites = self.sites();
        sites.retain(|_, own| own.is_live());
        for (path, steps) in gone {
            sites.entry(path).or_insert_with(|| Registered::gone(steps));
        }
    }

    pub(super) fn sites(&self) -> MutexGuard<'_, BTreeMap<String, Registered>> {
        self.0.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn site(&self, path: &str) -> Result<Arc<Site>> {
        // Bound first, because the guard must be released before the error lists the paths.
        let site = self.sites().get(path).and_then(Registered::site);
        match site {
            Some(site) => Ok(site),
            None => bail!("no noise site {path:?}; there are {:?}", self.steps().into_keys()),
        }
    }

    /// Returns the sites whose layers live, sorted by path.
    fn live(&self) -> Vec<Arc<Site>> {
        self.sites().values().filter_map(Registered::site).collect()
    }

    fn collect<T>(&self, f: impl Fn(&State) -> T) -> BTreeMap<String, T> {
        let sites = self.sites();
        let live = sites.iter().filter(|(_, own)| own.is_live());
        live.map(|(path, own)| (path.clone(), f(&own.state()))).collect()
    }
}

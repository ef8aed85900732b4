//! A [`NoiseMap`] is to noise what a `VarMap` is to weights: it owns every noise site of a model.
//!
//! A site has a path (`"hidden.0"`), which with the seed determines its draws, a spread and a
//! counter of training calls, the step. Adding a site moves no other site's draws.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use candle_core::{Device, Result, Tensor, bail};

use crate::ops::NoiseDraw;
use crate::rng::{Address, Key, Stream};

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
        NoiseBuilder { map: self.clone(), path: String::new() }
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

    /// The spread of each replica at each site, sorted by path.
    pub fn stddevs(&self) -> BTreeMap<String, Vec<f64>> {
        self.collect(|state| state.stddevs.clone())
    }

    /// Sets the spread of each replica at one site, from its next call on.
    ///
    /// # Errors
    /// When there is no such site, the number of replicas differs, or a spread is negative or not
    /// finite.
    pub fn set_stddevs(&self, path: &str, stddevs: &[f64]) -> Result<()> {
        check_stddevs(stddevs, self.replicas())?;
        self.site(path)?.state().stddevs = stddevs.to_vec();
        Ok(())
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
        let (paths, saved): (Vec<_>, Vec<_>) =
            (self.steps().into_keys().collect(), steps.keys().cloned().collect());
        if paths != saved {
            bail!("expected the steps of the noise sites {paths:?}, received those of {saved:?}")
        }
        if let Some((path, steps)) = steps.iter().find(|(_, s)| s.len() != self.replicas()) {
            bail!("noise site {path}: expected {} steps, received {}", self.replicas(), steps.len())
        }
        for (path, steps) in steps {
            self.site(path)?.state().steps = steps.clone();
        }
        Ok(())
    }

    /// Writes seeds and steps as a safetensors file: a u32 tensor (R,) of steps for each site and
    /// the seeds (R, 2), low half first, as `@seeds`. Spreads belong to the model, not to its
    /// progress, and are not written.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save<P: AsRef<Path>>(&self, file: P) -> Result<()> {
        let tensor = |steps: Vec<u32>| Tensor::new(steps, &Device::Cpu);
        let steps = self.steps().into_iter().map(|(path, steps)| Ok((path, tensor(steps)?)));
        let mut tensors: HashMap<String, Tensor> = steps.collect::<Result<_>>()?;
        tensors.insert(Self::SEEDS.to_string(), Tensor::new(self.seed_halves(), &Device::Cpu)?);
        candle_core::safetensors::save(&tensors, file)
    }

    /// Continues from the steps of a file written by [`NoiseMap::save`].
    ///
    /// # Errors
    /// When the file cannot be read or was written under other seeds, or as
    /// [`NoiseMap::set_steps`].
    pub fn load<P: AsRef<Path>>(&self, file: P) -> Result<()> {
        let mut tensors = candle_core::safetensors::load(file, &Device::Cpu)?;
        let seeds = tensors.remove(Self::SEEDS).map(|seeds| seeds.to_vec2::<u32>()).transpose()?;
        if seeds != Some(self.seed_halves()) {
            bail!(
                "expected the steps of a noise map with the seeds {:?}, received those of others",
                self.0.seeds
            )
        }
        let steps = tensors.into_iter().map(|(path, steps)| Ok((path, steps.to_vec1::<u32>()?)));
        self.set_steps(&steps.collect::<Result<_>>()?)
    }

    const SEEDS: &str = "@seeds";

    fn seed_halves(&self) -> Vec<Vec<u32>> {
        self.0.seeds.iter().map(|&seed| vec![seed as u32, (seed >> 32) as u32]).collect()
    }

    fn sites(&self) -> MutexGuard<'_, BTreeMap<String, Weak<Site>>> {
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

/// Where in a [`NoiseMap`] the next layer puts its site: `nb.pp("hidden").pp(0)`.
#[derive(Clone, Debug)]
pub struct NoiseBuilder {
    map: NoiseMap,
    path: String,
}

impl NoiseBuilder {
    /// The builder one name deeper.
    pub fn pp<S: ToString>(&self, name: S) -> Self {
        let name = name.to_string();
        let path = if self.path.is_empty() { name } else { format!("{}.{name}", self.path) };
        Self { map: self.map.clone(), path }
    }

    /// Number of replicas of the map.
    pub fn replicas(&self) -> usize {
        self.map.replicas()
    }

    /// Registers the site of a layer at this path.
    pub(super) fn site(&self, stddevs: &[f64]) -> Result<Arc<Site>> {
        check_stddevs(stddevs, self.replicas())?;
        let path = &self.path;
        if path.is_empty() || path == NoiseMap::SEEDS {
            bail!(
                "a noise layer needs a path, as in noisemap.builder().pp(\"hidden\"); \
                 received {path:?}"
            )
        }
        let mut sites = self.map.sites();
        if sites.get(path).and_then(Weak::upgrade).is_some() {
            bail!("two noise layers with the path {path:?}: they would draw the same noise")
        }
        let site = Arc::new(Site {
            map: self.map.clone(),
            path: path.clone(),
            keys: self.map.0.seeds.iter().map(|&seed| Key::new(seed, path)).collect(),
            state: Mutex::new(State { stddevs: stddevs.to_vec(), steps: vec![0; stddevs.len()] }),
        });
        sites.insert(path.clone(), Arc::downgrade(&site));
        Ok(site)
    }
}

/// One place in a model where noise is drawn.
#[derive(Debug)]
pub(super) struct Site {
    map: NoiseMap,
    path: String,
    keys: Vec<Key>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    stddevs: Vec<f64>,
    steps: Vec<u32>,
}

impl Site {
    pub(super) fn replica_axis(&self) -> bool {
        self.map.0.replica_axis
    }

    /// Takes one step: the draws of this training call, or `None` where there is no noise and no
    /// step is used.
    pub(super) fn next_draws(&self) -> Result<Option<Vec<NoiseDraw>>> {
        let mut state = self.state();
        if !self.map.0.enabled.load(Ordering::Relaxed) || state.stddevs.iter().all(|&s| s == 0.) {
            return Ok(None);
        }
        let State { stddevs, steps } = &mut *state;
        let replicas = self.keys.iter().zip(stddevs).zip(steps);
        let draw = |((&key, stddev), step): ((&Key, &mut f64), &mut u32)| {
            let draw = NoiseDraw {
                address: Address { key, stream: Stream::Noise, step: *step },
                stddev: *stddev,
            };
            if *stddev > 0. {
                let Some(next) = step.checked_add(1) else {
                    bail!("noise site {}: all 2^32 - 1 steps are used", self.path)
                };
                *step = next;
            }
            Ok(draw)
        };
        replicas.map(draw).collect::<Result<_>>().map(Some)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_stddevs(stddevs: &[f64], replicas: usize) -> Result<()> {
    if stddevs.len() != replicas {
        bail!("expected a stddev for each of {replicas} replicas, received {}", stddevs.len())
    }
    match stddevs.iter().find(|s| !(0.0..f64::INFINITY).contains(*s)) {
        Some(stddev) => bail!("stddev must be finite and at least 0, received {stddev}"),
        None => Ok(()),
    }
}

//! A site: one place in a model where noise is drawn, and the builder that registers it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use candle_core::{Result, bail};

use super::map::NoiseMap;
use super::strength::Strength;
use crate::ops::{Axis, NoiseDraw};
use crate::rng::{Address, Key, Stream};

/// The place in a [`NoiseMap`] for the site of the next layer: `nb.pp("hidden").pp(0)`.
///
/// A path belongs to one layer. It is taken while that layer lives, and, if the layer has drawn
/// noise, also when it is gone.
#[derive(Clone, Debug)]
pub struct NoiseBuilder {
    map: NoiseMap,
    path: String,
    continues: bool,
}

impl NoiseBuilder {
    pub(super) fn new(map: NoiseMap) -> Self {
        Self { map, path: String::new(), continues: false }
    }

    /// Returns the builder one name deeper.
    pub fn pp<S: ToString>(&self, name: S) -> Self {
        let name = name.to_string();
        let path = if self.path.is_empty() { name } else { format!("{}.{name}", self.path) };
        Self { path, ..self.clone() }
    }

    /// Returns a builder, at the same path, for layers that continue the draws of layers that are
    /// gone, here and deeper: their first step is the one that the old layer would have taken. Where
    /// there was no layer a new one begins with step 0.
    ///
    /// It is for a model that is built again around the same map. To start over, build it around a
    /// new [`NoiseMap`].
    ///
    /// ```
    /// use candle_core::{DType, Device, Result, Tensor};
    /// use candle_nn::ModuleT;
    /// use candle_noise::{GaussianNoise, NoiseMap};
    ///
    /// # fn main() -> Result<()> {
    /// let xs = Tensor::zeros((4, 8), DType::F32, &Device::Cpu)?;
    /// let map = NoiseMap::new(42);
    /// let nb = map.builder();
    /// let noise = GaussianNoise::new(0.1, nb.pp("hidden"))?;
    /// noise.forward_t(&xs, true)?;
    /// drop(noise);
    ///
    /// let error = GaussianNoise::new(0.1, nb.pp("hidden")).unwrap_err().to_string();
    /// assert!(error.contains("\"hidden\""), "{error}");
    /// let noise = GaussianNoise::new(0.1, nb.continued().pp("hidden"))?;
    /// noise.forward_t(&xs, true)?;
    /// assert_eq!(map.steps()["hidden"], [2]);
    /// # Ok(()) }
    /// ```
    pub fn continued(&self) -> Self {
        Self { continues: true, ..self.clone() }
    }

    /// Returns the number of replicas of the map.
    pub fn replicas(&self) -> usize {
        self.map.replicas()
    }

    /// Registers the site of a layer at this path.
    pub(super) fn site(&self, strength: Strength, strengths: &[f64]) -> Result<Arc<Site>> {
        strength.check(strengths, self.replicas())?;
        let path = &self.path;
        if path.is_empty() || NoiseMap::is_reserved(path) {
            bail!(
                "a noise layer needs a path, as in noisemap.builder().pp(\"hidden\"); \
                 received {path:?}"
            )
        }
        let mut sites = self.map.sites();
        let steps = self.first_steps(sites.get(path))?;
        let state = Arc::new(Mutex::new(State { strengths: strengths.to_vec(), steps }));
        let site = Arc::new(Site {
            map: self.map.clone(),
            path: path.clone(),
            strength,
            keys: self.map.seeds().iter().map(|&seed| Key::new(seed, path)).collect(),
            state: state.clone(),
        });
        sites.insert(path.clone(), Registered { site: Arc::downgrade(&site), state });
        Ok(site)
    }

    /// Returns the steps with which a new site begins at a path that may have had one.
    fn first_steps(&self, earlier: Option<&Registered>) -> Result<Vec<u32>> {
        let path = &self.path;
        let Some(earlier) = earlier else { return Ok(vec![0; self.replicas()]) };
        if earlier.is_live() {
            bail!("two noise layers with the path {path:?}: they would draw the same noise")
        }
        let taken = earlier.last_step();
        if taken > 0 && !self.continues {
            bail!(
                "noise path {path:?}: expected a path without draws, received that of a layer that \
                 is gone (steps: {taken}), whose draws a new layer would repeat. Insert the old \
                 layer again, continue its draws with `NoiseBuilder::continued`, or start over with \
                 a new `NoiseMap`"
            )
        }
        Ok(earlier.state().steps.clone())
    }
}

/// A path that a layer has, or had.
#[derive(Debug)]
pub(super) struct Registered {
    site: Weak<Site>,
    /// Outlives the site, so that its draws are not repeated unnoticed.
    state: Arc<Mutex<State>>,
}

impl Registered {
    /// Returns a path whose layer is gone after these steps.
    pub(super) fn gone(steps: Vec<u32>) -> Self {
        let state = State { strengths: vec![0.; steps.len()], steps };
        Self { site: Weak::new(), state: Arc::new(Mutex::new(state)) }
    }

    /// Returns the site, if the layer still lives.
    pub(super) fn site(&self) -> Option<Arc<Site>> {
        self.site.upgrade()
    }

    pub(super) fn is_live(&self) -> bool {
        self.site.strong_count() > 0
    }

    /// Returns the largest number of steps of a replica.
    pub(super) fn last_step(&self) -> u32 {
        self.state().steps.iter().copied().max().unwrap_or(0)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// One place in a model where noise is drawn.
#[derive(Debug)]
pub(crate) struct Site {
    map: NoiseMap,
    path: String,
    strength: Strength,
    keys: Vec<Key>,
    state: Arc<Mutex<State>>,
}

/// The part of a site that changes.
#[derive(Debug)]
pub(super) struct State {
    pub strengths: Vec<f64>,
    pub steps: Vec<u32>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    pub(crate) fn axis(&self) -> Axis {
        self.map.axis()
    }

    pub(super) fn check_strengths(&self, strengths: &[f64]) -> Result<()> {
        self.strength.check(strengths, self.keys.len())
    }

    pub(super) fn set_strengths(&self, strengths: &[f64]) -> Result<()> {
        self.check_strengths(strengths)?;
        self.state().strengths = strengths.to_vec();
        Ok(())
    }

    /// Takes one step: returns the draws of this training call. Returns `None` and uses no step if
    /// there is no noise.
    pub(crate) fn next_draws(&self) -> Result<Option<Vec<NoiseDraw>>> {
        let mut state = self.state();
        if !self.map.is_enabled() || state.strengths.iter().all(|&s| s == 0.) {
            return Ok(None);
        }
        let State { strengths, steps } = &mut *state;
        let replicas = self.keys.iter().zip(strengths).zip(steps);
        let draw = |((&key, strength), step): ((&Key, &mut f64), &mut u32)| {
            let draw = NoiseDraw {
                address: Address { key, stream: Stream::Noise, step: *step },
                strength: *strength,
            };
            if *strength > 0. {
                let Some(next) = step.checked_add(1) else {
                    bail!("noise site {}: all 2^32 - 1 steps are used", self.path)
                };
                *step = next;
            }
            Ok(draw)
        };
        replicas.map(draw).collect::<Result<_>>().map(Some)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

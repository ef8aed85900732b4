//! A site: one place in a model where noise is drawn, and the builder that registers it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use candle_core::{Result, bail};

use super::map::NoiseMap;
use super::strength::Strength;
use crate::ops::{Axis, NoiseDraw};
use crate::rng::{Address, Key, Stream};

/// The place in a [`NoiseMap`] for the site of the next layer: `nb.pp("hidden").pp(0)`.
#[derive(Clone, Debug)]
pub struct NoiseBuilder {
    map: NoiseMap,
    path: String,
}

impl NoiseBuilder {
    pub(super) fn new(map: NoiseMap) -> Self {
        Self { map, path: String::new() }
    }

    /// Returns the builder one name deeper.
    pub fn pp<S: ToString>(&self, name: S) -> Self {
        let name = name.to_string();
        let path = if self.path.is_empty() { name } else { format!("{}.{name}", self.path) };
        Self { map: self.map.clone(), path }
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
        if sites.get(path).and_then(Weak::upgrade).is_some() {
            bail!("two noise layers with the path {path:?}: they would draw the same noise")
        }
        let site = Arc::new(Site {
            map: self.map.clone(),
            path: path.clone(),
            strength,
            keys: self.map.seeds().iter().map(|&seed| Key::new(seed, path)).collect(),
            state: Mutex::new(State {
                strengths: strengths.to_vec(),
                steps: vec![0; strengths.len()],
            }),
        });
        sites.insert(path.clone(), Arc::downgrade(&site));
        Ok(site)
    }
}

/// One place in a model where noise is drawn.
#[derive(Debug)]
pub(crate) struct Site {
    map: NoiseMap,
    path: String,
    strength: Strength,
    keys: Vec<Key>,
    state: Mutex<State>,
}

/// The part of a site that changes.
#[derive(Debug)]
pub(super) struct State {
    pub strengths: Vec<f64>,
    pub steps: Vec<u32>,
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

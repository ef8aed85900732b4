//! A site: one place in a model where noise is drawn, and the builder that registers it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use candle_core::{Error, Result, Tensor, bail};

use super::learned::Learned;
use super::map::NoiseMap;
use super::probe::Probe;
use super::schedule::Schedule;
use super::strength::Strength;
use super::testing::TestDraw;
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
    #[must_use]
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
    #[must_use]
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
        let strengths = strengths.to_vec();
        let state = State { strengths, steps, scheduled: None, probe: None };
        let state = Arc::new(Mutex::new(state));
        let site = Arc::new(Site {
            map: self.map.clone(),
            path: path.clone(),
            strength,
            keys: self.map.seeds().iter().map(|&seed| Key::new(seed, path)).collect(),
            state: state.clone(),
            learned: OnceLock::new(),
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
        let strengths = vec![0.; steps.len()];
        let state = State { strengths, steps, scheduled: None, probe: None };
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
    /// What takes the place of the strengths, if they are learned.
    learned: OnceLock<Learned>,
}

/// The part of a site that changes.
#[derive(Debug)]
pub(super) struct State {
    pub strengths: Vec<f64>,
    pub steps: Vec<u32>,
    /// The strengths of the first epoch, and how they change.
    pub scheduled: Option<(Vec<f64>, Schedule)>,
    /// What the site has done since it is tested alone.
    pub probe: Option<Probe>,
}

impl State {
    /// Returns whether no replica has noise.
    fn is_silent(&self) -> bool {
        self.strengths.iter().all(|&strength| strength == 0.)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn axis(&self) -> Axis {
        self.map.axis()
    }

    /// Returns the strength of each replica.
    pub(super) fn strengths(&self) -> Vec<f64> {
        self.state().strengths.clone()
    }

    /// Returns the strength of each replica that acts: if it is learned, what training has made of it.
    pub(super) fn acting_strengths(&self) -> Result<Vec<f64>> {
        let set = self.strengths();
        self.learned.get().map_or(Ok(set.clone()), |learned| learned.means(&set))
    }

    /// Lets variables take the place of the strengths.
    pub(super) fn set_learned(&self, learned: Learned) {
        // A layer whose strength is learned twice keeps the first variable here.
        let _ = self.learned.set(learned);
    }

    pub(super) fn check_strengths(&self, strengths: &[f64]) -> Result<()> {
        self.strength.check(strengths, self.keys.len())
    }

    pub(super) fn set_strengths(&self, strengths: &[f64]) -> Result<()> {
        self.check_strengths(strengths)?;
        self.state().strengths = strengths.to_vec();
        Ok(())
    }

    /// Lets the strengths, which are those of the first epoch, follow a schedule.
    pub(super) fn set_schedule(&self, schedule: Schedule) -> Result<()> {
        let mut state = self.state();
        self.strength.check_scheduled()?;
        for first in &state.strengths {
            schedule.check(*first)?;
            if let Schedule::To { end, .. } = schedule {
                self.strength.check_value(end)?;
            }
        }
        state.scheduled = Some((state.strengths.clone(), schedule));
        Ok(())
    }

    /// Sets the strengths of an epoch, counted from 1, if they follow a schedule.
    pub(super) fn begin_epoch(&self, epoch: usize, epochs: usize) -> Result<()> {
        let Some((first, schedule)) = self.state().scheduled.clone() else { return Ok(()) };
        let now: Vec<f64> = first.iter().map(|own| schedule.at(*own, epoch, epochs)).collect();
        self.set_strengths(&now).map_err(|error| {
            Error::Msg(format!("noise site {}, epoch {epoch}: {error}", self.path))
        })
    }

    /// Returns whether evaluations are noisy now.
    pub(super) fn is_tested(&self) -> bool {
        self.map.test_draw().is_some()
    }

    /// Returns the draws of an evaluation, if the map or the layer asks for noise there. It uses no step.
    pub(super) fn test_draws(&self, always: bool) -> Option<(Vec<NoiseDraw>, TestDraw)> {
        let asked = self.map.test_draw();
        let test = asked.or_else(|| always.then(TestDraw::default))?;
        if test.only.as_ref().is_some_and(|only| *only != self.path) {
            return None;
        }
        let state = self.state();
        if !self.map.is_enabled() || state.is_silent() {
            return None;
        }
        let of = |(&key, &strength): (&Key, &f64)| NoiseDraw {
            address: Address { key, stream: Stream::TestNoise, step: test.draw },
            strength,
        };
        Some((self.keys.iter().zip(&state.strengths).map(of).collect(), test))
    }

    /// Remembers what the site did, if it is tested alone.
    pub(super) fn probe(&self, test: &TestDraw, xs: &Tensor, ys: &Tensor) -> Result<()> {
        if test.only.is_some() {
            let earlier = self.state().probe.unwrap_or_default();
            let probe = earlier.include(xs, ys)?;
            self.state().probe = Some(probe);
        }
        Ok(())
    }

    /// Takes one step: returns the draws of this training call. Returns `None` and uses no step if
    /// there is no noise. Under a schedule it uses a step in any case.
    pub(crate) fn next_draws(&self) -> Result<Option<Vec<NoiseDraw>>> {
        let mut state = self.state();
        if !self.uses_steps(&state) {
            return Ok(None);
        }
        let draws = (!state.is_silent()).then(|| self.draws_of(&state));
        self.use_steps(&mut state, 1)?;
        Ok(draws)
    }

    /// Returns what [`next_draws`](Self::next_draws) would, and uses no step.
    #[cfg(feature = "cuda")]
    pub(crate) fn upcoming(&self) -> Option<Vec<NoiseDraw>> {
        let state = self.state();
        (self.uses_steps(&state) && !state.is_silent()).then(|| self.draws_of(&state))
    }

    /// Uses the steps of `calls` training calls.
    #[cfg(feature = "cuda")]
    pub(crate) fn skip(&self, calls: u32) -> Result<()> {
        let mut state = self.state();
        if self.uses_steps(&state) { self.use_steps(&mut state, calls) } else { Ok(()) }
    }

    fn uses_steps(&self, state: &State) -> bool {
        self.map.is_enabled() && !(state.is_silent() && state.scheduled.is_none())
    }

    /// Returns the draws of the next training call.
    fn draws_of(&self, state: &State) -> Vec<NoiseDraw> {
        let replicas = self.keys.iter().zip(&state.strengths).zip(&state.steps);
        let draw = |((&key, &strength), &step)| NoiseDraw {
            address: Address { key, stream: Stream::Noise, step },
            strength,
        };
        replicas.map(draw).collect()
    }

    fn use_steps(&self, state: &mut State, calls: u32) -> Result<()> {
        let State { strengths, steps, scheduled, .. } = state;
        for (step, strength) in steps.iter_mut().zip(strengths) {
            if *strength > 0. || scheduled.is_some() {
                let Some(next) = step.checked_add(calls) else {
                    bail!("noise site {}: all 2^32 - 1 steps are used", self.path)
                };
                *step = next;
            }
        }
        Ok(())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

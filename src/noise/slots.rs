//! The places of a model where a description can put noise.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Result, Tensor, bail};
use candle_nn::ModuleT;

use super::any::AnyLayer;
use super::family::GaussianNoise;
use super::layer::Channels;
use super::map::NoiseMap;
use super::site::NoiseBuilder;
use super::spec::NoiseSpec;

/// The noise that a model is built with: the model says which places it has, and gets the layers there.
///
/// ```
/// use candle_core::{DType, Device, Result, Tensor};
/// use candle_nn::ModuleT;
/// use candle_noise::NoiseMap;
/// use candle_noise::nn::seq_t;
/// use candle_noise::noise::Slots;
///
/// # fn main() -> Result<()> {
/// let map = NoiseMap::new(42);
/// let slots = Slots::new(&map, &["hidden:dropout:0.5".parse()?])?;
/// let model = seq_t().add(slots.at("input")?).add(slots.at("hidden")?);
/// slots.finish()?;
/// let ys = model.forward_t(&Tensor::ones((4, 100), DType::F32, &Device::Cpu)?, true)?;
/// assert!(ys.flatten_all()?.to_vec1::<f32>()?.contains(&0.));
/// # Ok(()) }
/// ```
pub struct Slots {
    nb: NoiseBuilder,
    placed: Vec<(NoiseSpec, Vec<f64>)>,
    /// The places that the model has asked for.
    places: Mutex<Vec<String>>,
}

impl Slots {
    /// The same noise for all replicas of a map.
    ///
    /// # Errors
    /// As [`Slots::with_strengths`].
    pub fn new(map: &NoiseMap, noise: &[NoiseSpec]) -> Result<Self> {
        let each = |spec: &NoiseSpec| (spec.clone(), vec![spec.strength(); map.replicas()]);
        Self::with_strengths(map, noise.iter().map(each).collect())
    }

    /// Noise with a strength for each replica, which stands for the one of the spec.
    ///
    /// # Errors
    /// If a kind stands twice at one place.
    pub fn with_strengths(map: &NoiseMap, placed: Vec<(NoiseSpec, Vec<f64>)>) -> Result<Self> {
        for (i, (spec, _)) in placed.iter().enumerate() {
            if placed[..i].iter().any(|(other, _)| other.is_like(spec)) {
                bail!("{}: expected each kind once, received {} twice", spec.place(), spec.kind())
            }
        }
        let placed = placed.into_iter().filter(|(spec, _)| spec.has_layer()).collect();
        Ok(Self { nb: map.builder(), placed, places: Mutex::default() })
    }

    /// Number of replicas that the model has.
    pub fn replicas(&self) -> usize {
        self.nb.replicas()
    }

    /// The noise at a place, whose name is also its path in the `NoiseMap`.
    ///
    /// # Errors
    /// If a strength is out of range or the path is taken.
    pub fn at(&self, place: &str) -> Result<Slot> {
        self.at_path(place, place)
    }

    /// The noise at a place with a path of its own: a place may have several paths, such as one for each
    /// hidden layer. Gaussian noise is at the path, another kind at `PATH.KIND`.
    ///
    /// # Errors
    /// As [`Slots::at`].
    pub fn at_path(&self, place: &str, path: &str) -> Result<Slot> {
        self.slot(place, path, Channels::Last)
    }

    /// [`Slots::at_path`] for rows whose first axis counts the channels, as (C, H, W).
    ///
    /// # Errors
    /// As [`Slots::at`].
    pub fn at_path_of_channels_first(&self, place: &str, path: &str) -> Result<Slot> {
        self.slot(place, path, Channels::First)
    }

    fn slot(&self, place: &str, path: &str, channels: Channels) -> Result<Slot> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if !places.iter().any(|other| other == place) {
            places.push(place.to_string());
        }
        let nb = self.nb.pp(path);
        let own = self.placed.iter().filter(|(spec, _)| spec.place() == place);
        let layer = |(spec, strengths): &(NoiseSpec, Vec<f64>)| {
            Ok(spec.layer(strengths, nb.clone(), channels)?.map(Arc::from))
        };
        let layers: Result<Vec<Option<Arc<dyn AnyLayer>>>> = own.map(layer).collect();
        Ok(Slot(layers?.into_iter().flatten().collect()))
    }

    /// The places that the model has asked for so far, in order.
    pub fn places(&self) -> Vec<String> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Checks, after the model is built, that all noise has found its place.
    ///
    /// # Errors
    /// If the model has not asked for the place of a noise: the error lists those that it has.
    pub fn finish(&self) -> Result<()> {
        let places = self.places();
        match self.placed.iter().find(|(spec, _)| !places.iter().any(|p| p == spec.place())) {
            Some((spec, _)) => bail!(
                "the model has noise at {}, received {}",
                if places.is_empty() { "no place".to_string() } else { places.join(", ") },
                spec.place()
            ),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots").field("placed", &self.placed).finish_non_exhaustive()
    }
}

/// The noise at one place of a model: a layer that is the identity if there is none.
#[derive(Clone, Debug, Default)]
pub struct Slot(Vec<Arc<dyn AnyLayer>>);

impl Slot {
    /// Whether there is no noise.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As `forward_t`, with noise on real elements only:
    /// see [`NoiseLayer::forward_masked`](super::NoiseLayer::forward_masked).
    ///
    /// # Errors
    /// If the mask does not fit, and as `forward_t`.
    pub fn forward_masked(&self, xs: &Tensor, mask: &Tensor, train: bool) -> Result<Tensor> {
        self.0.iter().try_fold(xs.clone(), |xs, layer| layer.forward_masked(&xs, mask, train))
    }

    /// The layer of Gaussian noise, if there is no other.
    pub(crate) fn gaussian(&self) -> Option<&GaussianNoise> {
        let [layer] = &self.0[..] else { return None };
        (&**layer as &dyn std::any::Any).downcast_ref()
    }
}

impl ModuleT for Slot {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        self.0.iter().try_fold(xs.clone(), |xs, layer| layer.forward_t(&xs, train))
    }
}

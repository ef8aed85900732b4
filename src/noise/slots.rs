//! The places in a model at which a description can add noise.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Result, Tensor, bail};
use candle_nn::{ModuleT, VarBuilder};

use super::any::AnyLayer;
use super::family::GaussianNoise;
use super::layer::Channels;
use super::map::NoiseMap;
use super::placing::Placing;
use super::site::NoiseBuilder;
use super::spec::{NoiseSpec, check_name};

/// The noise of a model under construction. The model names its places and gets the layers there.
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
    /// Where the variables of learned strengths go.
    vars: Option<VarBuilder<'static>>,
    /// A place, and the standard deviations of the elements of a row there.
    stds: Option<(String, Tensor)>,
    /// A place, and the number of the column that each element of a row is of there.
    columns: Option<(String, Vec<usize>)>,
    /// The places requested by the model.
    places: Mutex<Vec<String>>,
}

impl Slots {
    /// Creates slots with the same noise for all replicas of a map.
    ///
    /// # Errors
    /// If [`Slots::with_strengths`] would fail.
    pub fn new(map: &NoiseMap, noise: &[NoiseSpec]) -> Result<Self> {
        let each = |spec: &NoiseSpec| (spec.clone(), vec![spec.strength(); map.replicas()]);
        Self::with_strengths(map, noise.iter().map(each).collect())
    }

    /// Creates slots with one strength per replica, which replaces the strength of the spec.
    ///
    /// # Errors
    /// If a kind occurs twice at one place.
    pub fn with_strengths(map: &NoiseMap, placed: Vec<(NoiseSpec, Vec<f64>)>) -> Result<Self> {
        for (i, (spec, _)) in placed.iter().enumerate() {
            if placed[..i].iter().any(|(other, _)| other.has_site_of(spec)) {
                bail!("{}: expected each kind once, received {} twice", spec.place(), spec.kind())
            }
        }
        let placed = placed.into_iter().filter(|(spec, _)| spec.has_layer()).collect();
        let (nb, places) = (map.builder(), Mutex::default());
        Ok(Self { nb, placed, vars: None, stds: None, columns: None, places })
    }

    /// Puts the variables of learned strengths into a builder, under `noise` and their paths.
    #[must_use]
    pub fn with_vars(self, vb: VarBuilder<'static>) -> Self {
        Self { vars: Some(vb.pp("noise")), ..self }
    }

    /// Lets relative noise at a place be relative to these standard deviations of the elements of a row, such as
    /// those of the columns of the training rows; see [`NoiseLayer::relative_to`](super::NoiseLayer::relative_to).
    #[must_use]
    pub fn with_stds(self, place: &str, stds: Tensor) -> Self {
        Self { stds: Some((place.to_string(), stds)), ..self }
    }

    /// Lets noise at a place that swaps values keep elements of a row together that are of one column, such as the
    /// indicators of a category; `columns` has the number of the column of each.
    #[must_use]
    pub fn with_columns(self, place: &str, columns: Vec<usize>) -> Self {
        Self { columns: Some((place.to_string(), columns)), ..self }
    }

    /// Returns slots whose layers continue the draws of the layers that an earlier model had at the
    /// same paths of the map; see [`NoiseBuilder::continued`].
    #[must_use]
    pub fn continued(self) -> Self {
        Self { nb: self.nb.continued(), ..self }
    }

    /// Returns the number of replicas of the model.
    pub fn replicas(&self) -> usize {
        self.nb.replicas()
    }

    /// Returns the noise at a place. The name of the place is also its path in the `NoiseMap`.
    ///
    /// # Errors
    /// If a strength is out of range or the path is taken.
    pub fn at(&self, place: &str) -> Result<Slot> {
        self.at_path(place, place)
    }

    /// Returns the noise at a place under its own path. A place may have several paths, such as one
    /// per hidden layer. Gaussian noise is at the path, another kind at `PATH.KIND`.
    ///
    /// # Errors
    /// If [`Slots::at`] would fail.
    pub fn at_path(&self, place: &str, path: &str) -> Result<Slot> {
        self.slot(place, path, Channels::Last)
    }

    /// Returns [`Slots::at_path`] for rows with the channels on the first axis, such as (C, H, W).
    ///
    /// # Errors
    /// If [`Slots::at`] would fail.
    pub fn at_path_of_channels_first(&self, place: &str, path: &str) -> Result<Slot> {
        self.slot(place, path, Channels::First)
    }

    fn slot(&self, place: &str, path: &str, channels: Channels) -> Result<Slot> {
        check_name("place", place)?;
        if NoiseSpec::WITHOUT_LAYER.contains(&place) {
            bail!("{place} are no place for a layer: every model has noise there")
        }
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if !places.iter().any(|other| other == place) {
            places.push(place.to_string());
        }
        let nb = self.nb.pp(path);
        let vars = self.vars.as_ref().map(|vars| vars.pp(path));
        let stds = self.stds.as_ref().filter(|(own, _)| own == place).map(|(_, stds)| stds);
        let columns = self.columns.as_ref().filter(|(own, _)| own == place);
        let columns = columns.map(|(_, columns)| columns.as_slice());
        let own = self.placed.iter().filter(|(spec, _)| spec.place() == place);
        let layer = |(spec, strengths): &(NoiseSpec, Vec<f64>)| {
            let (nb, options, vars) = (nb.clone(), spec.all_options(), vars.clone());
            let placing = Placing { strengths, nb, channels, options, vars, stds, columns };
            Ok(spec.layer(placing)?.map(Arc::from))
        };
        let layers: Result<Vec<Option<Arc<dyn AnyLayer>>>> = own.map(layer).collect();
        Ok(Slot(layers?.into_iter().flatten().collect()))
    }

    /// Returns the places requested so far by the model, in order.
    pub fn places(&self) -> Vec<String> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Checks, after the model is built, that all noise has found its place.
    ///
    /// # Errors
    /// If the model has not requested the place of a noise. The error lists the places of the
    /// model.
    pub fn finish(&self) -> Result<()> {
        let places = self.places();
        match self.placed.iter().find(|(spec, _)| !places.iter().any(|p| p == spec.place())) {
            Some((spec, _)) => bail!(
                "the model offers noise at {}, received {}",
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

/// The noise at one place of a model: a layer that is the identity if there is no noise. Any noise
/// layer becomes one, and the default has no noise.
#[derive(Clone, Debug, Default)]
pub struct Slot(Vec<Arc<dyn AnyLayer>>);

impl Slot {
    /// Returns whether there is no noise.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies `forward_t` with noise on real elements only; see
    /// [`NoiseLayer::forward_masked`](super::NoiseLayer::forward_masked).
    ///
    /// # Errors
    /// If the mask does not fit, or `forward_t` fails.
    pub fn forward_masked(&self, xs: &Tensor, mask: &Tensor, train: bool) -> Result<Tensor> {
        self.0.iter().try_fold(xs.clone(), |xs, layer| layer.forward_masked(&xs, mask, train))
    }

    /// Returns the layer of Gaussian noise, if it is the only noise.
    pub(crate) fn gaussian(&self) -> Option<&GaussianNoise> {
        let [layer] = &self.0[..] else { return None };
        (&**layer as &dyn std::any::Any).downcast_ref()
    }
}

impl<N: AnyLayer> From<N> for Slot {
    fn from(layer: N) -> Self {
        Self(vec![Arc::new(layer)])
    }
}

impl ModuleT for Slot {
    fn forward_t(&self, xs: &Tensor, train: bool) -> Result<Tensor> {
        self.0.iter().try_fold(xs.clone(), |xs, layer| layer.forward_t(&xs, train))
    }
}

//! Layers with a seed of their own: they have the draws of a `NoiseMap` with this seed.

use std::collections::BTreeSet;

use candle_core::{Device, Result, Tensor};
use candle_nn::ModuleT;
use candle_noise::NoiseMap;
use candle_noise::noise::{
    AlphaDropout, Dropout, GaussianDropout, GaussianNoise, Kind, LabelNoise, LaplaceNoise,
    NeftuneNoise, NoiseLayer, SaltAndPepper, SpeckleNoise, UniformNoise,
};

use crate::noise_members::{bits, ramp};

/// The bits of two calls of a layer.
fn calls(layer: &dyn ModuleT) -> Result<[Vec<u32>; 2]> {
    let xs = ramp(&[4, 16]);
    Ok([bits(&layer.forward_t(&xs, true)?), bits(&layer.forward_t(&xs, true)?)])
}

fn obeys<K: Kind + Default>(strength: f64) -> Result<()> {
    type Layer<K> = NoiseLayer<K>;
    let seeded = |seed, path| calls(&Layer::<K>::seeded_at(strength, seed, path)?);
    let map = NoiseMap::new(42);
    let nested = Layer::<K>::new(strength, map.builder().pp("hidden").pp(0))?;
    let first = seeded(42, "hidden.0")?;
    assert_eq!(first, calls(&nested)?);
    assert!(first != seeded(42, "hidden.1")? && first != seeded(43, "hidden.0")?);

    let plain = calls(&Layer::<K>::seeded(strength, 42)?)?;
    assert_eq!(plain, calls(&Layer::<K>::seeded(strength, 42)?)?, "two of one seed are equal");
    assert_eq!(plain, calls(&Layer::<K>::new(strength, map.builder().pp("noise"))?)?);
    assert_ne!(plain, first);
    let error = Layer::<K>::seeded_at(strength, 42, "").unwrap_err().to_string();
    assert!(error.contains("needs a path"), "{error}");
    Ok(())
}

/// A type of layer by its kind.
trait OfKind {
    fn obeys(strength: f64) -> Result<()>;
}

impl<K: Kind + Default> OfKind for NoiseLayer<K> {
    fn obeys(strength: f64) -> Result<()> {
        obeys::<K>(strength)
    }
}

#[test]
fn a_seed_and_a_path_give_the_draws_of_a_map_with_this_seed() -> Result<()> {
    GaussianNoise::obeys(0.3)?;
    UniformNoise::obeys(0.3)?;
    LaplaceNoise::obeys(0.3)?;
    NeftuneNoise::obeys(5.)?;
    SpeckleNoise::obeys(0.3)?;
    GaussianDropout::obeys(0.3)?;
    Dropout::obeys(0.3)?;
    AlphaDropout::obeys(0.3)?;
    SaltAndPepper::obeys(0.3)
}

#[test]
fn label_noise_has_the_draws_of_its_path_too() -> Result<()> {
    let labels = Tensor::new(&[0u32, 1, 2, 1, 0, 2].repeat(9)[..], &Device::Cpu)?;
    let flipped = |noise: LabelNoise| noise.forward_t(&labels, true)?.to_vec1::<u32>();
    let in_a_map = |path| LabelNoise::new(0.5, 3, NoiseMap::new(42).builder().pp(path));
    let first = flipped(LabelNoise::seeded_at(0.5, 3, 42, "a")?)?;
    assert_eq!(first, flipped(in_a_map("a")?)?);
    assert_ne!(first, flipped(LabelNoise::seeded_at(0.5, 3, 42, "b")?)?);
    assert_eq!(flipped(LabelNoise::seeded(0.5, 3, 42)?)?, flipped(in_a_map("labels")?)?);
    Ok(())
}

/// Threads that share a layer share out its draws by timing; a path each makes them repeatable.
#[test]
fn threads_need_a_layer_each() -> Result<()> {
    let draw = |layer: &GaussianNoise| bits(&layer.forward_t(&ramp(&[4, 16]), true).unwrap());
    let by_threads = |layers: [&GaussianNoise; 2]| -> [Vec<u32>; 2] {
        std::thread::scope(|scope| {
            layers
                .map(|layer| scope.spawn(move || draw(layer)))
                .map(|thread| thread.join().unwrap())
        })
    };
    let alone =
        |path: &str| -> Result<[Vec<u32>; 2]> { calls(&GaussianNoise::seeded_at(0.1, 1, path)?) };
    let shared = GaussianNoise::seeded_at(0.1, 1, "shared")?;
    let found = BTreeSet::from(by_threads([&shared, &shared.clone()]));
    assert_eq!(found, BTreeSet::from(alone("shared")?), "each draw once, in some order");
    let own = ["a", "b"].map(|path| GaussianNoise::seeded_at(0.1, 1, path).unwrap());
    let [a, b] = by_threads([&own[0], &own[1]]);
    assert_eq!((a, b), (alone("a")?[0].clone(), alone("b")?[0].clone()));
    Ok(())
}

//! The members of the noise family, for tests that check all of them.

use candle_core::{Device, Result, Tensor};
use candle_nn::ModuleT;
use candle_noise::noise::kinds::{
    Alpha, Drawn, Drop, Gaussian, GaussianFactor, Impulse, Laplace, Neftune, Speckle, Uniform,
};
use candle_noise::noise::{Kind, NoiseBuilder, NoiseLayer, NoiseMap};
use rand_distr::Triangular;

/// A layer of any kind of noise.
pub trait Layer: ModuleT {
    fn masked(&self, xs: &Tensor, mask: &Tensor) -> Result<Tensor>;
}

impl<K: Kind> Layer for NoiseLayer<K> {
    fn masked(&self, xs: &Tensor, mask: &Tensor) -> Result<Tensor> {
        self.forward_masked(xs, mask, true)
    }
}

/// Builds a layer of strengths and shared axes.
type Build = dyn Fn(&[f64], &[usize], NoiseBuilder) -> Result<Box<dyn Layer>>;

/// A kind of noise with a strength, and what is known of it.
pub struct Member {
    pub name: &'static str,
    pub strength: f64,
    pub is_rate: bool,
    pub build: Box<Build>,
    /// Mean and variance of y at the input 1.5 in rows of 500 elements.
    pub moments: [f64; 2],
}

impl Member {
    fn new<K: Kind>(kind: K, name: &'static str, strength: f64, moments: [f64; 2]) -> Self {
        let build = move |strengths: &[f64], axes: &[usize], nb| -> Result<Box<dyn Layer>> {
            let layer = NoiseLayer::of_kind(kind.clone(), strengths, nb)?;
            Ok(Box::new(layer.shared_axes(axes)))
        };
        let is_rate = matches!(name, "GaussianDropout" | "Dropout" | "AlphaDropout" | "Salt");
        Self { name, strength, is_rate, build: Box::new(build), moments }
    }

    /// A layer of the member's strength.
    pub fn layer(&self, map: &NoiseMap, path: &str) -> Box<dyn Layer> {
        (self.build)(&vec![self.strength; map.replicas()], &[], map.builder().pp(path)).unwrap()
    }

    /// A first draw under a seed and a path.
    pub fn draw(&self, seed: u64, path: &str, xs: &Tensor) -> Result<Tensor> {
        self.layer(&NoiseMap::new(seed), path).forward_t(xs, true)
    }
}

pub fn family() -> Vec<Member> {
    let (x, q) = (1.5f64, -1.758_099_3);
    // AlphaDropout at 0.1, with the constants of Klambauer et al.
    let (a, b) = (0.921_284_5, 0.161_971_0);
    let alpha = [0.9 * a * x + 0.1 * a * q + b, a * a * 0.09 * (x - q).powi(2)];
    let salt = [0.8 * x + 0.1, 0.8 * x * x + 0.1 - (0.8 * x + 0.1f64).powi(2)];
    vec![
        Member::new(Gaussian, "GaussianNoise", 0.3, [x, 0.09]),
        Member::new(Uniform, "UniformNoise", 0.6, [x, 0.12]),
        Member::new(Laplace, "LaplaceNoise", 0.3, [x, 0.18]),
        Member::new(
            Drawn(Triangular::new(-1f32, 1., 0.).unwrap()),
            "DistributionNoise",
            2.,
            [x, 4. / 6.],
        ),
        Member::new(Neftune, "NeftuneNoise", 5., [x, 25. / 3. / 500.]),
        Member::new(Speckle, "SpeckleNoise", 0.4, [x, x * x * 0.16]),
        Member::new(GaussianFactor, "GaussianDropout", 0.2, [x, x * x * 0.25]),
        Member::new(Drop, "Dropout", 0.2, [x, x * x * 0.25]),
        Member::new(Alpha, "AlphaDropout", 0.1, alpha),
        Member::new(Impulse::new(0., 1.).unwrap(), "Salt", 0.2, salt),
    ]
}

pub fn ramp(shape: &[usize]) -> Tensor {
    let count = shape.iter().product::<usize>();
    let values = (0..count).map(|i| (0.7 * i as f32).sin() + 0.1).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

pub fn bits(xs: &Tensor) -> Vec<u32> {
    let xs = xs.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    xs.into_iter().map(f32::to_bits).collect()
}

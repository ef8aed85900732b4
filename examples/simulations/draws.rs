//! Draws with an address, and shares with their standard errors.

use candle_noise::rng::{Address, Stream};

/// Returns standard normal draws of one experiment, the same on every machine.
pub fn normals(site: &str, experiment: u32, count: usize) -> Vec<f64> {
    let mut zs = vec![0f32; count];
    Address::new(1, site, Stream::Data, 0).fill_normal(experiment, count, &mut zs);
    zs.into_iter().map(f64::from).collect()
}

/// How many of some experiments something happened in.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    pub count: usize,
    pub of: usize,
}

impl Share {
    pub fn of(found: impl IntoIterator<Item = bool>) -> Self {
        let mut own = Self { count: 0, of: 0 };
        for is_one in found {
            own.count += usize::from(is_one);
            own.of += 1;
        }
        own
    }

    pub fn value(self) -> f64 {
        self.count as f64 / self.of as f64
    }

    /// Returns the standard error of such a share if the true one is `p`.
    pub fn error(self, p: f64) -> f64 {
        (p * (1. - p) / self.of as f64).sqrt()
    }
}

//! NumPy's legacy `RandomState`, as far as scikit-learn's toy data sets and splits need it.
//!
//! MT19937 seeded by one 32-bit integer, `shuffle` (Fisher–Yates from the end with masked
//! rejection) and `normal` (Marsaglia's polar method, whose second value is kept for the next
//! call). The stream is frozen by NEP 19, so a data set has the same bits in NumPy and here.

use rand_mt::Mt;

/// A generator with the stream of `numpy.random.RandomState(seed)`.
#[derive(Clone, Debug)]
pub struct RandomState {
    generator: Mt,
    spare_normal: Option<f64>,
}

impl RandomState {
    /// Seeds the generator as NumPy does for an integer.
    pub fn new(seed: u32) -> Self {
        Self { generator: Mt::new(seed), spare_normal: None }
    }

    /// Shuffles in place with the draws of `RandomState.shuffle`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.at_most(last as u64);
            items.swap(last, other as usize);
        }
    }

    /// One draw of `RandomState.normal(0, stddev)`.
    pub fn normal(&mut self, stddev: f64) -> f64 {
        // NumPy adds the mean, 0, to the product: -0.0 becomes 0.0.
        0.0 + stddev * self.standard_normal()
    }

    fn standard_normal(&mut self) -> f64 {
        if let Some(value) = self.spare_normal.take() {
            return value;
        }
        loop {
            let x1 = 2.0 * self.unit() - 1.0;
            let x2 = 2.0 * self.unit() - 1.0;
            let r2 = x1 * x1 + x2 * x2;
            if r2 < 1.0 && r2 != 0.0 {
                let f = (-2.0 * libm::log(r2) / r2).sqrt();
                self.spare_normal = Some(f * x1);
                return f * x2;
            }
        }
    }

    /// Uniform in [0, 1) with 53 bits, from two words.
    fn unit(&mut self) -> f64 {
        let high = (self.generator.next_u32() >> 5) as f64;
        let low = (self.generator.next_u32() >> 6) as f64;
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// Uniform in 0..=max: words are masked to max's bits and refused while they exceed it.
    fn at_most(&mut self, max: u64) -> u64 {
        let mask = u64::MAX >> max.leading_zeros();
        loop {
            let word = if max <= u32::MAX as u64 {
                self.generator.next_u32() as u64
            } else {
                let high = self.generator.next_u32() as u64;
                high << 32 | self.generator.next_u32() as u64
            };
            if word & mask <= max {
                return word & mask;
            }
        }
    }
}

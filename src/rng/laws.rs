//! The laws of the draws.
//!
//! Structure: a draw depends on its coordinates, on all of them, and on nothing else. Statistics,
//! over fixed seeds: each bound is five standard errors of a right generator, or the value that
//! Kolmogorov's distribution passes once in a million.

use super::{Address, Stream};

const ROWS: usize = 1000;
const ROW_LEN: usize = 1000;
const N: f64 = (ROWS * ROW_LEN) as f64;

fn address(step: u32) -> Address {
    Address::new(2024, "law", Stream::Noise, step)
}

fn normals(address: Address) -> Vec<f64> {
    let mut zs = vec![0f32; ROWS * ROW_LEN];
    address.fill_normal(0, ROW_LEN, &mut zs);
    zs.into_iter().map(f64::from).collect()
}

fn mean(xs: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = xs.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    sum / count
}

/// Mean of products of pairs: for independent standard normals 0, with standard error 1 / sqrt(n).
fn assert_uncorrelated<'a>(what: &str, pairs: impl Iterator<Item = (&'a f64, &'a f64)> + Clone) {
    let bound = 5.0 / (pairs.clone().count() as f64).sqrt();
    let product = mean(pairs.clone().map(|(x, y)| x * y));
    assert!(product.abs() < bound, "{what}: mean product {product}");
    // The squares must be uncorrelated as well; x^2 - 1 has variance 2.
    let squares = mean(pairs.map(|(x, y)| (x * x - 1.0) * (y * y - 1.0) / 2.0));
    assert!(squares.abs() < bound, "{what}: mean product of squares {squares}");
}

/// Largest distance of the empirical distribution from `cdf`, times sqrt(n).
fn kolmogorov(mut xs: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    let n = xs.len() as f64;
    xs.sort_by(f64::total_cmp);
    let gaps = xs.iter().zip(0..).map(|(&x, i)| {
        let (p, i) = (cdf(x), f64::from(i));
        (p - i / n).max((i + 1.0) / n - p)
    });
    gaps.fold(0.0, f64::max) * n.sqrt()
}

/// `2 exp(-2 d^2) = 1e-6`.
const KOLMOGOROV: f64 = 2.693;

fn bits(address: Address, first_row: u32, row_len: usize, rows: usize) -> Vec<u32> {
    let mut zs = vec![0f32; row_len * rows];
    address.fill_normal(first_row, row_len, &mut zs);
    zs.into_iter().map(f32::to_bits).collect()
}

#[test]
fn rows_do_not_depend_on_the_split() {
    for row_len in [1, 2, 5, 8, 500, 16_400] {
        let whole = bits(address(0), 3, row_len, 12);
        for cut in 0..=12 {
            let head = bits(address(0), 3, row_len, cut);
            let tail = bits(address(0), 3 + cut as u32, row_len, 12 - cut);
            assert_eq!([head, tail].concat(), whole, "rows of {row_len}, cut at {cut}");
        }
    }
}

#[test]
fn a_longer_row_begins_alike() {
    let long = bits(address(0), 5, 1001, 1);
    for row_len in [1, 2, 3, 4, 7, 64, 999, 1000] {
        assert_eq!(bits(address(0), 5, row_len, 1), long[..row_len]);
    }
}

#[test]
fn every_coordinate_counts() {
    let base = address(0);
    let mut blocks = vec![base.block(0, 0), base.block(1, 0), base.block(0, 1)];
    let others = [
        address(1),
        Address { stream: Stream::Init, ..base },
        Address::new(2024, "law.1", Stream::Noise, 0),
        Address::new(2025, "law", Stream::Noise, 0),
        Address::new(2024 + (1 << 32), "law", Stream::Noise, 0),
    ];
    blocks.extend(others.map(|other| other.block(0, 0)));
    let count = blocks.len();
    blocks.sort();
    blocks.dedup();
    assert_eq!(blocks.len(), count);
}

#[test]
fn moments_are_those_of_the_standard_normal() {
    for step in 0..3 {
        let zs = normals(address(step));
        // Standard errors of the mean powers: sqrt((E z^2k - (E z^k)^2) / n).
        for (power, expected, variance) in
            [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0), (6, 15.0, 10_170.0)]
        {
            let moment = mean(zs.iter().map(|z| z.powi(power)));
            let error: f64 = (moment - expected) / f64::sqrt(variance / N);
            assert!(error.abs() < 5.0, "step {step}, power {power}: {moment}, {error} errors off");
        }
    }
}

#[test]
fn distributions_are_uniform_and_normal() {
    let phi = |x: f64| libm::erfc(-x / std::f64::consts::SQRT_2) / 2.0;
    let mut uniforms = vec![0f32; ROWS * ROW_LEN];
    for step in 0..3 {
        let normal = kolmogorov(normals(address(step)), phi);
        assert!(normal < KOLMOGOROV, "step {step}: {normal}");
        address(step).fill_uniform(0, ROW_LEN, &mut uniforms);
        let uniform = kolmogorov(uniforms.iter().map(|&u| f64::from(u)).collect(), |u| u);
        assert!(uniform < KOLMOGOROV, "step {step}: {uniform}");
    }
}

#[test]
fn tails_have_the_right_weight() {
    let zs = normals(address(0));
    for limit in [3.0, 4.0] {
        let expected = N * libm::erfc(limit / std::f64::consts::SQRT_2);
        let count = zs.iter().filter(|z| z.abs() > limit).count() as f64;
        assert!((count - expected).abs() < 5.0 * expected.sqrt(), "{count}, not {expected}");
    }
}

#[test]
fn neighbours_are_uncorrelated() {
    let zs = normals(address(0));
    for distance in [1, 2, 3, 4, 5, 8, 16] {
        assert_uncorrelated("elements", zs.iter().zip(&zs[distance..]));
    }
    for distance in [1, 2, 16] {
        assert_uncorrelated("rows", zs.iter().zip(&zs[distance * ROW_LEN..]));
    }
    let halves = zs.chunks_exact(2).map(|pair| (&pair[0], &pair[1]));
    assert_uncorrelated("halves of a pair", halves);
}

#[test]
fn coordinates_are_uncorrelated() {
    let base = address(0);
    let zs = normals(base);
    for (what, other) in [
        ("steps", address(1)),
        ("streams", Address { stream: Stream::TestNoise, ..base }),
        ("sites", Address::new(2024, "law.1", Stream::Noise, 0)),
        ("seeds", Address::new(2025, "law", Stream::Noise, 0)),
        ("high halves of seeds", Address::new(2024 + (1 << 32), "law", Stream::Noise, 0)),
    ] {
        assert_uncorrelated(what, zs.iter().zip(&normals(other)));
    }
}

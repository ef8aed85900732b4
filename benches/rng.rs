//! Draws into warm memory, on one thread.

use candle_noise::rng::{Address, Stream};
use criterion::{BenchmarkId, Criterion, Throughput};

/// Rows and their length: the tutorial's activations, and what no longer fits a cache.
const SIZES: [(usize, usize); 2] = [(30, 500), (4096, 4096)];

fn address() -> Address {
    Address::new(1, "bench", Stream::Noise, 0)
}

pub fn words(c: &mut Criterion) {
    let mut group = c.benchmark_group("rng/words");
    for (rows, len) in SIZES {
        let mut words = vec![0; rows * len];
        group.throughput(Throughput::Elements(words.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{rows}x{len}")), |b| {
            b.iter(|| address().fill_words(0, len, &mut words));
        });
    }
}

pub fn normals(c: &mut Criterion) {
    let mut group = c.benchmark_group("rng/normals");
    for (rows, len) in SIZES {
        let (xs, mut ys) = (vec![1.; rows * len], vec![0.; rows * len]);
        group.throughput(Throughput::Elements(ys.len() as u64));
        group.bench_function(BenchmarkId::new("fill", format!("{rows}x{len}")), |b| {
            b.iter(|| address().fill_normal(0, len, &mut ys));
        });
        group.bench_function(BenchmarkId::new("add", format!("{rows}x{len}")), |b| {
            b.iter(|| address().add_normal(0, len, 0.1, &xs, &mut ys));
        });
    }
}

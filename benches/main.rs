//! `cargo bench`: the random numbers, each op, and one training step.
//!
//! `cargo bench -- step/` runs one group, `cargo bench -- --quick` all of them in a minute. Where there
//! is a CUDA device, `cargo bench --features cuda -- cuda/` measures noise and steps there.

mod device;
mod networks;
mod ops;
mod rng;
mod step;

/// That of the programs: the C library's hands large blocks back to the system at every drop.
#[global_allocator]
static ALLOCATOR: candle_noise::cli::Allocator = candle_noise::cli::ALLOCATOR;

criterion::criterion_group!(
    benches,
    rng::words,
    rng::normals,
    ops::noise,
    ops::dense,
    ops::stack,
    ops::relu,
    ops::loss,
    ops::adam,
    step::tutorial,
    step::epoch,
    step::wide,
    networks::steps,
    networks::runs,
);
criterion::criterion_main!(benches);

//! Randomness with an address: a draw is a pure function of its coordinates.
//!
//! There is no generator to carry around and nothing to advance. An [`Address`] names a matrix of
//! draws by seed, site, stream and step; a draw is then named by its row and its element, so it
//! depends neither on call order, batch split, array length and thread count nor on the CPU.
//!
//! ```
//! use candle_noise::rng::{Address, Stream};
//!
//! let address = Address::new(42, "hidden.0", Stream::Noise, 0);
//! let (mut whole, mut tail) = ([0f32; 6], [0f32; 3]);
//! address.fill_normal(0, 3, &mut whole); // rows 0 and 1, three elements each
//! address.fill_normal(1, 3, &mut tail); // row 1 alone
//! assert_eq!(whole[3..], tail);
//! ```

mod address;
mod blocks;
mod key;
mod laplace;
#[cfg(test)]
mod laws;
mod normal;
mod philox;
mod stream_rng;
mod vector;

pub use address::{Address, MAX_ROW_LEN};
pub use key::{Key, Stream, site_hash};
pub(crate) use normal::polynomial;
pub use philox::philox4x32;
pub use stream_rng::PhiloxRng;

/// The draws for CUDA kernels.
#[cfg(feature = "cuda")]
pub(crate) const CUDA_SOURCE: [&str; 3] =
    [include_str!("philox.cuh"), include_str!("normal.cuh"), include_str!("laplace.cuh")];

//! The order of the training rows, drawn from an address.

use candle_core::{Device, Result};

use crate::ops::Orders;
use crate::rng::{Address, Key, Stream};

/// Returns the rows 0..rows in the order of one epoch.
pub fn shuffled(seed: u64, epoch: u32, rows: usize) -> Vec<u32> {
    address(seed, epoch).permutation(0, rows)
}

/// Returns [`shuffled`] for each seed, at any epoch, on a device.
pub(super) fn orders(seeds: &[u64], rows: usize, device: &Device) -> Result<Orders> {
    Orders::new(&keys(seeds), Stream::Shuffle, rows, device)
}

/// Returns the keys of the orders of these seeds.
pub(super) fn keys(seeds: &[u64]) -> Vec<Key> {
    seeds.iter().map(|&seed| address(seed, 0).key).collect()
}

fn address(seed: u64, epoch: u32) -> Address {
    Address::new(seed, "train", Stream::Shuffle, epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_orders_of_three_rows_are_equally_frequent() {
        let mut counts = std::collections::BTreeMap::new();
        for epoch in 0..6000 {
            *counts.entry(shuffled(7, epoch, 3)).or_insert(0) += 1;
        }
        // Expected 1000, with a standard deviation of √(6000 · 1/6 · 5/6) = 29; five of them are
        // allowed.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (855..1145).contains(count)), "{counts:?}");
    }

    #[test]
    fn orders_differ_by_seed_and_epoch_and_repeat() {
        assert_eq!(shuffled(1, 2, 30), shuffled(1, 2, 30));
        assert_ne!(shuffled(1, 2, 30), shuffled(1, 3, 30));
        assert_ne!(shuffled(1, 2, 30), shuffled(2, 2, 30));
    }
}

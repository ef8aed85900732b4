//! Buffers that a thread keeps from one call to the next: faulting in fresh memory would take as long as
//! a small network's work.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Vectors that a thread keeps; more than an op uses at a time.
const MOST: usize = 32;

thread_local! {
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of floats with the values of its last user. It goes back to the thread that drops it.
#[derive(Default)]
pub struct Room(Vec<f32>);

impl Room {
    /// Room for `len` floats. What is read has been written in the same call.
    pub fn new(len: usize) -> Self {
        let kept = FREE.with_borrow_mut(|free| {
            // The smallest that is large enough, or else the largest.
            let fits = (0..free.len()).filter(|&i| free[i].capacity() >= len);
            let best = fits.min_by_key(|&i| free[i].capacity());
            let best = best.or_else(|| (0..free.len()).max_by_key(|&i| free[i].capacity()));
            best.map(|i| free.swap_remove(i))
        });
        let mut room = kept.unwrap_or_default();
        room.resize(len, 0.);
        Self(room)
    }

    /// As [`Room::new`], all zeros.
    pub fn zeros(len: usize) -> Self {
        let mut room = Self::new(len);
        room.fill(0.);
        room
    }
}

impl Deref for Room {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let room = std::mem::take(&mut self.0);
        // A thread that ends has no room to keep.
        let _ = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() < MOST {
                free.push(room);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_used_again_and_zeros_are_zeros() {
        let mut room = Room::new(100);
        room.fill(7.);
        let place = room.as_ptr();
        drop(room);
        let again = Room::zeros(50);
        assert_eq!((again.as_ptr(), again.len()), (place, 50));
        assert!(again.iter().all(|x| *x == 0.));
        let other = Room::new(50);
        assert_ne!(other.as_ptr(), again.as_ptr());
    }
}

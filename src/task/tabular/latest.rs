//! The value that was asked for last, kept for those who ask for it again.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::Result;

/// The last value with its key, which clones share. That of another key is dropped before the next one
/// is computed, so that no more than one is in memory.
#[derive(Debug)]
pub(super) struct Latest<K, V>(Arc<Mutex<Kept<K, V>>>);

type Kept<K, V> = Option<(K, Arc<V>)>;

impl<K: PartialEq, V> Latest<K, V> {
    /// Returns the value of a key, computed by `of` unless it is the last one. Threads that ask for
    /// values at the same time do not wait for each other.
    ///
    /// # Errors
    /// If `of` fails.
    pub fn get(&self, key: K, of: impl FnOnce() -> Result<V>) -> Result<Arc<V>> {
        let last = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut last = last();
            match &*last {
                Some((own, value)) if *own == key => return Ok(value.clone()),
                _ => *last = None,
            }
        }
        let value = Arc::new(of()?);
        *last() = Some((key, value.clone()));
        Ok(value)
    }
}

impl<K, V> Clone for Latest<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> Default for Latest<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::bail;

    use super::*;

    #[test]
    fn a_value_is_computed_again_after_that_of_another_key() -> Result<()> {
        let (latest, mut computed) = (Latest::default(), Vec::new());
        for key in [1, 1, 2, 2, 1] {
            let square = latest.clone().get(key, || {
                computed.push(key);
                Ok(key * key)
            })?;
            assert_eq!(*square, key * key);
        }
        assert_eq!(computed, [1, 2, 1]);
        assert!(latest.get(3, || bail!("no value")).is_err());
        assert_eq!(*latest.get(1, || Ok(-1))?, -1, "dropped for the key that failed");
        Ok(())
    }
}

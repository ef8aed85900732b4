//! Trains fewer runs together if a device's memory is too small.

use anyhow::{Error, Result};

/// Trains runs together; if the memory is too small for them, one half and then the other.
pub(super) fn within_memory<T, R>(
    runs: &[T],
    train: &mut impl FnMut(&[T]) -> Result<Vec<R>>,
) -> Result<Vec<R>> {
    match train(runs) {
        Err(error) if runs.len() > 1 && is_out_of_memory(&error) => {
            let (first, second) = runs.split_at(runs.len() / 2);
            let mut trained = within_memory(first, train)?;
            trained.extend(within_memory(second, train)?);
            Ok(trained)
        }
        result => result,
    }
}

/// Says what helps if the memory was too small for a chunk of this number of replicas.
pub(super) fn explained(error: Error, replicas: usize) -> Error {
    if !is_out_of_memory(&error) {
        return error;
    }
    let (replicas, fewer) = match replicas {
        1 => ("one replica".to_string(), ""),
        _ => (format!("a chunk of {replicas} replicas"), "fewer repeats, "),
    };
    error.context(format!(
        "the device's memory is too small for {replicas}: expected {fewer}a smaller hidden or batch \
         size"
    ))
}

/// Whether a device has refused memory, by the names that CUDA and cuBLAS have for it.
fn is_out_of_memory(error: &Error) -> bool {
    let text = format!("{error:#}");
    ["CUDA_ERROR_OUT_OF_MEMORY", "CUBLAS_STATUS_ALLOC_FAILED"]
        .iter()
        .any(|name| text.contains(name))
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    const FULL: &str = "DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")";

    #[test]
    fn runs_are_halved_until_they_fit_and_stay_in_order() -> Result<()> {
        let mut sizes = Vec::new();
        let runs: Vec<usize> = (0..10).collect();
        let trained = within_memory(&runs, &mut |part| {
            sizes.push(part.len());
            if part.len() > 3 {
                bail!(FULL)
            }
            Ok(part.to_vec())
        })?;
        assert_eq!(trained, runs);
        assert_eq!(sizes, [10, 5, 2, 3, 5, 2, 3]);
        Ok(())
    }

    #[test]
    fn one_run_that_does_not_fit_and_other_errors_are_errors() {
        let mut calls = 0;
        let mut fail = |message: &'static str, runs: &[u8]| {
            let result: Result<Vec<u8>> = within_memory(runs, &mut |_| {
                calls += 1;
                bail!(message)
            });
            result.unwrap_err().to_string()
        };
        assert_eq!(fail(FULL, &[1]), FULL);
        assert_eq!(fail("no such kernel", &[1, 2, 3, 4]), "no such kernel");
        assert_eq!(calls, 2);
        let explained =
            |text: &'static str, replicas| format!("{:#}", explained(Error::msg(text), replicas));
        let many = "the device's memory is too small for a chunk of 300 replicas: expected fewer";
        assert!(explained(FULL, 300).starts_with(many));
        let one = "the device's memory is too small for one replica: expected a smaller hidden";
        assert!(explained(FULL, 1).starts_with(one));
        assert_eq!(explained("no such kernel", 300), "no such kernel");
    }
}

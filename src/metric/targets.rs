//! What the numbers of a tensor must be, and the place of one that is not.

use candle_core::{CpuStorage, DType, Device, Result, Storage, Tensor, WithDType, bail};

/// Returns targets (R or 1, B) as u32 class numbers (R, B).
///
/// A target on the CPU that is no class of the logits is an error. On other devices the targets are
/// not read, because the host would have to wait for them.
pub(crate) fn class_numbers(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    match (logits.dims(), targets.dims()) {
        (&[r, b, classes], &[shared, rows]) if (shared == r || shared == 1) && rows == b => {
            if targets.device().is_cpu() {
                check_classes(targets, classes)?;
            }
            targets.to_dtype(DType::U32)?.broadcast_as((r, b))?.contiguous()
        }
        (zs, ys) => bail!(
            "classification expects logits (R, B, C) and targets (R or 1, B), received {zs:?} \
             and {ys:?}"
        ),
    }
}

/// Checks that all targets are class numbers.
pub(crate) fn check_classes(targets: &Tensor, classes: usize) -> Result<()> {
    let fits = |y: f64| is_class(y, classes);
    check_each(targets, fits, || format!("class numbers from 0 to {}", classes.saturating_sub(1)))
}

/// Returns whether a target is the number of one of `classes` classes.
pub(crate) fn is_class(target: f64, classes: usize) -> bool {
    // NaN becomes 0, and what is out of range the nearest u32: both differ from the target.
    f64::from(target as u32) == target && (target as usize) < classes
}

/// Checks that all numbers are finite.
pub(crate) fn check_finite(numbers: &Tensor) -> Result<()> {
    check_each(numbers, f64::is_finite, || "finite numbers".to_string())
}

/// Checks that all numbers lie in [0, 1].
pub(crate) fn check_shares(numbers: &Tensor) -> Result<()> {
    check_each(numbers, |y| (0.0..=1.).contains(&y), || "numbers from 0 to 1".to_string())
}

/// Checks each number of a tensor (R or 1, N, …). The error names the place of the first that does
/// not fit.
fn check_each(
    numbers: &Tensor,
    fits: impl Fn(f64) -> bool,
    expected: impl Fn() -> String,
) -> Result<()> {
    let on_host = numbers.to_device(&Device::Cpu)?.contiguous()?;
    let Some((index, value)) = first_misfit(&on_host, fits)? else { return Ok(()) };
    let (expected, place) = (expected(), place(numbers.dims(), index));
    // Single-precision numbers in their own digits: 1.7, not 1.7000000476837158.
    match value as f32 {
        single if f64::from(single) == value => {
            bail!("expected {expected}, received {single} in {place}")
        }
        _ => bail!("expected {expected}, received {value} in {place}"),
    }
}

/// Returns the first number that does not fit, with its index.
fn first_misfit(numbers: &Tensor, fits: impl Fn(f64) -> bool) -> Result<Option<(usize, f64)>> {
    fn find<T: WithDType>(numbers: &[T], fits: impl Fn(f64) -> bool) -> Option<(usize, f64)> {
        numbers.iter().map(|x| x.to_f64()).enumerate().find(|(_, x)| !fits(*x))
    }
    let (storage, layout) = numbers.storage_and_layout();
    let (Storage::Cpu(storage), Some((start, end))) = (&*storage, layout.contiguous_offsets())
    else {
        bail!("expected a contiguous tensor on the CPU, received {layout:?}")
    };
    Ok(match storage {
        CpuStorage::U8(xs) => find(&xs[start..end], fits),
        CpuStorage::U32(xs) => find(&xs[start..end], fits),
        CpuStorage::I16(xs) => find(&xs[start..end], fits),
        CpuStorage::I32(xs) => find(&xs[start..end], fits),
        CpuStorage::I64(xs) => find(&xs[start..end], fits),
        CpuStorage::BF16(xs) => find(&xs[start..end], fits),
        CpuStorage::F16(xs) => find(&xs[start..end], fits),
        CpuStorage::F32(xs) => find(&xs[start..end], fits),
        CpuStorage::F64(xs) => find(&xs[start..end], fits),
        _ => bail!("expected whole or floating-point numbers, received {:?}", numbers.dtype()),
    })
}

/// Names an element of a tensor (R or 1, N, …) or (N,): its row, with the replica and the place in
/// the row if there are several.
fn place(dims: &[usize], index: usize) -> String {
    let (replicas, rows, row) = match dims {
        [replicas, rows, row @ ..] => (*replicas, *rows, row),
        _ => (1, index + 1, &[][..]),
    };
    let len: usize = row.iter().product();
    let mut place = format!("row {}", index / len % rows);
    if replicas > 1 {
        place += &format!(" of replica {}", index / (len * rows));
    }
    match row {
        [] | [1] => {}
        [_] => place += &format!(", column {}", index % len),
        _ => place += &format!(", element {} of {row:?}", index % len),
    }
    place + " (counted from 0)"
}

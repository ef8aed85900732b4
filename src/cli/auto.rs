//! Selects the device for `--device auto`: the GPU if a trial shows that it is faster.

use std::time::Duration;

use anyhow::Result;
use candle_core::Device;

use super::device::{DeviceChoice, Opened, Place, cuda_devices};
use super::exit::line;
use super::terminal::tell;
use crate::experiment::Schedule;

/// Shorter work stays on the CPU. Starting a GPU takes time, because the driver compiles Candle's
/// kernels and ours.
const WORTH: Duration = Duration::from_secs(10);

/// Minimum speedup of a GPU. The CPU is preferred because its results are the same everywhere.
const TIMES: u32 = 2;

/// What the choice of a device depends on.
pub(super) struct Work<'a> {
    /// Maximum number of devices that can share the work.
    pub devices: usize,
    /// Returns the kind of device that the work is bound to and the reason, if there is one.
    pub bound: &'a dyn Fn() -> Result<Option<(String, &'static str)>>,
    /// Estimates the training time on the given devices.
    pub forecast: &'a dyn Fn(&[Device], Schedule) -> Result<Duration>,
}

impl DeviceChoice {
    /// Opens the devices for some work. If there was a choice, prints the choice and its reason on
    /// standard error.
    pub(super) fn open(self, work: &Work, threads: Option<usize>) -> Result<Opened> {
        match self {
            Self::At(place) => place.open(work.devices, threads),
            Self::Auto if cuda_devices() == 0 => Place::Cpu.open(work.devices, threads),
            Self::Auto => {
                let (opened, why) = choose(work, |place| place.open(work.devices, threads))?;
                tell(&format!("--device auto takes {}: {why}", opened.place.name()));
                Ok(opened)
            }
        }
    }
}

/// Chooses between the CPU and the GPUs, and returns the reason.
fn choose(work: &Work, open: impl Fn(Place) -> Result<Opened>) -> Result<(Opened, String)> {
    if let Some((kind, why)) = (work.bound)()? {
        let place = if kind == Place::Cpu.kind() { Place::Cpu } else { Place::AllCuda };
        return Ok((open(place)?, why.to_string()));
    }
    let forecast = |opened: &Opened| (work.forecast)(&opened.devices, opened.schedule);
    let cpu = open(Place::Cpu)?;
    let on_cpu = forecast(&cpu)?;
    let there = rounded(on_cpu);
    if on_cpu < WORTH {
        return Ok((cpu, format!("{there} are too short for a GPU, which starts slowly")));
    }
    let gpu = open(Place::AllCuda).and_then(|gpu| Ok((forecast(&gpu)?, gpu)));
    Ok(match gpu {
        Err(error) => (cpu, format!("a trial on cuda failed: {}", line(&error))),
        Ok((on_gpu, gpu)) if on_gpu.saturating_mul(TIMES) < on_cpu => {
            (gpu, format!("about {}, {there} on the CPU", rounded(on_gpu)))
        }
        Ok((on_gpu, _)) => {
            let less = if on_gpu < on_cpu { ", which is less than twice as fast" } else { "" };
            (cpu, format!("about {there}, {} on cuda{less}", rounded(on_gpu)))
        }
    })
}

/// Rounds to tenths of a second below ten seconds, and to whole seconds above.
fn rounded(time: Duration) -> humantime::FormattedDuration {
    let step = if time < Duration::from_secs(10) { 100 } else { 1000 };
    let steps = (time.as_secs_f64() * 1000. / step as f64).round() as u64;
    humantime::format_duration(Duration::from_millis(steps.saturating_mul(step)))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;

    use super::*;

    /// Returns the choice and its reason if the CPU takes `on_cpu` seconds and a GPU takes `on_gpu`
    /// seconds or fails. A CPU with one thread stands in for the GPU.
    fn chosen(on_cpu: f64, on_gpu: Result<f64, &'static str>) -> (Place, String) {
        let open = |place| {
            let threads = if place == Place::Cpu { 4 } else { 1 };
            let schedule = Schedule { threads, chunk: None };
            Ok(Opened { place, devices: vec![Device::Cpu], schedule })
        };
        let forecast = |_: &[Device], schedule: Schedule| match (schedule.threads, on_gpu) {
            (4, _) => Ok(Duration::from_secs_f64(on_cpu)),
            (_, Ok(seconds)) => Ok(Duration::from_secs_f64(seconds)),
            (_, Err(error)) => bail!(error),
        };
        let work = Work { devices: 1, bound: &|| Ok(None), forecast: &forecast };
        let (opened, why) = choose(&work, open).unwrap();
        (opened.place, why)
    }

    #[test]
    fn auto_takes_a_gpu_that_is_at_least_twice_as_fast() {
        let cases = [
            (3.12, Ok(0.1), Place::Cpu, "3s 100ms are too short for a GPU, which starts slowly"),
            (120., Ok(59.), Place::AllCuda, "about 59s, 2m on the CPU"),
            (
                120.,
                Ok(61.),
                Place::Cpu,
                "about 2m, 1m 1s on cuda, which is less than twice as fast",
            ),
            (12.4, Ok(400.), Place::Cpu, "about 12s, 6m 40s on cuda"),
            (12.4, Err("no memory"), Place::Cpu, "a trial on cuda failed: no memory"),
        ];
        for (on_cpu, on_gpu, place, why) in cases {
            assert_eq!(chosen(on_cpu, on_gpu), (place, why.to_string()));
        }
    }

    #[test]
    fn auto_skips_the_trial_for_work_bound_to_a_device() {
        let tried = Cell::new(false);
        let forecast = |_: &[Device], _| {
            tried.set(true);
            Ok(Duration::MAX)
        };
        for (kind, place) in [("cpu", Place::Cpu), ("cuda", Place::AllCuda)] {
            let bound = || Ok(Some((kind.to_string(), "so it began")));
            let work = Work { devices: 1, bound: &bound, forecast: &forecast };
            let (opened, why) = choose(&work, |place| {
                let schedule = Schedule { threads: 1, chunk: None };
                Ok(Opened { place, devices: vec![Device::Cpu], schedule })
            })
            .unwrap();
            assert_eq!((opened.place, why.as_str(), tried.get()), (place, "so it began", false));
        }
    }
}

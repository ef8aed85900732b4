//! `--device auto|cpu|cuda[:N]`: parses, opens and names devices.

use std::str::FromStr;

use anyhow::{Context, Result};
use candle_core::Device;

use crate::experiment::Schedule;

/// The device to train on, as given on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The faster of the CPU and the GPUs.
    Auto,
    /// The given place.
    At(Place),
}

/// A place to train on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The CPU.
    Cpu,
    /// All CUDA devices if the work can be shared, else the first.
    AllCuda,
    /// The CUDA device with this number.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = match text {
            "auto" => return Ok(Self::Auto),
            "cpu" => Some(Place::Cpu),
            "cuda" => Some(Place::AllCuda),
            _ => text.strip_prefix("cuda:").and_then(|n| n.parse().ok()).map(Place::Cuda),
        };
        let place = place.map(Self::At);
        place.ok_or_else(|| format!("expected auto, cpu, cuda or cuda:N, received '{text}'"))
    }
}

/// Devices to train on, and the schedule of the work on them.
pub(super) struct Opened {
    pub place: Place,
    /// At least one device.
    pub devices: Vec<Device>,
    pub schedule: Schedule,
}

impl Place {
    /// Opens at most `most` devices. The CPU has `threads` threads, by default one per core; a CUDA
    /// device has one thread.
    pub(super) fn open(self, most: usize, threads: Option<usize>) -> Result<Opened> {
        let devices = match self {
            Self::Cpu => vec![Device::Cpu],
            Self::AllCuda => {
                (0..cuda_devices().clamp(1, most)).map(open_cuda).collect::<Result<_>>()?
            }
            Self::Cuda(n) => vec![open_cuda(n)?],
        };
        let cores = || std::thread::available_parallelism().map_or(1, |n| n.get());
        let threads = match self {
            Self::Cpu => threads.unwrap_or_else(cores),
            Self::AllCuda | Self::Cuda(_) => devices.len(),
        };
        Ok(Opened { place: self, devices, schedule: Schedule { threads, chunk: None } })
    }

    /// Returns the kind of device, `cpu` or `cuda`, on which the bits of a run depend.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::AllCuda | Self::Cuda(_) => "cuda",
        }
    }

    /// Returns the name in the results: `cpu`, `cuda` or `cuda:N`.
    pub(super) fn name(self) -> String {
        match self {
            Self::Cpu | Self::AllCuda => self.kind().to_string(),
            Self::Cuda(n) => format!("cuda:{n}"),
        }
    }
}

fn open_cuda(n: usize) -> Result<Device> {
    if !candle_core::utils::cuda_is_available() {
        anyhow::bail!(
            "--device cuda: this program has no CUDA support; expected one that was built with \
             `--features cuda`"
        )
    }
    Device::new_cuda(n).with_context(|| {
        let devices = cuda_devices();
        format!("--device cuda:{n}: cannot open CUDA device {n} of {devices}, from 0 on")
    })
}

/// Returns the number of CUDA devices; 0 if the program was built without CUDA or has no driver.
pub(super) fn cuda_devices() -> usize {
    #[cfg(feature = "cuda")]
    let count = candle_core::cuda_backend::cudarc::driver::CudaContext::device_count();
    #[cfg(not(feature = "cuda"))]
    let count: Result<i32, ()> = Ok(0);
    count.ok().and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}

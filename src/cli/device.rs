//! `--device auto|cpu|cuda[:N]`.

use std::str::FromStr;

use anyhow::{Context, Result};
use candle_core::Device;

/// A device as the user names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The device that was measured to be the fastest for these networks: the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// All CUDA devices, where the work can be shared out; else the first.
    AllCuda,
    /// The CUDA device of this number.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::AllCuda),
            _ => match text.strip_prefix("cuda:").and_then(|n| n.parse().ok()) {
                Some(n) => Ok(Self::Cuda(n)),
                None => Err(format!("expected auto, cpu, cuda or cuda:N, received '{text}'")),
            },
        }
    }
}

impl DeviceChoice {
    /// Opens the device. Where there was a choice, a line on standard error says what was chosen
    /// and why.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Auto => {
                if cuda_devices() > 0 {
                    eprintln!(
                        "--device auto takes the CPU: no GPU has been measured to be faster yet; \
                         --device cuda takes the GPU"
                    );
                }
                Ok(Device::Cpu)
            }
            Self::Cpu => Ok(Device::Cpu),
            Self::AllCuda => open_cuda(0),
            Self::Cuda(n) => open_cuda(n),
        }
    }

    /// Opens the devices that share out the chunks of a grid.
    pub fn open_all(self) -> Result<Vec<Device>> {
        let devices = if self == Self::AllCuda { cuda_devices().max(1) } else { 1 };
        let others = (1..devices).map(open_cuda);
        [self.open()].into_iter().chain(others).collect()
    }

    /// The number of threads that keep the devices busy.
    pub fn threads(self) -> usize {
        match self {
            Self::Auto | Self::Cpu => std::thread::available_parallelism().map_or(1, |n| n.get()),
            Self::AllCuda => cuda_devices().max(1),
            Self::Cuda(_) => 1,
        }
    }

    /// Its kind, on which the bits of a run depend: `cpu` or `cuda`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Auto | Self::Cpu => "cpu",
            Self::AllCuda | Self::Cuda(_) => "cuda",
        }
    }

    /// The device's name in the results: `cpu`, `cuda` or `cuda:N`.
    pub fn name(self) -> String {
        match self {
            Self::Auto | Self::Cpu => "cpu".to_string(),
            Self::AllCuda => "cuda".to_string(),
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

/// Number of CUDA devices; none where the program was built without CUDA or there is no driver.
fn cuda_devices() -> usize {
    #[cfg(feature = "cuda")]
    let count = candle_core::cuda_backend::cudarc::driver::CudaContext::device_count();
    #[cfg(not(feature = "cuda"))]
    let count: Result<i32, ()> = Ok(0);
    count.ok().and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}

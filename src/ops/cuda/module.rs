//! The module of all kernels: its source, its compilation, its place on each device.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::CudaFunction;
use candle_core::cuda_backend::cudarc::nvrtc::{CompileOptions, compile_ptx_with_opts};
use candle_core::{CudaDevice, Result};

use crate::ops::{adam, bce, logistic, mlp, noise, perturb, relu, rows, stack};
use crate::rng;

/// What comes later uses what stands before it.
const SOURCES: [&[&str]; 2] = [
    &rng::CUDA_SOURCE,
    &[
        include_str!("kernel.cuh"),
        rows::CUDA_SOURCE,
        noise::CUDA_SOURCE,
        perturb::CUDA_SOURCE,
        relu::CUDA_SOURCE,
        stack::CUDA_SOURCE,
        logistic::CUDA_SOURCE,
        bce::CUDA_SOURCE,
        adam::CUDA_SOURCE,
        mlp::CUDA_SOURCE,
    ],
];

/// The version of the virtual architecture, major and minor, that PTX is for.
type Capability = (i32, i32);

/// The latest that tests compile for.
const LATEST: Capability = (9, 0);

/// What has been compiled.
static COMPILED: Mutex<BTreeMap<Capability, Arc<str>>> = Mutex::new(BTreeMap::new());

/// A kernel of the module, which is compiled once a process for each kind of device and loaded once
/// for each device.
pub fn kernel(device: &CudaDevice, name: &str) -> Result<CudaFunction> {
    // What is compiled for the latest serves all GPUs after it, which NVRTC need not know.
    let capability = device.cuda_stream().context().compute_capability().w()?.min(LATEST);
    let ptx = {
        let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        match compiled.get(&capability) {
            Some(ptx) => ptx.clone(),
            None => {
                let ptx: Arc<str> = compile(options(capability))?.into();
                compiled.insert(capability, ptx.clone());
                ptx
            }
        }
    };
    let module = concat!("candle-noise ", env!("CARGO_PKG_VERSION"));
    Ok(device.get_or_load_custom_func(name, module, &ptx)?.into_cuda_function())
}

fn options((major, minor): Capability) -> CompileOptions {
    CompileOptions {
        options: vec![format!("--gpu-architecture=compute_{major}{minor}")],
        ..Default::default()
    }
}

fn compile(options: CompileOptions) -> Result<String> {
    Ok(compile_ptx_with_opts(SOURCES.concat().concat(), options).w()?.to_src())
}

#[cfg(test)]
mod tests {
    use candle_core::cuda_backend::cudarc::nvrtc::compile_ptx;

    use super::*;

    /// NVRTC may fuse and approximate what is not written as an intrinsic, and the driver may fuse
    /// what does not name its rounding in PTX. NVRTC needs no GPU.
    #[test]
    fn all_kernels_compile_and_every_operation_is_rounded_on_its_own() {
        if let Err(error) = compile_ptx("extern \"C\" __global__ void nothing() {}") {
            println!("skipped: NVRTC does not work here: {error}");
            return;
        }
        let source = SOURCES.concat().concat();
        let names = source.split("__global__ void ").skip(1);
        let names: Vec<&str> = names.map(|rest| rest.split('(').next().unwrap()).collect();
        assert!(names.contains(&"add_noise") && names.contains(&"adam"), "{names:?}");
        for capability in [(8, 0), LATEST] {
            let ptx = compile(options(capability)).unwrap();
            for liberty in [false, true] {
                let other = CompileOptions {
                    fmad: Some(liberty),
                    prec_div: Some(!liberty),
                    prec_sqrt: Some(!liberty),
                    ..options(capability)
                };
                assert!(compile(other).unwrap() == ptx, "{capability:?}: liberties are taken");
            }
            for name in &names {
                assert!(ptx.contains(&format!(".entry {name}(")), "{capability:?}: no {name}");
            }
            let instructions = ptx.lines().filter_map(|line| line.split_whitespace().next());
            for instruction in instructions.filter(|i| i.contains(".f32") || i.contains(".f64")) {
                let (operation, how) = instruction.split_once('.').unwrap();
                let rounded = how.starts_with("rn.");
                let computes = ["add", "sub", "mul", "fma", "mad", "div", "sqrt"];
                assert!(rounded || !computes.contains(&operation), "{capability:?}: {instruction}");
                assert!(!how.contains("ftz") && !how.contains("approx"), "{instruction}");
            }
        }
    }
}

//! The CUDA kernels as plain C++, thread by thread, against their Rust twins.

mod launches;
mod noise;
mod perturb;
mod rows;
mod step;

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use libloading::Library;

/// Threads of a block, as in `ops::cuda`.
const BLOCK: u32 = 256;

/// The kernels, compiled once; `None`, and a line that says so, where there is no C++ compiler.
fn library() -> Option<&'static Library> {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    match LIBRARY.get_or_init(compile) {
        Ok(library) => Some(library),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

fn compile() -> Result<Library, String> {
    let compiler = std::env::var("CXX").unwrap_or("c++".to_string());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernels");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libkernels.so");
    let output = Command::new(&compiler)
        .args(["-std=c++17", "-O1", "-ffp-contract=off", "-Wall", "-Werror", "-shared", "-fPIC"])
        .arg("-o")
        .arg(&library)
        .arg(folder.join("kernels.cpp"))
        .output();
    let output = output.map_err(|error| format!("no C++ compiler {compiler}: {error}"))?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // SAFETY: the library's initialization does nothing.
    Ok(unsafe { Library::new(library) }.unwrap())
}

/// Calls a kernel for each thread of as many blocks as the tasks need.
fn launch<F: Copy>(library: &Library, kernel: &str, tasks: usize, call: impl Fn(F)) {
    // SAFETY: each test names the function's own type.
    let (kernel, set_thread) = unsafe {
        let kernel = *library.get::<F>(kernel).unwrap();
        (kernel, *library.get::<extern "C" fn(u32, u32, u32)>("set_thread").unwrap())
    };
    for block in 0..tasks.div_ceil(BLOCK as usize) as u32 {
        for thread in 0..BLOCK {
            set_thread(block, BLOCK, thread);
            call(kernel);
        }
    }
}

/// Numbers without pattern in (−3, 3), the same on every machine.
fn numbers(count: usize, salt: usize) -> Vec<f32> {
    let number = |i: usize| (((i + 1) * 7919 + salt * 104_729) % 20_011) as f32 / 3335.2 - 3.;
    (0..count).map(number).collect()
}

fn bits(xs: &[f32]) -> Vec<u32> {
    xs.iter().map(|x| x.to_bits()).collect()
}

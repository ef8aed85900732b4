//! The vector instructions that the loops of this crate run with.
//!
//! Each loop is compiled for every instruction set and gives the same bits with all of them. The
//! environment variable `CANDLE_NOISE_SIMD` chooses one by name, so that anyone can see that: the
//! same command gives the same results with `scalar` as with `avx512`. The programs refuse a name that
//! they do not know; a library cannot, and runs with the widest set then.

use std::sync::OnceLock;

use pulp::{Arch, WithSimd};

/// The environment variable that names an instruction set.
const VARIABLE: &str = "CANDLE_NOISE_SIMD";

/// An instruction set to run with.
#[derive(Clone, Copy)]
pub(crate) struct Instructions(Arch);

impl Instructions {
    /// Runs a loop. Never inlined: a loop is compiled once for each instruction set, not once for each
    /// of its callers.
    #[inline(never)]
    pub fn dispatch<Op: WithSimd>(self, op: Op) -> Op::Output {
        self.0.dispatch(op)
    }
}

/// Makes a function of a loop: `vectorized!(fn name<'a>(xs: &'a [f32]) -> f32 = name_simd)` calls
/// `name_simd(simd, xs)`, which is compiled for each instruction set, with the one that runs.
///
/// It is what `pulp::with_simd` does, whose crate Candle does not bring.
macro_rules! vectorized {
    ($vis:vis fn $name:ident<'a>($($arg:ident: $of:ty),*) = $body:ident) => {
        vectorized!($vis fn $name<'a>($($arg: $of),*) -> () = $body);
    };
    ($vis:vis fn $name:ident<'a>($($arg:ident: $of:ty),*) -> $result:ty = $body:ident) => {
        $vis fn $name<'a>($($arg: $of),*) -> $result {
            struct Op<'a>($($of,)* std::marker::PhantomData<&'a ()>);
            impl<'a> pulp::WithSimd for Op<'a> {
                type Output = $result;

                #[inline(always)]
                fn with_simd<S: pulp::Simd>(self, simd: S) -> $result {
                    let Self($($arg,)* _) = self;
                    $body(simd, $($arg),*)
                }
            }
            $crate::simd::instructions().dispatch(Op($($arg,)* std::marker::PhantomData))
        }
    };
}
pub(crate) use vectorized;

/// The instruction set that the environment names, or else the widest.
///
/// A name that this CPU does not have counts as none; [`check`] says so.
pub(crate) fn instructions() -> Instructions {
    #[cfg(test)]
    if let Some(arch) = CHOSEN.get() {
        return Instructions(arch);
    }
    static ARCH: OnceLock<Arch> = OnceLock::new();
    Instructions(*ARCH.get_or_init(|| named().ok().flatten().unwrap_or_default()))
}

/// Checks the environment variable.
///
/// # Errors
/// If it names no instruction set of this CPU.
#[cfg(feature = "cli")]
pub(crate) fn check() -> Result<(), String> {
    named().map(drop)
}

/// The instruction sets of this CPU with their names, the widest last.
pub(crate) fn available() -> Vec<(&'static str, Arch)> {
    #[cfg(target_arch = "x86_64")]
    let wide = [
        pulp::x86::V3::try_new().map(|simd| ("avx2", Arch::V3(simd))),
        pulp::x86::V4::try_new().map(|simd| ("avx512", Arch::V4(simd))),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let wide = [Some(("native", Arch::new()))];
    [("scalar", Arch::Scalar)].into_iter().chain(wide.into_iter().flatten()).collect()
}

/// What the environment names, if it names anything.
fn named() -> Result<Option<Arch>, String> {
    let name = std::env::var_os(VARIABLE).filter(|name| !name.is_empty());
    let Some(name) = name else { return Ok(None) };
    let sets = available();
    match sets.iter().find(|(own, _)| name == *own) {
        Some((_, arch)) => Ok(Some(*arch)),
        None => Err(format!(
            "{VARIABLE}: expected an instruction set of this CPU ({}), received '{}'",
            sets.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
            name.display()
        )),
    }
}

#[cfg(test)]
thread_local! {
    static CHOSEN: std::cell::Cell<Option<Arch>> = const { std::cell::Cell::new(None) };
}

/// Runs a test's work with an instruction set, as far as this thread does it.
#[cfg(test)]
pub(crate) fn with<T>(arch: Arch, work: impl FnOnce() -> T) -> T {
    CHOSEN.set(Some(arch));
    let result = work();
    CHOSEN.set(None);
    result
}

//! The allocator of the binaries.
//!
//! glibc returns every freed activation to the kernel and faults its pages in again at the next
//! step. This costs more than the training itself and keeps threads from running in parallel.

/// mimalloc, an allocator that keeps freed memory.
pub type Allocator = mimalloc::MiMalloc;

/// The value for `#[global_allocator]`, which only a binary can set.
pub const ALLOCATOR: Allocator = mimalloc::MiMalloc;

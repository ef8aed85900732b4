//! The allocator of the binaries.
//!
//! glibc gives every freed activation back to the kernel and faults its pages in again at the next
//! step, which costs more than the training itself and keeps threads from running side by side.

/// An allocator that keeps freed memory: mimalloc.
pub type Allocator = mimalloc::MiMalloc;

/// For `#[global_allocator]`, which only a program can set.
pub const ALLOCATOR: Allocator = mimalloc::MiMalloc;

//! WASI preview 1 for the Prefab runtime, and preview 0 (`wasi_unstable`) by the same code.
//!
//! All 46 functions stand in one table ([`FUNCTIONS`]); each is a method of [`WasiCtx`] that works
//! on a checked view of the guest's memory ([`GuestMemory`]). Whatever a guest passes, a call ends
//! with an [`Errno`], with the program's [`Exit`] or, for a pointer outside the memory, with a trap; never
//! with a panic. The methods themselves return [`Errno::Fault`] for such a pointer, and [`GuestMemory`]
//! remembers the pointer.
//!
//! - A guest reaches only what its [`WasiCtxBuilder`] was given. Files lie below preopened
//!   directories, and no `..`, absolute path or symbolic link leads out of them (`cap-std`).
//! - Descriptors carry their base and inheriting rights as the specification has them; what
//!   lacks a right is [`Errno::Notcapable`]. A path that leads out of the sandbox is
//!   [`Errno::Perm`].
//! - The differences between the snapshots are kept in [`Snapshot`] alone.

mod args;
mod builder;
mod clock;
mod ctx;
mod descriptor;
mod directory;
mod errno;
mod exit;
mod fd;
mod fd_file;
mod fd_io;
mod functions;
mod host_file;
mod last;
mod link;
mod memory;
mod path;
mod path_open;
mod poll;
mod process;
mod rights;
mod snapshot;
mod sock;
mod stream;
mod table;
mod types;

pub use builder::{BuildError, WasiCtxBuilder};
pub use ctx::WasiCtx;
pub use errno::Errno;
pub use exit::{Exit, PointerError};
pub use functions::{End, FUNCTIONS, Function, Outcome, WasmType};
pub use link::{add_imports_to_linker, add_to_linker};
pub use memory::{GuestMemory, Outside};
pub use rights::Rights;
pub use snapshot::Snapshot;
pub use stream::{InputStream, OutputCapture, OutputStream};

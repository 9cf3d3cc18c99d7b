//! The one table of the functions of WASI: names, parameters, results.
//!
//! Whoever needs them all (the linker, the dispatcher below, a test) invokes
//! [`for_each_function`] with a macro of its own and gets the rows.

use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::exit::{Exit, PointerError};
use crate::memory::GuestMemory;
use crate::snapshot::Snapshot;

/// Invokes a macro with every function of WASI, one row each:
/// `name(parameter: type, …) -> result, snapshots;`, where a result is `errno` or `never` and
/// snapshots are `both` or `preview1`. Parameters are `u32` and `u64`, WebAssembly's `i32` and `i64`.
macro_rules! for_each_function {
    ($callback:ident $( ! ( $($extra:tt)* ) )?) => {
        $callback! {
            $( ($($extra)*) )?
            args_get(argv: u32, argv_buf: u32) -> errno, both;
            args_sizes_get(argc: u32, argv_buf_size: u32) -> errno, both;
            environ_get(environ: u32, environ_buf: u32) -> errno, both;
            environ_sizes_get(count: u32, environ_buf_size: u32) -> errno, both;
            clock_res_get(clock_id: u32, resolution: u32) -> errno, both;
            clock_time_get(clock_id: u32, precision: u64, time: u32) -> errno, both;
            fd_advise(fd: u32, offset: u64, len: u64, advice: u32) -> errno, both;
            fd_allocate(fd: u32, offset: u64, len: u64) -> errno, both;
            fd_close(fd: u32) -> errno, both;
            fd_datasync(fd: u32) -> errno, both;
            fd_fdstat_get(fd: u32, stat: u32) -> errno, both;
            fd_fdstat_set_flags(fd: u32, flags: u32) -> errno, both;
            fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64) -> errno, both;
            fd_filestat_get(fd: u32, stat: u32) -> errno, both;
            fd_filestat_set_size(fd: u32, size: u64) -> errno, both;
            fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, fst_flags: u32) -> errno, both;
            fd_pread(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nread: u32) -> errno, both;
            fd_prestat_get(fd: u32, prestat: u32) -> errno, both;
            fd_prestat_dir_name(fd: u32, path: u32, path_len: u32) -> errno, both;
            fd_pwrite(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nwritten: u32) -> errno, both;
            fd_read(fd: u32, iovs: u32, iovs_len: u32, nread: u32) -> errno, both;
            fd_readdir(fd: u32, buf: u32, buf_len: u32, cookie: u64, bufused: u32) -> errno, both;
            fd_renumber(from: u32, to: u32) -> errno, both;
            fd_seek(fd: u32, offset: u64, whence: u32, newoffset: u32) -> errno, both;
            fd_sync(fd: u32) -> errno, both;
            fd_tell(fd: u32, offset: u32) -> errno, both;
            fd_write(fd: u32, iovs: u32, iovs_len: u32, nwritten: u32) -> errno, both;
            path_create_directory(fd: u32, path: u32, path_len: u32) -> errno, both;
            path_filestat_get(fd: u32, flags: u32, path: u32, path_len: u32, stat: u32) -> errno, both;
            path_filestat_set_times(
                fd: u32, flags: u32, path: u32, path_len: u32, atim: u64, mtim: u64, fst_flags: u32
            ) -> errno, both;
            path_link(
                old_fd: u32, old_flags: u32, old_path: u32, old_path_len: u32,
                new_fd: u32, new_path: u32, new_path_len: u32
            ) -> errno, both;
            path_open(
                fd: u32, dirflags: u32, path: u32, path_len: u32, oflags: u32,
                base: u64, inheriting: u64, fdflags: u32, opened_fd: u32
            ) -> errno, both;
            path_readlink(fd: u32, path: u32, path_len: u32, buf: u32, buf_len: u32, bufused: u32) -> errno, both;
            path_remove_directory(fd: u32, path: u32, path_len: u32) -> errno, both;
            path_rename(
                fd: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32, new_path_len: u32
            ) -> errno, both;
            path_symlink(
                old_path: u32, old_path_len: u32, fd: u32, new_path: u32, new_path_len: u32
            ) -> errno, both;
            path_unlink_file(fd: u32, path: u32, path_len: u32) -> errno, both;
            poll_oneoff(subscriptions: u32, events: u32, count: u32, nevents: u32) -> errno, both;
            proc_exit(code: u32) -> never, both;
            proc_raise(signal: u32) -> errno, both;
            sched_yield() -> errno, both;
            random_get(buf: u32, buf_len: u32) -> errno, both;
            sock_accept(fd: u32, flags: u32, opened_fd: u32) -> errno, preview1;
            sock_recv(
                fd: u32, iovs: u32, iovs_len: u32, ri_flags: u32, datalen: u32, ro_flags: u32
            ) -> errno, both;
            sock_send(fd: u32, iovs: u32, iovs_len: u32, si_flags: u32, datalen: u32) -> errno, both;
            sock_shutdown(fd: u32, how: u32) -> errno, both;
        }
    };
}
pub(crate) use for_each_function;

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WasmType {
    /// WebAssembly's `i32`.
    I32,
    /// WebAssembly's `i64`.
    I64,
}

/// One function of WASI: its name and type, and a way to call it by its place in [`FUNCTIONS`].
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name it is imported by.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static [WasmType],
    /// Whether it returns an error number (`i32`); `proc_exit` does not return.
    pub returns_errno: bool,
    /// The oldest snapshot that has it.
    pub since: Snapshot,
    call: fn(&mut WasiCtx, &mut GuestMemory<'_>, &[u64]) -> Outcome,
}

/// What a call comes to: an error number for the guest, or the end of the program.
pub type Outcome = Result<Errno, End>;

/// Why a call does not return to the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The guest ended its program.
    Exit(Exit),
    /// The guest passed a pointer to memory that it does not have.
    Pointer(PointerError),
}

impl Function {
    /// Calls the function with `args` as WebAssembly has them; an `i32` is the lower half.
    /// Missing arguments are 0.
    ///
    /// # Errors
    ///
    /// [`End::Exit`] if the call ends the program, [`End::Pointer`] if a pointer, or a buffer that it
    /// points at, lies outside the memory.
    pub fn call(&self, ctx: &mut WasiCtx, mem: &mut GuestMemory<'_>, args: &[u64]) -> Outcome {
        let outcome = (self.call)(ctx, mem, args);
        finish(outcome, mem, self.name)
    }

    /// Whether `snapshot` has this function.
    pub fn is_in(&self, snapshot: Snapshot) -> bool {
        self.since == Snapshot::Preview0 || snapshot == Snapshot::Preview1
    }
}

/// What the methods behind the table return, brought into one form.
pub(crate) trait IntoOutcome {
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for Result<(), Errno> {
    fn into_outcome(self) -> Outcome {
        Ok(self.err().unwrap_or(Errno::Success))
    }
}

impl IntoOutcome for Exit {
    fn into_outcome(self) -> Outcome {
        Err(End::Exit(self))
    }
}

impl IntoOutcome for Result<Result<(), Errno>, Exit> {
    fn into_outcome(self) -> Outcome {
        self.map_err(End::Exit)?.into_outcome()
    }
}

/// The outcome of a call of `function`: a call that met a pointer outside `mem` has no error number.
pub(crate) fn finish(outcome: Outcome, mem: &GuestMemory<'_>, function: &'static str) -> Outcome {
    match mem.outside() {
        Some(outside) => Err(End::Pointer(PointerError {
            module: mem.snapshot().module_name(),
            function,
            outside,
        })),
        None => outcome,
    }
}

/// A parameter as the methods take it.
trait Param {
    const TYPE: WasmType;
    fn from_wasm(value: u64) -> Self;
}

impl Param for u32 {
    const TYPE: WasmType = WasmType::I32;

    fn from_wasm(value: u64) -> u32 {
        value as u32
    }
}

impl Param for u64 {
    const TYPE: WasmType = WasmType::I64;

    fn from_wasm(value: u64) -> u64 {
        value
    }
}

macro_rules! since {
    (both) => {
        Snapshot::Preview0
    };
    (preview1) => {
        Snapshot::Preview1
    };
}

macro_rules! returns_errno {
    (errno) => {
        true
    };
    (never) => {
        false
    };
}

macro_rules! table {
    ($( $name:ident($( $param:ident: $type:ty ),*) -> $result:ident, $since:ident; )*) => {
        /// Every function of WASI, preview 0 and 1.
        pub const FUNCTIONS: &[Function] = &[$( Function {
            name: stringify!($name),
            params: &[$( <$type as Param>::TYPE ),*],
            returns_errno: returns_errno!($result),
            since: since!($since),
            call: |ctx, mem, args| {
                let mut args = args.iter().copied();
                $( let $param = <$type as Param>::from_wasm(args.next().unwrap_or(0)); )*
                // A function without parameters reads none.
                let _ = &mut args;
                ctx.$name(mem $( , $param )*).into_outcome()
            },
        }, )*];
    };
}

for_each_function!(table);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(FUNCTIONS.len(), 46);
        let of_preview0 = FUNCTIONS
            .iter()
            .filter(|function| function.is_in(Snapshot::Preview0));
        assert_eq!(of_preview0.count(), 45);
        let open = FUNCTIONS
            .iter()
            .find(|function| function.name == "path_open")
            .unwrap();
        let (int, long) = (WasmType::I32, WasmType::I64);
        assert_eq!(open.params, [int, int, int, int, int, long, long, int, int]);
        let silent: Vec<_> = FUNCTIONS
            .iter()
            .filter(|f| !f.returns_errno)
            .map(|f| f.name)
            .collect();
        assert_eq!(silent, ["proc_exit"]);
    }
}

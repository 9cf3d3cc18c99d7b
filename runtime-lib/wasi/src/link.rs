//! The functions of WASI as imports of modules.

use prefab_runtime::{Caller, Error, Extern, ImportType, Linker, Mode, Module, Trap, TrapCode};

use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::functions::{End, IntoOutcome, finish, for_each_function};
use crate::memory::GuestMemory;
use crate::snapshot::Snapshot;

/// Defines one function in a linker, as a closure of its own parameters.
macro_rules! define {
    ($linker:ident $get:ident $wants:ident $snapshot:ident $name:ident($( $param:ident: $type:ty ),*) -> errno, preview1) => {
        if $snapshot == Snapshot::Preview1 {
            define!($linker $get $wants $snapshot $name($( $param: $type ),*) -> errno, both);
        }
    };
    ($linker:ident $get:ident $wants:ident $snapshot:ident $name:ident($( $param:ident: $type:ty ),*) -> errno, both) => {
        if $wants($snapshot.module_name(), stringify!($name)) {
            $linker.func_wrap_any_mode(
                $snapshot.module_name(),
                stringify!($name),
                move |mut caller: Caller<'_, T, M> $( , $param: $type )*| -> Result<u32, Error> {
                    let errno = enter(&mut caller, $get, $snapshot, stringify!($name), |ctx, mem| ctx.$name(mem $( , $param )*))?;
                    Ok(u32::from(errno.code()))
                },
            )?;
        }
    };
    ($linker:ident $get:ident $wants:ident $snapshot:ident $name:ident($( $param:ident: $type:ty ),*) -> never, both) => {
        if $wants($snapshot.module_name(), stringify!($name)) {
            $linker.func_wrap_any_mode(
                $snapshot.module_name(),
                stringify!($name),
                move |mut caller: Caller<'_, T, M> $( , $param: $type )*| -> Result<(), Error> {
                    enter(&mut caller, $get, $snapshot, stringify!($name), |ctx, mem| ctx.$name(mem $( , $param )*)).map(drop)
                },
            )?;
        }
    };
}

macro_rules! define_all {
    (
        ($linker:ident $get:ident $wants:ident $snapshot:ident)
        $( $name:ident($( $param:ident: $type:ty ),*) -> $result:ident, $since:ident; )*
    ) => {
        $( define!($linker $get $wants $snapshot $name($( $param: $type ),*) -> $result, $since); )*
    };
}

/// Defines all functions of both snapshots in `linker`, of whatever mode. `get` finds the context in the store's data.
///
/// They work on the memory that the calling module exports as `memory`; to a module that exports
/// none, every pointer is outside. A pointer outside the memory is the trap
/// [`TrapCode::MemoryOutOfBounds`], whose [detail](Trap::detail) names the function and the pointer. A
/// program that ends itself ends with the host error [`Exit`](crate::Exit), which
/// [`Error::downcast_ref`] finds.
///
/// # Errors
///
/// [`Error::Duplicate`] if the linker has one of them already.
pub fn add_to_linker<T, M: Mode, G>(linker: &mut Linker<T, M>, get: G) -> Result<(), Error>
where
    G: Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
{
    add_some(linker, get, |_, _| true)
}

/// As [`add_to_linker`], those functions alone that `module` imports: for a program that runs one module
/// and ends.
///
/// # Errors
///
/// As [`add_to_linker`].
pub fn add_imports_to_linker<T, M: Mode, G>(
    linker: &mut Linker<T, M>,
    module: &Module,
    get: G,
) -> Result<(), Error>
where
    G: Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
{
    let imports: Vec<ImportType> = module.imports().collect();
    add_some(linker, get, |module, name| {
        let mut imports = imports.iter();
        imports.any(|import| import.name == name && import.module == module)
    })
}

/// Defines those functions of both snapshots that `wants`, given module and name, is for.
fn add_some<T, M: Mode, G>(
    linker: &mut Linker<T, M>,
    get: G,
    wants: impl Fn(&str, &str) -> bool,
) -> Result<(), Error>
where
    G: Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
{
    for snapshot in Snapshot::ALL {
        for_each_function!(define_all!(linker get wants snapshot));
    }
    Ok(())
}

/// Makes one call: finds the memory and the context, and passes on the end of the program.
fn enter<T, M: Mode, R: IntoOutcome>(
    caller: &mut Caller<'_, T, M>,
    get: impl Fn(&mut T) -> &mut WasiCtx,
    snapshot: Snapshot,
    name: &'static str,
    call: impl FnOnce(&mut WasiCtx, &mut GuestMemory<'_>) -> R,
) -> Result<Errno, Error> {
    let finish = |outcome: R, mem: &GuestMemory<'_>| finish(outcome.into_outcome(), mem, name);
    let outcome = match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => {
            let (bytes, data) = caller.data_and_memory(memory)?;
            let mut mem = GuestMemory::new(bytes, snapshot);
            finish(call(get(data), &mut mem), &mem)
        }
        _ => {
            let mut mem = GuestMemory::new(&mut [], snapshot);
            finish(call(get(caller.data_mut()), &mut mem), &mem)
        }
    };
    outcome.map_err(|end| match end {
        End::Exit(exit) => Error::host(exit),
        End::Pointer(error) => Error::Trap(Trap::with_detail(
            TrapCode::MemoryOutOfBounds,
            error.to_string(),
        )),
    })
}

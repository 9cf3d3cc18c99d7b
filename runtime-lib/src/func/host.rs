//! Host functions.
//!
//! # Safety
//!
//! A [`HostFunc`] pairs a closure with shims made for the closure's type and for stores of one `T`
//! and `M`: `Linker` and `Func` put it into no other store. A shim is called by an adapter of the
//! function's type, or by this crate with as many values as the type says.
#![allow(unsafe_code, reason = "called by compiled code")]

use crate::address;
use crate::caller::Caller;
use crate::error::Error;
use crate::instance::Instance;
use crate::store::{Mode, StoreContextMut, StoreInner};
use crate::trap::{Exec, Execution, Pending, raise};
use crate::value::{RawVal, Val};
use prefab_abi::func::HostBinding;
use prefab_abi::types::{FuncType, ValType};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

/// Something whose type is forgotten until it is dropped.
trait Forgotten {}
impl<F> Forgotten for F {}

/// A host function that can be bound into any number of stores of one type.
pub struct HostFunc {
    ty: Arc<FuncType>,
    type_id: u64,
    /// Takes its arguments and returns its result in registers, if there is such a shim.
    native: Option<u64>,
    /// Takes its arguments in an array.
    array: u64,
    closure: Box<dyn Forgotten>,
}

// SAFETY: a host function is only reached through a linker or a store, whose mode `M` asked of the
// closure, by `Allowed<M>`, what it takes for them to be sent and shared: they are so only if `M`
// is.
unsafe impl Send for HostFunc {}
// SAFETY: as above.
unsafe impl Sync for HostFunc {}

/// The addresses of an adapter and of the shim that it calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adapted {
    pub(crate) adapter: u64,
    pub(crate) shim: u64,
}

/// The context of a host function, and what its shim needs besides.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Binding {
    pub(crate) abi: HostBinding,
    /// The context of the instance that imported the function; 0 if none did.
    importer: u64,
    store: NonNull<StoreInner>,
    host: *const HostFunc,
    closure: *const (),
}

impl Binding {
    /// The type of the function.
    ///
    /// # Safety
    /// The store that the function is bound into lives.
    pub(super) unsafe fn ty(&self) -> &FuncType {
        // SAFETY: the function lives as long as the store.
        unsafe { &(*self.host).ty }
    }

    /// The state of the store's execution.
    pub(crate) const fn exec(&self) -> *mut Exec {
        address::pointer(self.abi.exec)
    }
}

/// The shim of a host function that takes its arguments in an array.
pub(crate) type ArrayShim = unsafe extern "C" fn(*const Binding, *mut u64) -> u32;

/// Calls the array shim of a host function.
///
/// # Safety
/// The shim is that of a host function bound by `binding`, and `values` has its arguments and
/// room for its results.
pub(crate) unsafe fn call_array(shim: u64, binding: u64, values: *mut u64) -> u32 {
    let shim = address::pointer::<()>(shim);
    // SAFETY: the caller says that it is an array shim.
    let shim: ArrayShim = unsafe { std::mem::transmute(shim) };
    let binding = address::pointer::<Binding>(binding);
    // SAFETY: the caller says what the arguments are.
    unsafe { shim(binding, values) }
}

impl HostFunc {
    /// # Safety
    /// The shims are made for `F`; `native`, if it is there, is an `extern "C"` function of the
    /// signature that a native adapter of `ty` calls, and [raises](raise) if it fails.
    pub(crate) unsafe fn new<F: 'static>(
        ty: FuncType,
        closure: F,
        native: Option<*const ()>,
        array: ArrayShim,
    ) -> Self {
        Self {
            type_id: crate::interner::intern_type(&ty.to_canonical_bytes()),
            ty: Arc::new(ty),
            native: native.map(address::of),
            array: address::of(array as *const ()),
            closure: Box::new(closure),
        }
    }

    /// A host function that takes and returns [`Val`]s.
    pub(crate) fn dynamic<T, M: Mode, F>(ty: FuncType, closure: F) -> Self
    where
        F: Fn(Caller<'_, T, M>, &[Val], &mut [Val]) -> Result<(), Error> + 'static,
    {
        // SAFETY: the shim is made for this `F`, and there is no other.
        unsafe { Self::new(ty, closure, None, call_dynamic::<T, M, F>) }
    }

    pub(crate) const fn ty(&self) -> &Arc<FuncType> {
        &self.ty
    }

    pub(crate) const fn identity(&self) -> u64 {
        self.type_id
    }

    /// The shim that takes its arguments in an array: what the host itself calls.
    pub(crate) const fn array(&self) -> u64 {
        self.array
    }

    /// Which of a module's adapters for the function's type guests call, `native`, if it is there, or
    /// `array`, and the shim that this one calls.
    pub(crate) fn adapted(&self, native: Option<u64>, array: u64) -> Adapted {
        let native = native.zip(self.native);
        let (adapter, shim) = native.unwrap_or((array, self.array));
        Adapted { adapter, shim }
    }

    /// The binding for `store`, whose execution state is `exec`, for an adapter that calls `shim`, of
    /// the instance whose context is `importer`, if one imports the function. Valid as long as the
    /// function stays where it is.
    pub(crate) fn bind(
        &self,
        store: NonNull<StoreInner>,
        exec: NonNull<Exec>,
        shim: u64,
        importer: u64,
    ) -> Binding {
        Binding {
            abi: HostBinding {
                exec: address::of(exec.as_ptr()),
                function: shim,
                caller: importer,
            },
            importer,
            store,
            host: self,
            closure: std::ptr::from_ref(&*self.closure).cast(),
        }
    }
}

/// Calls the closure of `binding` as `run` says; 0, or 1 if it failed or panicked, which is noted.
///
/// # Safety
/// As [`returned`].
pub(crate) unsafe fn call_host<T, M: Mode, F>(
    binding: *const Binding,
    run: impl FnOnce(&F, NonNull<StoreInner>, Caller<'_, T, M>) -> Result<(), Error>,
) -> u32 {
    // SAFETY: as the caller says.
    let returned = unsafe { returned::<T, M, F, ()>(binding, run) };
    u32::from(returned.is_none())
}

/// Calls the closure of `binding` as `run` says, and stops the guest if it failed or panicked.
///
/// # Safety
/// As [`returned`]; and a guest has called through a native adapter. The caller has nothing to drop.
#[inline(always)]
pub(crate) unsafe fn call_host_or_raise<T, M: Mode, F, R: Copy>(
    binding: *const Binding,
    run: impl FnOnce(&F, NonNull<StoreInner>, Caller<'_, T, M>) -> Result<R, Error>,
) -> R {
    // SAFETY: as the caller says.
    match unsafe { returned::<T, M, F, R>(binding, run) } {
        Some(result) => result,
        // SAFETY: the adapter has noted where the guest was left; nothing is left to drop.
        None => unsafe { raise(address::pointer((*binding).abi.exec)) },
    }
}

/// Calls the closure of `binding` as `run` says; `None` if it failed or panicked, which is noted.
///
/// # Safety
/// `binding` is one of a function with a closure of type `F`, in a store of this `T` and `M`; the
/// store's guest waits, so that nothing holds a reference to what is in it.
#[inline(always)]
unsafe fn returned<T, M: Mode, F, R>(
    binding: *const Binding,
    run: impl FnOnce(&F, NonNull<StoreInner>, Caller<'_, T, M>) -> Result<R, Error>,
) -> Option<R> {
    // SAFETY: the caller says that it is valid. It is copied because the store may change it.
    let binding = unsafe { *binding };
    // SAFETY: the guest waits, so that nothing refers to the state.
    let before = cfg!(debug_assertions).then(|| unsafe { Execution::of(binding.exec()) });
    // A fiber that the guest runs on must not be suspended with the closure's frames on it.
    // SAFETY: the guest waits, so that nothing refers to the state.
    #[cfg(feature = "async")]
    let fiber = unsafe { (*binding.exec()).fiber };
    #[cfg(feature = "async")]
    if fiber.is_some() {
        // SAFETY: as above.
        unsafe { (*binding.exec()).fiber = None };
    }
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the closure is of this type, and lives as long as the store that it runs in.
        let closure = unsafe { &*binding.closure.cast::<F>() };
        // SAFETY: the store is of this `T` and `M`, and this call is the only one that uses it.
        let mut store = unsafe { StoreContextMut::from_inner(binding.store) };
        let caller = store.inner_mut().instance_of_context(binding.importer);
        run(closure, binding.store, Caller::new(store, caller))
    }));
    #[cfg(feature = "async")]
    if fiber.is_some() {
        // SAFETY: as above: the closure has returned.
        unsafe { (*binding.exec()).fiber = fiber };
    }
    if let Some(before) = before {
        // SAFETY: as above: the closure has returned.
        let after = unsafe { Execution::of(binding.exec()) };
        debug_assert!(
            before.is_kept_by(&after),
            "nested calls put back what they change of their store's execution"
        );
    }
    match outcome {
        Ok(Ok(result)) => Some(result),
        Ok(Err(error)) => {
            // SAFETY: the closure has returned; as above.
            unsafe { note(binding.store, Pending::Error(Box::new(error))) };
            None
        }
        Err(payload) => {
            // SAFETY: as above.
            unsafe { note(binding.store, Pending::Panic(payload)) };
            None
        }
    }
}

/// Notes why a host function has not returned.
///
/// # Safety
/// Nothing holds a reference to the store.
#[cold]
#[inline(never)]
unsafe fn note(store: NonNull<StoreInner>, pending: Pending) {
    // SAFETY: the caller says so.
    let store = unsafe { &mut *store.as_ptr() };
    store.exec_mut().set_pending(pending);
}

/// Reads the value of type `ty` at `at`.
///
/// # Safety
/// 16 bytes can be read there.
pub(crate) unsafe fn read_value(at: *const u64, ty: ValType) -> RawVal {
    // Only what was written is read: what is read at once but was written in pieces would not
    // come out of the store buffer.
    // SAFETY: the caller says so.
    let bits = unsafe {
        match ty {
            ValType::I32 | ValType::F32 => u128::from(at.cast::<u32>().read()),
            ValType::V128 => u128::from(at.read()) | u128::from(at.add(1).read()) << 64,
            _ => at.read().into(),
        }
    };
    RawVal { ty, bits }
}

/// Writes a value to `at`.
///
/// # Safety
/// 16 bytes can be written there.
pub(crate) unsafe fn write_value(at: *mut u64, bits: u128) {
    // SAFETY: the caller says so.
    unsafe {
        at.write(bits as u64);
        at.add(1).write((bits >> 64) as u64);
    }
}

/// Calls `call` with the values of the arguments in `values` and with zeros and nulls for the results, and puts those that it leaves there into
/// `values`.
///
/// # Safety
/// `values` is what a shim was called with, for the function of `binding`; nothing holds a
/// reference to `store`, which is the binding's.
pub(crate) unsafe fn with_vals(
    binding: *const Binding,
    values: *mut u64,
    store: NonNull<StoreInner>,
    call: impl FnOnce(&[Val], &mut [Val]) -> Result<(), Error>,
) -> Result<(), Error> {
    // SAFETY: the binding and the function it points at live as long as the store.
    let ty = unsafe { &(*(*binding).host).ty };
    let params = ty.params().len();
    let mut vals = Vec::with_capacity(params + ty.results().len());
    for (index, param) in ty.params().iter().enumerate() {
        // SAFETY: `values` has 16 bytes for each parameter.
        let raw = unsafe { read_value(values.add(2 * index), *param) };
        // SAFETY: the closure is not called yet: this is the only reference.
        vals.push(raw.to_val(unsafe { store.as_ref() }));
    }
    vals.extend(ty.results().iter().map(|ty| Val::default_for(*ty)));
    let (args, results) = vals.split_at_mut(params);
    call(args, results)?;
    for (index, (val, expected)) in results.iter().zip(ty.results()).enumerate() {
        if val.ty() != *expected {
            let found = val.ty();
            return Err(Error::Type(format!(
                "result {index} of a host function is of type {found}, not {expected}"
            )));
        }
        // SAFETY: the closure has returned: this is the only reference.
        let raw = val.to_raw(unsafe { store.as_ref() })?;
        // SAFETY: `values` has 16 bytes for each result.
        unsafe { write_value(values.add(2 * index), raw.bits) };
    }
    Ok(())
}

unsafe extern "C" fn call_dynamic<T, M: Mode, F>(binding: *const Binding, values: *mut u64) -> u32
where
    F: Fn(Caller<'_, T, M>, &[Val], &mut [Val]) -> Result<(), Error>,
{
    let run = |closure: &F, store: NonNull<StoreInner>, caller: Caller<'_, T, M>| {
        // SAFETY: these are what the shim was called with; `caller` is not used before `closure`.
        unsafe {
            with_vals(binding, values, store, |args, results| {
                closure(caller, args, results)
            })
        }
    };
    // SAFETY: this shim is only ever part of a `HostFunc` made by `dynamic` for this `F`.
    unsafe { call_host::<T, M, F>(binding, run) }
}

impl StoreInner {
    /// The instance whose context this is; `None` for 0.
    fn instance_of_context(&self, context: u64) -> Option<Instance> {
        let context = address::pointer(context);
        // SAFETY: a binding's importer is 0 or the context of an instance of the binding's store.
        let (_, index) = unsafe { crate::instance::from_context(NonNull::new(context)?) };
        Some(Instance {
            store: self.id(),
            index,
        })
    }
}

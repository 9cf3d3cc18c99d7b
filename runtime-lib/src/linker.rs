//! Linkers: what modules import, by name.

use crate::error::Error;
use crate::func::{Func, HostFunc, IntoFunc};
use crate::instance::{Extern, Imports, Initialize, Instance, Provided};
use crate::instance_pre::InstancePre;
use crate::module::Module;
use crate::store::{Allowed, AsContextMut, Local, Mode, Shared};
use crate::value::Val;
use prefab_abi::types::FuncType;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

pub(crate) type Invariant<T> = fn(T) -> T;

/// What modules can import, by the names of module and item. Host functions belong to no store:
/// one linker serves any number of stores of its type.
///
/// ```
/// # extern crate prefab_runtime as prefab;
/// use prefab::{Error, Instance, Linker, Module, Store};
///
/// let mut linker = Linker::<()>::new();
/// linker
///     .func_wrap("host", "double", |number: i32| number.wrapping_mul(2))?
///     .func_wrap("host", "fail", || -> Result<(), Error> { Err(Error::host("as asked")) })?;
/// assert!(linker.defines("host", "double"));
/// let taken = linker.func_wrap("host", "double", |number: i64| number).unwrap_err();
/// assert_eq!(taken.to_string(), r#""host" "double" is already defined"#);
///
/// /// An instance in a store of its own.
/// fn instance(linker: &Linker<()>, module: &Module) -> Result<(Store<()>, Instance), Error> {
///     let mut store = Store::new(());
///     let instance = linker.instantiate(&mut store, module)?;
///     Ok((store, instance))
/// }
/// # Ok::<(), prefab::Error>(())
/// ```
pub struct Linker<T, M: Mode = Shared> {
    modules: HashMap<Box<str>, HashMap<Box<str>, Provided>>,
    allow_shadowing: bool,
    /// Invariant in `T`, and sent and shared as `M` says.
    marker: PhantomData<(Invariant<T>, M)>,
}

impl<T, M: Mode> Default for Linker<T, M> {
    fn default() -> Self {
        Self::with_mode()
    }
}

impl<T, M: Mode> Clone for Linker<T, M> {
    fn clone(&self) -> Self {
        Self {
            modules: self.modules.clone(),
            ..*self
        }
    }
}

impl<T> Linker<T> {
    /// A linker that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_mode()
    }
}

/// A linker for stores of the mode [`Local`]: its host functions need not be `Send`.
pub type LocalLinker<T> = Linker<T, Local>;

impl<T> LocalLinker<T> {
    /// A linker of the mode [`Local`] that knows nothing yet.
    #[must_use]
    pub fn local() -> Self {
        Self::with_mode()
    }
}

impl<T, M: Mode> Linker<T, M> {
    /// A linker, for stores of any mode, that knows nothing yet.
    #[must_use]
    pub fn with_mode() -> Self {
        Self {
            modules: HashMap::new(),
            allow_shadowing: false,
            marker: PhantomData,
        }
    }

    /// Whether a definition may replace another. At first it may not.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Self {
        self.allow_shadowing = allow;
        self
    }

    fn insert(&mut self, module: &str, name: &str, provided: Provided) -> Result<&mut Self, Error> {
        let items = match self.modules.get_mut(module) {
            Some(items) => items,
            None => self.modules.entry(module.into()).or_default(),
        };
        if items.contains_key(name) && !self.allow_shadowing {
            return Err(Error::Duplicate {
                module: module.to_owned(),
                name: name.to_owned(),
            });
        }
        items.insert(name.into(), provided);
        Ok(self)
    }

    /// Defines a host function whose type is that of a closure.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn func_wrap<Params, R>(
        &mut self,
        module: &str,
        name: &str,
        function: impl IntoFunc<T, M, Params, R> + Allowed<M>,
    ) -> Result<&mut Self, Error> {
        self.define_host(module, name, function.into_host())
    }

    /// As [`func_wrap`](Self::func_wrap), in code that serves linkers of every mode: the function
    /// is `Send` and `Sync` whatever the mode asks.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn func_wrap_any_mode<Params, R>(
        &mut self,
        module: &str,
        name: &str,
        function: impl IntoFunc<T, M, Params, R> + Send + Sync,
    ) -> Result<&mut Self, Error> {
        self.define_host(module, name, function.into_host())
    }

    /// Defines a host function that takes and returns [`Val`]s. The results are preset to zeros
    /// and nulls.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn func_new<F>(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        function: F,
    ) -> Result<&mut Self, Error>
    where
        F: Fn(crate::Caller<'_, T, M>, &[Val], &mut [Val]) -> Result<(), Error>
            + Allowed<M>
            + 'static,
    {
        self.define_host(module, name, HostFunc::dynamic::<T, M, F>(ty, function))
    }

    /// As [`func_new`](Self::func_new), in code that serves linkers of every mode: the function is
    /// `Send` and `Sync` whatever the mode asks.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn func_new_any_mode<F>(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        function: F,
    ) -> Result<&mut Self, Error>
    where
        F: Fn(crate::Caller<'_, T, M>, &[Val], &mut [Val]) -> Result<(), Error>
            + Send
            + Sync
            + 'static,
    {
        self.define_host(module, name, HostFunc::dynamic::<T, M, F>(ty, function))
    }

    pub(crate) fn define_host(
        &mut self,
        module: &str,
        name: &str,
        host: HostFunc,
    ) -> Result<&mut Self, Error> {
        self.insert(module, name, Provided::Host(Arc::new(host)))
    }

    /// Whether something is defined by this name.
    #[must_use]
    pub fn defines(&self, module: &str, name: &str) -> bool {
        self.find(module, name).is_some()
    }

    /// Defines something of a store's: modules that import it can only be instantiated there.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn define(
        &mut self,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Self, Error> {
        self.insert(module, name, Provided::Extern(item.into()))
    }

    /// Defines everything that an instance exports, under the name `module`.
    ///
    /// # Errors
    /// If the instance is another store's, or a name is taken.
    pub fn instance(
        &mut self,
        store: impl AsContextMut<Data = T, Mode = M>,
        module: &str,
        instance: Instance,
    ) -> Result<&mut Self, Error> {
        for (name, item) in instance.exports(store)? {
            self.define(module, &name, item)?;
        }
        Ok(self)
    }

    /// Defines under one name what is defined under another.
    ///
    /// # Errors
    /// If nothing is, or the name is taken.
    pub fn alias(
        &mut self,
        module: &str,
        name: &str,
        as_module: &str,
        as_name: &str,
    ) -> Result<&mut Self, Error> {
        let provided = self.find(module, name).ok_or_else(|| Error::NoExport {
            kind: "item",
            name: format!("{module}.{name}"),
        })?;
        self.insert(as_module, as_name, provided)
    }

    pub(crate) fn find(&self, module: &str, name: &str) -> Option<Provided> {
        self.modules.get(module)?.get(name).cloned()
    }

    /// What is defined by this name. A host function is given to the store for it.
    pub fn get(
        &self,
        mut store: impl AsContextMut<Data = T, Mode = M>,
        module: &str,
        name: &str,
    ) -> Option<Extern> {
        Some(match self.find(module, name)? {
            Provided::Extern(item) => item,
            Provided::Host(host) => Func::of_host(&mut store.as_context_mut(), host).into(),
        })
    }

    /// An instance of `module`, with what is defined here for its imports; its start function has
    /// run, and a reactor's `_initialize`. A command is [run](Instance::run_command) later.
    ///
    /// # Errors
    /// If an import is missing, of another type or another store's, the module is malformed or
    /// too large for the machine, or the instance's initialisation, start function or `_initialize`
    /// traps.
    ///
    /// # Panics
    /// If a host function that the start function or `_initialize` calls panics.
    pub fn instantiate(
        &self,
        mut store: impl AsContextMut<Data = T, Mode = M>,
        module: &Module,
    ) -> Result<Instance, Error> {
        let mut store = store.as_context_mut();
        let find = |_: u32, module: &str, name: &str| self.find(module, name);
        let imports = Imports::resolve(Some(store.inner()), module, find)?;
        store.instantiate(module, imports, Initialize::Now)
    }
}

impl<T, M: Mode> Linker<T, M> {
    /// `module` with what is defined here for its imports: to make many instances of it.
    ///
    /// # Errors
    /// If an import is missing, or a host function is of another type, or the module is malformed.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T, M>, Error> {
        InstancePre::new(self, module)
    }
}

impl<T, M: Mode> fmt::Debug for Linker<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = self.modules.iter();
        f.debug_map()
            .entries(items.map(|(module, items)| (module, items.keys())))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Linker;
    use crate::error::Error;
    use crate::{Caller, ExternRef, Func, FuncType, Store, TypedFunc, V128, Val, ValType};

    #[test]
    fn a_linker_can_be_shared() {
        fn is_shared<L: Send + Sync>(_: &L) {}
        is_shared(&Linker::<std::cell::Cell<u8>>::new());
    }

    #[test]
    fn names_are_taken_once() {
        let mut linker = Linker::<()>::new();
        linker.func_wrap("a", "b", || {}).unwrap();
        let again = linker.func_wrap("a", "b", || {});
        assert!(matches!(again, Err(Error::Duplicate { .. })));
        // What was there still is.
        let again = linker.func_wrap("a", "b", |_: i32| {});
        assert!(again.is_err());
        let mut store = Store::new(());
        let first = linker.get(&mut store, "a", "b").unwrap();
        let ty = first.into_func().unwrap().ty(&store).unwrap();
        assert_eq!(ty, FuncType::new([], []));
        linker.allow_shadowing(true);
        linker.func_wrap("a", "b", || 1_i32).unwrap();
        linker.alias("a", "b", "c", "d").unwrap();
        assert!(linker.alias("a", "x", "c", "e").is_err());
        let mut store = Store::new(());
        let found = linker.get(&mut store, "c", "d").unwrap();
        let ty = found.into_func().unwrap().ty(&store).unwrap();
        assert_eq!(ty, FuncType::new([], [ValType::I32]));
    }

    type All = (
        i32,
        u32,
        i64,
        u64,
        f32,
        f64,
        V128,
        Option<Func>,
        Option<ExternRef>,
    );

    #[test]
    fn every_type_goes_in_and_out() {
        let mut store = Store::new(0_u32);
        let swap = Func::wrap(
            &mut store,
            |mut caller: Caller<'_, u32>,
             a: i32,
             b: u32,
             c: i64,
             d: u64,
             e: f32,
             f: f64,
             g: V128,
             h: Option<Func>,
             i: Option<ExternRef>|
             -> Result<All, Error> {
                *caller.data_mut() += 1;
                Ok((a, b, c, d, e, f, g, h, i))
            },
        );
        let reference = ExternRef::new(&mut store, "here").unwrap();
        let typed: TypedFunc<All, All> = swap.typed(&store).unwrap();
        let args = (
            -1,
            2,
            -3,
            4,
            5.5,
            -6.5,
            V128(7 << 100 | 1),
            Some(swap),
            Some(reference),
        );
        let out = typed.call(&mut store, args).unwrap();
        assert_eq!(out, args);
        let vals = [
            Val::I32(-1),
            Val::I32(2),
            Val::I64(-3),
            Val::I64(4),
            Val::from(5.5_f32),
            Val::from(-6.5),
            Val::V128(7 << 100 | 1),
            Val::FuncRef(None),
            Val::ExternRef(Some(reference)),
        ];
        let mut results = [Val::I32(0); 9];
        swap.call(&mut store, &vals, &mut results).unwrap();
        assert_eq!(format!("{results:?}"), format!("{vals:?}"));
        assert_eq!(*store.data(), 2);
        let data = reference.data(&store).unwrap();
        assert_eq!(data.downcast_ref(), Some(&"here"));
        assert!(swap.call(&mut store, &vals[1..], &mut results).is_err());
        assert!(swap.typed::<(), ()>(&store).is_err());
    }

    #[test]
    fn sixteen_vectors_are_passed() {
        let mut store = Store::new(());
        type V = V128;
        let last = Func::wrap(
            &mut store,
            |_: V,
             _: f64,
             _: i32,
             _: V,
             _: V,
             _: V,
             _: V,
             a: i32,
             _: V,
             _: V,
             _: V,
             _: V,
             _: V,
             _: V,
             _: f32,
             b: V| (a, b),
        );
        let typed = last
            .typed::<(V, f64, i32, V, V, V, V, i32, V, V, V, V, V, V, f32, V), (i32, V)>(&store)
            .unwrap();
        let n = V128(0);
        let args = (
            n,
            0.,
            0,
            n,
            n,
            n,
            n,
            3,
            n,
            n,
            n,
            n,
            n,
            n,
            0.,
            V128(5 << 64 | 6),
        );
        let out = typed.call(&mut store, args).unwrap();
        assert_eq!(out, (3, V128(5 << 64 | 6)));
    }

    #[test]
    fn errors_and_panics_of_host_functions() {
        let mut store = Store::new(());
        let ty = FuncType::new([ValType::I32], [ValType::I64]);
        let func = Func::new(&mut store, ty, |_, args, results| match args[0] {
            Val::I32(0) => Err(Error::host(std::fmt::Error)),
            Val::I32(1) => panic!("on purpose"),
            Val::I32(2) => {
                results[0] = Val::I32(2);
                Ok(())
            }
            _ => Ok(()),
        });
        let typed = func.typed::<i32, i64>(&store).unwrap();
        let error = typed.call(&mut store, 0).unwrap_err();
        assert!(error.downcast_ref::<std::fmt::Error>().is_some());
        let call = std::panic::AssertUnwindSafe(|| typed.call(&mut store, 1));
        let payload = std::panic::catch_unwind(call).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
        assert!(matches!(typed.call(&mut store, 2), Err(Error::Type(_))));
        assert_eq!(typed.call(&mut store, 3).unwrap(), 0);
    }

    #[test]
    fn handles_of_other_stores_are_refused() {
        let (mut one, mut two) = (Store::new(()), Store::new(()));
        let func = Func::wrap(&mut one, || {});
        let refused = |result: Result<(), Error>| matches!(result, Err(Error::WrongStore(_)));
        assert!(refused(func.call(&mut two, &[], &mut [])));
        let typed = func.typed::<(), ()>(&one).unwrap();
        assert!(refused(typed.call(&mut two, ())));
        assert!(typed.call(&mut one, ()).is_ok());
        let take = Func::wrap(&mut two, |_: Option<Func>| {});
        let take = take.typed::<Option<Func>, ()>(&two).unwrap();
        assert!(refused(take.call(&mut two, Some(func))));
    }
}

//! Fuel: how many instructions a store's guests may still execute.
//!
//! Compiled code counts down in [`ExecState::fuel`](prefab_abi::exec::ExecState::fuel), which is
//! what is left of the current slice, and calls the runtime when that is below 0. The rest of the
//! store's fuel is kept here.

use crate::error::Error;
use crate::module::Module;
use crate::store::{AsContextMut, Mode, Store, StoreContextMut, StoreInner};
use crate::trap::Exec;
use std::num::NonZeroU64;

/// The largest slice.
const MAX_SLICE: u64 = i64::MAX as u64;

/// The fuel of a store, apart from the slice that compiled code counts down.
#[derive(Debug, Default)]
pub(crate) struct Fuel {
    /// What is left besides the slice, if the fuel was ever set; otherwise there is always more.
    rest: Option<u64>,
    /// The size of a slice behind which the guest yields.
    interval: Option<NonZeroU64>,
}

/// How a guest goes on that has used up its slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refill {
    /// It has another slice.
    GoOn,
    /// It has another slice, and lets others run first.
    Yield,
    /// It traps: nothing is left.
    Empty,
}

impl Fuel {
    /// The slice that code starts with where nothing was said of fuel.
    pub(crate) const UNSET_SLICE: i64 = i64::MAX;

    fn slice_size(&self) -> u64 {
        self.interval
            .map_or(MAX_SLICE, |interval| interval.get().min(MAX_SLICE))
    }

    /// Takes as many slices as it needs for `least`, the last of which may be smaller; `None` if
    /// not as much is left.
    fn take(&mut self, least: u64) -> Option<i64> {
        let size = self.slice_size();
        let mut taken = least.div_ceil(size).max(1).saturating_mul(size);
        if let Some(rest) = &mut self.rest {
            taken = taken.min(*rest);
            *rest -= taken;
        }
        (taken >= least).then(|| taken.min(MAX_SLICE).cast_signed())
    }
}

impl Exec {
    /// Gives the guest, whose slice is used up, more.
    pub(crate) fn refill(&mut self) -> Refill {
        let missing = self.abi.fuel.min(0).unsigned_abs();
        let Some(taken) = self.fuel.take(missing) else {
            // What it wanted to do next costs more than there was.
            self.abi.fuel = 0;
            return Refill::Empty;
        };
        self.abi.fuel = taken.saturating_sub_unsigned(missing);
        match self.fuel.interval {
            Some(_) => Refill::Yield,
            None => Refill::GoOn,
        }
    }

    fn set_fuel(&mut self, fuel: u64) {
        self.fuel.rest = Some(fuel);
        self.abi.fuel = self.fuel.take(0).unwrap_or(0);
    }

    /// What is left, if it was ever set.
    fn fuel(&self) -> Option<u64> {
        let slice = u64::try_from(self.abi.fuel).unwrap_or(0);
        Some(self.fuel.rest? + slice)
    }

    fn set_interval(&mut self, interval: Option<NonZeroU64>) {
        self.fuel.rest = self.fuel();
        self.fuel.interval = interval;
        self.abi.fuel = self.fuel.take(0).unwrap_or(0);
    }

    fn counts_fuel(&self) -> bool {
        self.fuel.rest.is_some() || self.fuel.interval.is_some()
    }
}

impl StoreInner {
    /// Refuses a module that does not count where the store does.
    pub(crate) fn check_fuel(&mut self, module: &Module) -> Result<(), Error> {
        if self.exec_mut().counts_fuel() && !module.assumptions().uses_fuel {
            return Err(without_fuel(module));
        }
        Ok(())
    }

    /// That all code in the store counts.
    fn all_use_fuel(&self) -> Result<(), Error> {
        let mut modules = self.instances.iter().map(|instance| instance.module());
        match modules.find(|module| !module.assumptions().uses_fuel) {
            Some(module) => Err(without_fuel(module)),
            None => Ok(()),
        }
    }
}

fn without_fuel(module: &Module) -> Error {
    Error::CompiledWithout {
        module: module.name().to_owned(),
        flag: "--fuel",
        why: "it would not use any of the store's fuel",
    }
}

impl<T, M: Mode> StoreContextMut<'_, T, M> {
    /// Lets guests execute so many instructions from now on.
    ///
    /// # Errors
    /// As [`Store::set_fuel`].
    pub fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        let inner = self.inner_mut();
        inner.all_use_fuel()?;
        inner.exec_mut().set_fuel(fuel);
        Ok(())
    }

    /// How many instructions guests may still execute.
    ///
    /// # Errors
    /// As [`Store::get_fuel`].
    pub fn get_fuel(&mut self) -> Result<u64, Error> {
        self.inner_mut().exec_mut().fuel().ok_or(Error::FuelNotSet)
    }

    /// How much fuel guests of asynchronous calls use before they let others run.
    ///
    /// # Errors
    /// As [`Store::fuel_async_yield_interval`].
    pub fn fuel_async_yield_interval(&mut self, interval: Option<NonZeroU64>) -> Result<(), Error> {
        let inner = self.inner_mut();
        if interval.is_some() {
            inner.all_use_fuel()?;
        }
        inner.exec_mut().set_interval(interval);
        Ok(())
    }
}

impl<T, M: Mode> Store<T, M> {
    /// Lets guests execute so many instructions from now on; what was left is forgotten. A guest
    /// that wants to execute more traps with [`TrapCode::OutOfFuel`](crate::TrapCode::OutOfFuel).
    /// Before it is called, guests execute as many as they like.
    ///
    /// From now on, only modules that were compiled with `prefab compile --fuel` can be instantiated
    /// in the store.
    ///
    /// # Errors
    /// [`Error::CompiledWithout`], if there is an instance of another module.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        self.as_context_mut().set_fuel(fuel)
    }

    /// How many instructions guests may still execute.
    ///
    /// # Errors
    /// [`Error::FuelNotSet`], if [`set_fuel`](Self::set_fuel) was never called: there is no bound.
    pub fn get_fuel(&mut self) -> Result<u64, Error> {
        self.as_context_mut().get_fuel()
    }

    /// How much fuel a guest of an asynchronous call uses before it lets others run; `None` if it
    /// does not do so. A guest that is called otherwise goes on at once.
    ///
    /// From now on, if there is an interval, only modules that were compiled with
    /// `prefab compile --fuel` can be instantiated in the store.
    ///
    /// # Errors
    /// [`Error::CompiledWithout`], if there is an interval and an instance of another module.
    pub fn fuel_async_yield_interval(&mut self, interval: Option<NonZeroU64>) -> Result<(), Error> {
        self.as_context_mut().fuel_async_yield_interval(interval)
    }
}

#[cfg(test)]
mod tests {
    use super::Refill;
    use crate::trap::Exec;
    use std::num::NonZeroU64;

    #[test]
    fn slices_come_to_what_was_set() {
        let mut exec = Exec::default();
        assert_eq!(exec.fuel(), None);
        exec.set_fuel(25);
        assert_eq!(exec.fuel(), Some(25));
        exec.set_interval(NonZeroU64::new(10));
        assert_eq!((exec.abi.fuel, exec.fuel()), (10, Some(25)));
        exec.abi.fuel -= 12;
        assert_eq!(exec.refill(), Refill::Yield);
        assert_eq!((exec.abi.fuel, exec.fuel()), (8, Some(13)));
        exec.abi.fuel -= 14;
        assert_eq!(exec.refill(), Refill::Empty);
        assert_eq!(exec.fuel(), Some(0));
    }

    #[test]
    fn a_slice_may_be_less_than_the_next_step_costs() {
        let mut exec = Exec::default();
        exec.set_fuel(100);
        exec.set_interval(NonZeroU64::new(1));
        exec.abi.fuel -= 100;
        assert_eq!(exec.refill(), Refill::Yield);
        assert_eq!(exec.fuel(), Some(0));
    }

    #[test]
    fn there_may_be_more_than_a_slice_holds() {
        let mut exec = Exec::default();
        exec.set_fuel(u64::MAX);
        assert_eq!(exec.fuel(), Some(u64::MAX));
        exec.abi.fuel = -1;
        assert_eq!(exec.refill(), Refill::GoOn);
        assert_eq!(exec.fuel(), Some(u64::MAX - i64::MAX as u64 - 1));
    }

    #[test]
    fn what_was_not_set_has_no_end() {
        let mut exec = Exec::default();
        exec.abi.fuel = -5;
        assert_eq!(exec.refill(), Refill::GoOn);
        assert_eq!(exec.fuel(), None);
        exec.set_interval(NonZeroU64::new(3));
        exec.abi.fuel = -5;
        assert_eq!(exec.refill(), Refill::Yield);
        assert_eq!((exec.abi.fuel, exec.fuel()), (1, None));
    }
}

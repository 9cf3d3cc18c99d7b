//! The embedding API, on modules that are compiled to objects, loaded and run.

mod allocations;
#[cfg(feature = "async")]
mod asynchronous;
mod calls;
mod commands;
mod common;
mod features;
mod fuel;
mod growth;
mod handles;
mod host;
mod instances;
mod interruption;
mod limits;
mod linked;
mod memories;
mod plans;
mod pool;
mod reset;
mod stacks;
mod tables;
mod traps;
mod unknown;

//! What is measured, group by group.

pub mod calls;
pub mod compile;
pub mod counts;
pub mod instances;
pub mod modules;
pub mod run;
pub mod start;
pub mod touch;

//! Hands the body `differential` to libFuzzer.

#![no_main]
#![allow(dead_code, reason = "each target uses some of the modules")]

#[path = "../../compiles.rs"]
mod compiles;
#[path = "../../differential.rs"]
mod differential;
#[path = "../../generate.rs"]
mod generate;
#[path = "../../oracle.rs"]
mod oracle;
#[path = "../../ours.rs"]
mod ours;
#[path = "../../random.rs"]
mod random;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    differential::check(input);
});

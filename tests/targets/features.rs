//! What a CPU has is found out, and objects that need more are refused.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use prefab::targets::{FeatureSet, Target};
use prefab::{CompileOptions, compile};

use super::cross::{MAX_CPU, Machine};

/// CPUs of qemu's between the plain one and the one that has everything, and what they have beyond
/// the plain one.
const BETWEEN: &[(&str, &str, &[&str])] = &[
    ("aarch64", "cortex-a76", &["lse", "fp16", "dotprod"]),
    ("riscv64", "rva22u64", &["zba", "zbb", "zbs", "zfhmin"]),
];

/// What qemu's CPUs have, but its `riscv_hwprobe` (10.0) does not tell of.
const UNTOLD: &[&str] = &["zcb"];

/// Asks each CPU for each feature by itself, by an object that needs it.
pub fn are_found(machine: &Machine) -> Result<()> {
    let target = Target::from_triple(machine.triple)?;
    let plain = FeatureSet::baseline(target);
    let all = target.features().features.iter().map(|it| it.name);
    let beyond = all.filter(|name| !plain.has(name) && !UNTOLD.contains(name));
    let beyond: Vec<&str> = beyond.collect();
    expect(machine, machine.plain_cpu, &beyond, &[])?;
    expect(machine, MAX_CPU, &beyond, &beyond)?;
    let between = BETWEEN.iter().filter(|(name, ..)| *name == machine.name);
    for (_, cpu, has) in between {
        expect(machine, cpu, &beyond, has)?;
    }
    Ok(())
}

/// Fails where a CPU accepts other objects than those that need nothing but what it `has`.
fn expect(machine: &Machine, cpu: &str, asked: &[&str], has: &[&str]) -> Result<()> {
    let mut found = BTreeSet::new();
    for name in asked {
        if accepts(machine, cpu, name)? {
            found.insert(*name);
        }
    }
    let has = BTreeSet::from_iter(has.iter().copied());
    ensure!(found == has, "{cpu} has {has:?}, and {found:?} is found");
    Ok(())
}

/// Whether the CPU runs an object that needs the feature. Else it is refused for just that.
fn accepts(machine: &Machine, cpu: &str, feature: &str) -> Result<bool> {
    let target = Target::from_triple(machine.triple)?;
    let wasm = wat::parse_str(r#"(module (func (export "seven") (result i32) i32.const 7))"#)?;
    let mut options = CompileOptions::new(target);
    options.features = FeatureSet::parse(target, None, Some(feature))?;
    let object = compile(&wasm, &options, &|_, _| ())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("seven.o");
    std::fs::write(&path, object)?;
    let mut prefab = machine.command(cpu, &machine.prefab()?)?;
    let output = prefab
        .args(["run", "--invoke", "seven"])
        .arg(&path)
        .output();
    let output = output.context("cannot start qemu")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        ensure!(output.stdout == b"7\n", "it printed {:?}", output.stdout);
        return Ok(true);
    }
    let named = said.contains("CPU features") && said.contains(feature);
    ensure!(
        named,
        "{cpu} refuses {feature} otherwise than it should: {said}"
    );
    Ok(false)
}

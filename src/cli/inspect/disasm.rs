//! The instructions of a function: calls by name, trap sites, places in the module.

use super::artifact::Artifact;
use super::code::{Code, Role, explore};
use prefab_abi::code_map::Site;
use prefab_targets::disasm::{Disassembler, Flow, Instruction};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

/// The listing of the function that `func` names: a wasm function's index, its name, mangled or not, an
/// export's name, or a symbol of the object.
///
/// # Errors
/// If there is no such function.
pub(super) fn disasm(artifact: &Artifact<'_>, func: &str) -> Result<String, String> {
    let (title, range) = find(artifact, func)?;
    let disassembler = Disassembler::new(artifact.target.disasm())?;
    let funcs: BTreeMap<u32, u32> = artifact
        .funcs()
        .into_iter()
        .map(|(func, range)| (range.start, func))
        .collect();
    let role = match funcs.contains_key(&range.start) {
        true => Role::Function,
        false => Role::Glue,
    };
    let code = explore(&disassembler, artifact.text, range.clone(), role);
    let inside = |site: &Site| range.contains(&site.code_offset);
    let sites = || artifact.sites().filter(inside);
    let listing = Listing {
        artifact,
        code: &code,
        traps: sites()
            .filter_map(|site| Some((site.code_offset, site.trap?.message())))
            .collect(),
        places: sites()
            .filter_map(|site| Some((site.code_offset, place(artifact, &site)?)))
            .collect(),
        funcs,
    };
    let mut out = format!("{title}: {} bytes at {:#x}\n", range.len(), range.start);
    // Writing to a string cannot fail.
    let _ = listing.write(&mut out, range);
    Ok(out)
}

/// Where in the module a site is, and in which function if that is inlined.
fn place(artifact: &Artifact<'_>, site: &Site) -> Option<String> {
    let wasm = site.wasm_offset?;
    Some(match artifact.code_map.inlined(site.code_offset).next() {
        None => format!("wasm {wasm:#x}"),
        Some(inlined) => format!("wasm {wasm:#x} of {}", artifact.func_label(inlined.func)),
    })
}

fn find(artifact: &Artifact<'_>, func: &str) -> Result<(String, Range<u32>), String> {
    let meta = &artifact.meta;
    let imported = meta.counts().imported_funcs;
    let defined = |index: u32| {
        let funcs = artifact.funcs();
        let found = funcs.into_iter().find(|(found, _)| *found == index);
        match found {
            Some((index, range)) => Ok((artifact.func_label(index), range)),
            None if index < imported => Err(format!("func {index} is imported: it has no code")),
            None => Err(format!("there is no func {index}")),
        }
    };
    if let Ok(index) = func.parse() {
        return defined(index);
    }
    let names = meta.func_names().map_err(|error| error.to_string())?;
    for name in names.iter().flatten() {
        let Ok(text) = meta.str(name.name) else {
            continue;
        };
        if text == func || prefab::demangle(text) == func {
            return defined(name.func);
        }
    }
    match meta.export(func) {
        Ok(Some(export)) if export.kind == 0 => return defined(export.index),
        _ => {}
    }
    let symbol = artifact
        .code_symbols
        .iter()
        .find(|symbol| symbol.name == func);
    match symbol {
        Some(symbol) => Ok((symbol.name.to_string(), symbol.range.clone())),
        None => Err(format!("there is no function {func:?}")),
    }
}

struct Listing<'a> {
    artifact: &'a Artifact<'a>,
    code: &'a Code,
    traps: BTreeMap<u32, &'static str>,
    places: BTreeMap<u32, String>,
    /// Function indices by the start of their code.
    funcs: BTreeMap<u32, u32>,
}

impl Listing<'_> {
    fn write(&self, out: &mut String, range: Range<u32>) -> std::fmt::Result {
        let mut at = range.start;
        for (start, instruction) in &self.code.instructions {
            if at < *start {
                self.data(out, at..*start)?;
            }
            self.instruction(out, *start, instruction)?;
            at = start + instruction.size as u32;
        }
        if at < range.end {
            self.data(out, at..range.end)?;
        }
        Ok(())
    }

    fn instruction(&self, out: &mut String, at: u32, found: &Instruction) -> std::fmt::Result {
        let unknown = || {
            let end = at as usize + found.size;
            let bytes = self.artifact.text.get(at as usize..end);
            format!(".insn {:02x?}", bytes.unwrap_or_default())
        };
        let text = found.text.clone().unwrap_or_else(unknown);
        let mut notes = Vec::new();
        if let Flow::Call(target) | Flow::Jump(target) | Flow::Branch(target) = found.flow {
            let call = matches!(found.flow, Flow::Call(_));
            if call || !self.inside(target) {
                notes.push(self.name(target));
            } else if !text.ends_with(&format!("{target:#x}")) {
                notes.push(format!("to {target:#x}"));
            }
        }
        if let Some(trap) = self.traps.get(&at) {
            notes.push(format!("trap: {trap}"));
        }
        // A trapping instruction stands in the map by its start, a call by its last byte.
        let place = self.places.get(&at).or_else(|| match found.flow {
            Flow::Call(_) | Flow::IndirectCall => self.places.get(&(at + found.size as u32 - 1)),
            _ => None,
        });
        notes.extend(place.cloned());
        let notes = notes.join(", ");
        let line = format!("{at:8x}: {text:<40} ; {notes}");
        let line = line.strip_suffix(" ; ").unwrap_or(&line);
        writeln!(out, "{}", line.trim_end())
    }

    fn inside(&self, target: i64) -> bool {
        u32::try_from(target).is_ok_and(|target| self.code.starts(target))
    }

    /// What stands at `target`: a wasm function, a stub or trampoline by its symbol, or a place.
    fn name(&self, target: i64) -> String {
        let Ok(target) = u32::try_from(target) else {
            return format!("{target:#x}");
        };
        if let Some(func) = self.funcs.get(&target) {
            return self.artifact.func_label(*func);
        }
        match self.artifact.symbol_at(target) {
            Some((symbol, 0)) => prefab::demangle(symbol.name).into_owned(),
            Some((symbol, distance)) => {
                format!("{}+{distance:#x}", prefab::demangle(symbol.name))
            }
            None => format!("{target:#x}"),
        }
    }

    /// What no path leads to: jump tables, constants, padding.
    fn data(&self, out: &mut String, range: Range<u32>) -> std::fmt::Result {
        let mut at = range.start;
        while at < range.end {
            let table = self.code.tables.iter().find(|table| table.contains(&at));
            let size = match table {
                Some(_) => 4,
                None => 8.min(range.end - at),
            };
            let bytes = self.artifact.text.get(at as usize..(at + size) as usize);
            let bytes = bytes.unwrap_or_default();
            match (table, bytes.first_chunk::<4>()) {
                (Some(table), Some(word)) => {
                    let target = i64::from(table.start) + i64::from(i32::from_le_bytes(*word));
                    writeln!(out, "{at:8x}: .table {target:#x}")?;
                }
                _ => writeln!(out, "{at:8x}: .bytes {bytes:02x?}")?,
            }
            at += size;
        }
        Ok(())
    }
}

//! Where each piece of code lies in `.text`, with all references between them resolved.

use crate::codegen::Code;
use crate::codegen::abi::Symbol;
use crate::error::CompileError;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::TargetIsa;
use prefab_abi::code_map::{InlineTable, Site};
use std::collections::HashMap;
use std::mem;
use std::ops::Range;

/// `.text`, and what refers to places in it.
#[derive(Debug)]
pub struct Text {
    /// The section's bytes.
    pub bytes: Vec<u8>,
    /// Where each piece of code is, in the order of the pieces, in bytes.
    pub ranges: Vec<Range<u32>>,
    /// Where each symbol is.
    pub symbols: HashMap<Symbol, u32>,
    /// The code map, by code offsets.
    pub sites: Vec<Site>,
    /// What of the code is inlined.
    pub inlined: InlineTable,
}

impl Text {
    /// Where everything is that was laid out, by the symbols that stand for it: what checks the
    /// stack for a function is one with it.
    pub fn functions<'a>(
        &'a self,
        code: &'a [Code],
    ) -> impl Iterator<Item = (Symbol, Range<u32>)> + 'a {
        let is_body = |at: usize| matches!(code.get(at), Some(code) if code.is_body());
        let starts = (0..code.len()).filter(move |at| !is_body(*at));
        starts.map(move |at| {
            let last = at + usize::from(is_body(at + 1));
            let end = self.ranges[last].end;
            (code[at].symbol, self.ranges[at].start..end)
        })
    }
}

/// Lays out the code in its order, and takes the bytes of each piece.
pub fn layout(isa: &dyn TargetIsa, code: &mut [Code]) -> Result<Text, CompileError> {
    let mut builder = isa.text_section_builder(code.len());
    let mut plane = ControlPlane::default();
    let labels: HashMap<Symbol, usize> = code
        .iter()
        .enumerate()
        .map(|(label, code)| (code.symbol, label))
        .collect();
    let mut ranges = Vec::with_capacity(code.len());
    let mut symbols = HashMap::with_capacity(code.len());
    let mut sites = Vec::new();
    let mut inlined = InlineTable::default();
    for piece in code {
        // Not needed twice: all of them are a good part of the memory that compilation takes.
        let bytes = mem::take(&mut piece.bytes);
        let start = builder.append(true, &bytes, piece.alignment, &mut plane);
        for reloc in &piece.relocs {
            let resolved = labels.get(&reloc.target).is_some_and(|label| {
                let at = start + u64::from(reloc.offset);
                builder.resolve_reloc(at, reloc.kind, reloc.addend, *label)
            });
            if !resolved {
                return Err(CompileError::new(format!(
                    "a reference to {:?} cannot be resolved inside the code ({:?})",
                    reloc.target, reloc.kind
                )));
            }
        }
        let start = u32::try_from(start)
            .map_err(|_| CompileError::new("the module's code would be larger than 4 GiB"))?;
        ranges.push(start..start.saturating_add(bytes.len() as u32));
        symbols.insert(piece.symbol, start);
        sites.extend(piece.sites.iter().map(|site| Site {
            code_offset: start + site.code_offset,
            ..*site
        }));
        inlined.append(start, &piece.inlined);
    }
    let bytes = builder.finish(&mut plane);
    if u32::try_from(bytes.len()).is_err() {
        return Err(CompileError::new(
            "the module's code would be larger than 4 GiB",
        ));
    }
    Ok(Text {
        bytes,
        ranges,
        symbols,
        sites,
        inlined,
    })
}

//! Bulk memory instructions.
//!
//! What is short, and of a length that is known, is copied and filled by loads and stores; the rest
//! by the runtime.

use super::FuncTranslator;
use crate::codegen::vectors::Vectors;
use crate::error::CompileError;
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::types::{I8, I8X16, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, Type, Value};
use prefab_abi::builtin::Builtin;
use wasmparser::Operator;

/// How many loads may stand before the first store: each takes a register.
const MAX_PIECES: u32 = 8;

pub(super) fn translate(
    t: &mut FuncTranslator<'_, '_>,
    op: &Operator<'_>,
) -> Result<bool, CompileError> {
    match *op {
        Operator::MemoryCopy { dst_mem, src_mem } => t.memory_copy(dst_mem, src_mem),
        Operator::MemoryFill { mem } => t.memory_fill(mem),
        Operator::MemoryInit { data_index, mem } => {
            let (to, from, len) = t.pop3();
            let to = t.builder.ins().uextend(I64, to);
            let (memory, segment) = (t.index(mem), t.index(data_index));
            t.call_builtin(Builtin::MemoryInit, &[memory, segment, to, from, len]);
        }
        Operator::DataDrop { data_index } => {
            let segment = t.index(data_index);
            t.call_builtin(Builtin::DataDrop, &[segment]);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The pieces that `len` bytes are loaded and stored in: their types and where they start,
/// ascending. Two may overlap. The last ends where the bytes end.
fn pieces(len: u32, widest: Type) -> Vec<(Type, u32)> {
    let types = [I8, I16, I32, I64, I8X16];
    let fits = |ty: &&Type| ty.bytes() <= len && ty.bytes() <= widest.bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < len {
        let rest = len - at;
        let mut usable = types.iter().filter(fits);
        // The narrowest that reaches the end, or the widest.
        let reaches = usable.clone().find(|ty| ty.bytes() >= rest);
        let widest_within = || usable.rfind(|ty| ty.bytes() <= rest);
        let Some(ty) = reaches.or_else(widest_within) else {
            break;
        };
        out.push((*ty, at.min(len - ty.bytes())));
        at += ty.bytes();
    }
    out
}

impl FuncTranslator<'_, '_> {
    /// The widest type that bytes are moved in.
    fn widest(&self) -> Type {
        match self.env.vectors {
            Vectors::Whole => I8X16,
            Vectors::Halves => I64,
        }
    }

    /// The length, if it is known and the bytes are few enough.
    fn short(&self, len: Value) -> Option<u32> {
        let most = MAX_PIECES * self.widest().bytes();
        let len = u32::try_from(self.constant(len)?).ok()?;
        (1..=most).contains(&len).then_some(len)
    }

    fn memory_copy(&mut self, to_memory: u32, from_memory: u32) {
        let (to, from, len) = self.pop3();
        if let Some(len) = self.short(len) {
            let from = self.access(from_memory, from, 0, len);
            let to = self.access(to_memory, to, 0, len);
            let pieces = pieces(len, self.widest());
            let load = |(ty, at)| {
                let offset = Offset32::new(at as i32);
                let value = self.builder.ins().load(ty, from.flags, from.base, offset);
                (value, offset)
            };
            let loaded: Vec<_> = pieces.into_iter().map(load).collect();
            // From the end: if any of the bytes is outside, the last is, and nothing is written.
            for (value, offset) in loaded.into_iter().rev() {
                self.builder.ins().store(to.flags, value, to.base, offset);
            }
            return;
        }
        let [to, from, len] = [to, from, len].map(|value| self.builder.ins().uextend(I64, value));
        if self.is_own(to_memory) && self.is_own(from_memory) {
            self.call_builtin(Builtin::OwnMemoryCopy, &[to, from, len]);
        } else {
            let memories = [self.index(to_memory), self.index(from_memory)];
            let args = [memories[0], memories[1], to, from, len];
            self.call_builtin(Builtin::MemoryCopy, &args);
        }
    }

    fn memory_fill(&mut self, memory: u32) {
        let (to, byte, len) = self.pop3();
        if let Some(len) = self.short(len) {
            let to = self.access(memory, to, 0, len);
            let pieces = pieces(len, self.widest());
            let word = self.repeated(byte);
            // From the end, for the same reason.
            for (ty, at) in pieces.into_iter().rev() {
                let value = match ty {
                    I8X16 => {
                        let byte = self.builder.ins().ireduce(I8, byte);
                        self.builder.ins().splat(I8X16, byte)
                    }
                    I64 => word,
                    _ => self.builder.ins().ireduce(ty, word),
                };
                let offset = Offset32::new(at as i32);
                self.builder.ins().store(to.flags, value, to.base, offset);
            }
            return;
        }
        let to = self.builder.ins().uextend(I64, to);
        let len = self.builder.ins().uextend(I64, len);
        if self.is_own(memory) {
            self.call_builtin(Builtin::OwnMemoryFill, &[to, byte, len]);
        } else {
            let memory = self.index(memory);
            self.call_builtin(Builtin::MemoryFill, &[memory, to, byte, len]);
        }
    }

    /// Whether the memory is the one that lies at the context.
    fn is_own(&self, memory: u32) -> bool {
        memory == 0 && self.env.module.layout.owns_memory_0()
    }

    /// The lowest byte of `value`, eight times.
    fn repeated(&mut self, value: Value) -> Value {
        let byte = self.builder.ins().ireduce(I8, value);
        let byte = self.builder.ins().uextend(I64, byte);
        self.builder.ins().imul_imm_s(byte, 0x0101_0101_0101_0101)
    }
}

#[cfg(test)]
mod tests {
    use super::{I8X16, I64, pieces};

    #[test]
    fn pieces_cover_all_bytes_and_no_other() {
        for widest in [I64, I8X16] {
            for len in 1..=8 * widest.bytes() {
                let mut end = 0;
                for (ty, at) in pieces(len, widest) {
                    assert!(
                        at <= end && end < at + ty.bytes(),
                        "{len}: a gap, or no progress"
                    );
                    end = at + ty.bytes();
                }
                assert_eq!(end, len);
                assert!(pieces(len, widest).len() <= 8, "{len}");
            }
        }
    }
}

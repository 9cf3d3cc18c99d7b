//! Machine code by hand, in place of what the compiler would have made.

#[cfg_attr(target_arch = "aarch64", path = "code/aarch64.rs")]
#[cfg_attr(target_arch = "riscv64", path = "code/riscv64.rs")]
#[cfg_attr(target_arch = "x86_64", path = "code/x86_64.rs")]
mod isa;

use super::super::exec::Code;
use super::Exec;
use memmap2::{Mmap, MmapMut};
use prefab_abi::code_map::{CodeMap, InlineTable, Site, write_code_map};
use prefab_abi::context::Counts;
use prefab_abi::meta::{DefinedFunc, Meta, MetaWriter, ModuleKind, Name, Section};
use prefab_abi::trap::TrapCode;
use prefab_targets::host;
use std::ops::Range;
use std::sync::Arc;

/// A function: its name, where it begins, the instructions of it that trap, and the instructions
/// and calls of it that the address map knows, with the module offset that it gives.
struct Function {
    name: &'static str,
    start: &'static u8,
    sites: &'static [(At, Option<TrapCode>, Option<u32>)],
}

#[derive(Clone, Copy)]
enum At {
    Instruction(&'static u8),
    /// Of a call, where it returns to.
    Return(&'static u8),
}

macro_rules! labels {
    ($($rust:ident = $asm:literal;)*) => {
        // SAFETY: labels of the assembly in this instruction set's file; of type `u8`, they are
        // valid wherever they point. All but `END` are at bytes of the functions.
        unsafe extern "C" {
            $(#[link_name = $asm] safe static $rust: u8;)*
        }
    };
}

labels! {
    LOAD = "prefab_guest_load";
    LOAD_SITE = "prefab_guest_load_site";
    ILLEGAL = "prefab_guest_illegal";
    ILLEGAL_SITE = "prefab_guest_illegal_site";
    DIVIDE = "prefab_guest_divide";
    DIVIDE_SITE = "prefab_guest_divide_site";
    LOAD_REFERENCE = "prefab_guest_load_reference";
    LOAD_REFERENCE_SITE = "prefab_guest_load_reference_site";
    RECURSE = "prefab_guest_recurse";
    RECURSE_RETURN = "prefab_guest_recurse_return";
    LARGE_FRAME = "prefab_guest_large_frame";
    OUTER = "prefab_guest_outer";
    OUTER_RETURN = "prefab_guest_outer_return";
    // Notes `exit_fp` and calls the host: its argument points at a `HostCall`. No function of
    // the module.
    STUB = "prefab_guest_stub";
    END = "prefab_guest_end";
}

/// In the order in which they lie.
static FUNCTIONS: [Function; 7] = [
    Function {
        name: "load",
        start: &LOAD,
        sites: &[(
            At::Instruction(&LOAD_SITE),
            Some(TrapCode::MemoryOutOfBounds),
            Some(0x104),
        )],
    },
    Function {
        name: "illegal",
        start: &ILLEGAL,
        sites: &[(
            At::Instruction(&ILLEGAL_SITE),
            Some(TrapCode::IndirectCallTypeMismatch),
            Some(0x204),
        )],
    },
    Function {
        name: "divide",
        start: &DIVIDE,
        sites: &[(
            At::Instruction(&DIVIDE_SITE),
            Some(TrapCode::IntegerDivideByZero),
            Some(0x30a),
        )],
    },
    Function {
        name: "load_reference",
        start: &LOAD_REFERENCE,
        sites: &[(
            At::Instruction(&LOAD_REFERENCE_SITE),
            Some(TrapCode::NullReference),
            None,
        )],
    },
    Function {
        name: "recurse",
        start: &RECURSE,
        sites: &[(At::Return(&RECURSE_RETURN), None, Some(0x409))],
    },
    Function {
        name: "large_frame",
        start: &LARGE_FRAME,
        sites: &[],
    },
    Function {
        name: "outer",
        start: &OUTER,
        sites: &[(At::Return(&OUTER_RETURN), None, Some(0x1001))],
    },
];

/// The offset of a label in the text.
fn offset(label: &'static u8) -> u32 {
    let offset = (&raw const *label).addr() - (&raw const LOAD).addr();
    u32::try_from(offset).unwrap()
}

impl At {
    /// The offset of the instruction's first byte or the call's last one.
    fn offset(self) -> u32 {
        match self {
            Self::Instruction(label) => offset(label),
            Self::Return(label) => offset(label) - 1,
        }
    }
}

/// What the stub is given.
#[repr(C)]
pub struct HostCall {
    exec: u64,
    function: u64,
    arg: u64,
}

impl HostCall {
    pub fn address(&self) -> u64 {
        self as *const Self as u64
    }
}

/// A module made by hand, and a memory for it.
#[derive(Clone)]
pub struct Guest {
    text: Arc<Mmap>,
    memory: Arc<MmapMut>,
    code_map: Arc<[u8]>,
    meta: Meta<'static>,
    name: Arc<str>,
    pub load: u64,
    pub illegal: u64,
    pub divide: u64,
    pub load_reference: u64,
    pub recurse: u64,
    pub large_frame: u64,
    pub outer: u64,
}

fn page() -> usize {
    rustix::param::page_size()
}

pub fn guest() -> Guest {
    let mut sites = Vec::new();
    let mut meta = MetaWriter::new();
    let ends = FUNCTIONS.iter().map(|function| function.start).skip(1);
    for (func, (function, end)) in (0..).zip(FUNCTIONS.iter().zip(ends.chain([&STUB]))) {
        let start = offset(function.start);
        meta.push(
            Section::Funcs,
            &DefinedFunc {
                code_offset: start,
                code_size: offset(end) - start,
                type_index: 0,
            },
        );
        let name = meta.bytes(function.name.as_bytes());
        meta.push(Section::FuncNames, &Name { func, name });
        let here = function.sites.iter();
        sites.extend(here.map(|(at, trap, wasm_offset)| Site {
            code_offset: at.offset(),
            trap: *trap,
            wasm_offset: *wasm_offset,
        }));
    }
    // SAFETY: the functions lie there, one behind the other, and do not change.
    let text = unsafe { std::slice::from_raw_parts(&raw const LOAD, offset(&END) as usize) };
    let mut code = MmapMut::map_anon(text.len()).unwrap();
    code[..text.len()].copy_from_slice(text);
    host::sync_instructions(code.as_ptr(), text.len());
    let code = code.make_exec().unwrap();
    let base = code.as_ptr() as u64;
    let meta = meta.finish(Counts::default(), None, ModuleKind::Library);
    // The memory has one page that can be read; the rest is as behind a memory's end.
    let mut memory = MmapMut::map_anon(16 * page()).unwrap();
    // SAFETY: nobody looks at those pages as bytes.
    unsafe {
        let start = memory.as_mut_ptr();
        rustix::mm::mprotect(start.cast(), 8 * page(), rustix::mm::MprotectFlags::empty()).unwrap();
        rustix::mm::mprotect(
            start.add(9 * page()).cast(),
            7 * page(),
            rustix::mm::MprotectFlags::empty(),
        )
        .unwrap();
    }
    let at = |label| base + u64::from(offset(label));
    Guest {
        text: Arc::new(code),
        memory: Arc::new(memory),
        code_map: write_code_map(&sites, &InlineTable::default()).into(),
        meta: Meta::new(Vec::leak(meta)).unwrap(),
        name: "hand".into(),
        load: at(&LOAD),
        illegal: at(&ILLEGAL),
        divide: at(&DIVIDE),
        load_reference: at(&LOAD_REFERENCE),
        recurse: at(&RECURSE),
        large_frame: at(&LARGE_FRAME),
        outer: at(&OUTER),
    }
}

impl Guest {
    /// The memory with all that is reserved for it.
    pub fn memory(&self) -> Range<u64> {
        let start = self.memory.as_ptr() as u64;
        start..start + 16 * page() as u64
    }

    /// An address in the memory.
    pub fn readable(&self) -> u64 {
        self.memory().start + 8 * page() as u64
    }

    /// An argument with which `outer` calls a host function.
    pub fn host_call<A>(
        &self,
        exec: *mut Exec,
        function: extern "C" fn(*mut A),
        arg: u64,
    ) -> HostCall {
        HostCall {
            exec: exec as u64,
            function: function as usize as u64,
            arg,
        }
    }
}

impl Code for Guest {
    fn needs_signals(&self) -> bool {
        true
    }

    fn text(&self) -> Range<u64> {
        let start = self.text.as_ptr() as u64;
        start..start + self.text.len() as u64
    }

    fn code_map(&self) -> Option<CodeMap<'_>> {
        CodeMap::new(&[], &self.code_map).ok()
    }

    fn meta(&self) -> &Meta<'_> {
        &self.meta
    }

    fn name(&self) -> &Arc<str> {
        &self.name
    }
}

pub fn call(exec: *mut Exec, code: u64, arg: u64) -> u32 {
    // SAFETY: the tests call it inside `Exec::enter` only, with the functions of a `Guest`.
    unsafe { isa::trampoline(exec, code, arg) }
}

//! Machine code by hand, in place of what the compiler would have made.

use super::super::exec::Code;
use super::Exec;
use memmap2::{Mmap, MmapMut};
use prefab_abi::code_map::{AddressMap, TrapTable, write_address_map, write_trap_table};
use prefab_abi::context::Counts;
use prefab_abi::exec::ExecState;
use prefab_abi::meta::{DefinedFunc, Meta, MetaWriter, ModuleKind, Name, Section};
use prefab_abi::trap::TrapCode;
use std::arch::naked_asm;
use std::ops::Range;
use std::sync::Arc;

/// The functions, each with the offset of the instruction that traps or of its call's last byte,
/// and the module offset that the address map gives for it.
struct Function {
    name: &'static str,
    code: &'static [u8],
    sites: &'static [(u32, TrapCode)],
    addresses: &'static [(u32, u32)],
}

// push rbp; mov rbp, rsp
const FUNCTIONS: &[Function] = &[
    Function {
        name: "load",
        // mov rax, [rdi]; pop rbp; ret
        code: &[0x55, 0x48, 0x89, 0xe5, 0x48, 0x8b, 0x07, 0x5d, 0xc3],
        sites: &[(4, TrapCode::MemoryOutOfBounds)],
        addresses: &[(4, 0x104)],
    },
    Function {
        name: "illegal",
        // ud2
        code: &[0x55, 0x48, 0x89, 0xe5, 0x0f, 0x0b],
        sites: &[(4, TrapCode::IndirectCallTypeMismatch)],
        addresses: &[(4, 0x204)],
    },
    Function {
        name: "divide",
        // mov eax, 1; cdq; idiv edi; pop rbp; ret
        code: &[
            0x55, 0x48, 0x89, 0xe5, 0xb8, 1, 0, 0, 0, 0x99, 0xf7, 0xff, 0x5d, 0xc3,
        ],
        sites: &[(10, TrapCode::IntegerDivideByZero)],
        addresses: &[(10, 0x30a)],
    },
    Function {
        name: "load_reference",
        code: &[0x55, 0x48, 0x89, 0xe5, 0x48, 0x8b, 0x07, 0x5d, 0xc3],
        sites: &[(4, TrapCode::NullReference)],
        addresses: &[],
    },
    Function {
        name: "recurse",
        // call recurse
        code: &[0x55, 0x48, 0x89, 0xe5, 0xe8, 0xf7, 0xff, 0xff, 0xff],
        sites: &[],
        addresses: &[(8, 0x409)],
    },
    Function {
        name: "large_frame",
        // again: sub rsp, 4096; mov [rsp], rsp; jmp again
        code: &[
            0x55, 0x48, 0x89, 0xe5, 0x48, 0x81, 0xec, 0x00, 0x10, 0, 0, 0x48, 0x89, 0x24, 0x24,
            0xeb, 0xf3,
        ],
        sites: &[],
        addresses: &[],
    },
    Function {
        name: "outer",
        // call stub (the next function, 16 bytes after this one); pop rbp; ret
        code: &[0x55, 0x48, 0x89, 0xe5, 0xe8, 0x07, 0, 0, 0, 0x5d, 0xc3],
        sites: &[],
        addresses: &[(8, 0x1001)],
    },
];

/// Notes `exit_fp` and calls the host: rdi points at a [`HostCall`]. No function of the module.
/// mov rax, [rdi]; mov [rax + EXIT_FP], rbp; mov rax, [rdi + 8]; mov rdi, [rdi + 16]; call rax;
/// pop rbp; ret
const STUB: &[u8] = &[
    0x55, 0x48, 0x89, 0xe5, 0x48, 0x8b, 0x07, 0x48, 0x89, 0x68, 0x20, 0x48, 0x8b, 0x47, 0x08, 0x48,
    0x8b, 0x7f, 0x10, 0xff, 0xd0, 0x5d, 0xc3,
];

const _: () = assert!(ExecState::EXIT_FP == 0x20);

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
    traps: Arc<[u8]>,
    addresses: Arc<[u8]>,
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

const PAGE: u64 = 4096;

pub fn guest() -> Guest {
    let mut text = Vec::new();
    let (mut sites, mut addresses) = (Vec::new(), Vec::new());
    let mut meta = MetaWriter::new();
    let mut starts = Vec::new();
    for (index, function) in FUNCTIONS.iter().enumerate() {
        let start = text.len() as u32;
        starts.push(u64::from(start));
        text.extend_from_slice(function.code);
        meta.push(
            Section::Funcs,
            &DefinedFunc {
                code_offset: start,
                code_size: function.code.len() as u32,
                type_index: 0,
            },
        );
        let name = meta.bytes(function.name.as_bytes());
        let func = index as u32;
        meta.push(Section::FuncNames, &Name { func, name });
        sites.extend(function.sites.iter().map(|(at, code)| (start + at, *code)));
        let here = function.addresses.iter();
        addresses.extend(here.map(|(at, wasm)| (start + at, *wasm)));
        text.resize(text.len().next_multiple_of(16), 0xcc);
    }
    text.extend_from_slice(STUB);
    let mut code = MmapMut::map_anon(text.len()).unwrap();
    code[..text.len()].copy_from_slice(&text);
    let code = code.make_exec().unwrap();
    let base = code.as_ptr() as u64;
    let meta = meta.finish(Counts::default(), None, ModuleKind::Library);
    // The memory has one page that can be read; the rest is as behind a memory's end.
    let mut memory = MmapMut::map_anon(16 * PAGE as usize).unwrap();
    // SAFETY: nobody looks at those pages as bytes.
    unsafe {
        let start = memory.as_mut_ptr();
        rustix::mm::mprotect(
            start.cast(),
            8 * PAGE as usize,
            rustix::mm::MprotectFlags::empty(),
        )
        .unwrap();
        rustix::mm::mprotect(
            start.add(9 * PAGE as usize).cast(),
            7 * PAGE as usize,
            rustix::mm::MprotectFlags::empty(),
        )
        .unwrap();
    }
    let at = |index: usize| base + starts[index];
    Guest {
        text: Arc::new(code),
        memory: Arc::new(memory),
        traps: write_trap_table(&sites).into(),
        addresses: write_address_map(&addresses).into(),
        meta: Meta::new(Vec::leak(meta)).unwrap(),
        name: "hand".into(),
        load: at(0),
        illegal: at(1),
        divide: at(2),
        load_reference: at(3),
        recurse: at(4),
        large_frame: at(5),
        outer: at(6),
    }
}

impl Guest {
    /// The memory with all that is reserved for it.
    pub fn memory(&self) -> Range<u64> {
        let start = self.memory.as_ptr() as u64;
        start..start + 16 * PAGE
    }

    /// An address in the memory.
    pub fn readable(&self) -> u64 {
        self.memory().start + 8 * PAGE
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

    fn traps(&self) -> TrapTable<'_> {
        TrapTable::new(&self.traps).unwrap()
    }

    fn address_map(&self) -> Option<AddressMap<'_>> {
        AddressMap::new(&self.addresses).ok()
    }

    fn meta(&self) -> &Meta<'_> {
        &self.meta
    }

    fn name(&self) -> &Arc<str> {
        &self.name
    }
}

/// An entry trampoline: notes the landing, calls `code(arg)`, and returns 0, or 1 if it lands.
///
/// # Safety
/// `exec` is the state of a store, inside `Exec::enter`; `code` is one of a guest's functions.
#[unsafe(naked)]
unsafe extern "C" fn trampoline(_exec: *mut Exec, _code: u64, _arg: u64) -> u32 {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "lea rax, [rip + 2f]",
        "mov [rdi + {pc}], rax",
        "mov [rdi + {sp}], rsp",
        "mov [rdi + {fp}], rbp",
        "mov rax, rsi",
        "mov rdi, rdx",
        "call rax",
        "xor eax, eax",
        "jmp 3f",
        "2: mov eax, 1",
        "3: add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        pc = const ExecState::LANDING_PC,
        sp = const ExecState::LANDING_SP,
        fp = const ExecState::LANDING_FP,
    )
}

pub fn call(exec: *mut Exec, code: u64, arg: u64) -> u32 {
    // SAFETY: the tests call it inside `Exec::enter` only, with the functions of a `Guest`.
    unsafe { trampoline(exec, code, arg) }
}

//! Signatures and names of what compiled code calls, by the conventions of [`prefab_abi::func`].

use super::vectors::Vectors;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{AbiParam, Signature, Type, UserExternalName};
use cranelift_codegen::isa::CallConv;
use prefab_abi::builtin::{AbiType, Builtin};
use prefab_abi::trap::TrapCode;

/// The type of every pointer of the targets.
pub const POINTER: Type = I64;

/// A C signature.
pub fn c_signature(
    params: impl IntoIterator<Item = Type>,
    results: impl IntoIterator<Item = Type>,
) -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    signature
        .params
        .extend(params.into_iter().map(AbiParam::new));
    signature
        .returns
        .extend(results.into_iter().map(AbiParam::new));
    signature
}

const fn abi_type(ty: AbiType) -> Type {
    match ty {
        AbiType::I32 => I32,
        AbiType::I64 => I64,
    }
}

/// The signature of a runtime function.
pub fn builtin_signature(builtin: Builtin) -> Signature {
    let params = builtin.params().iter().map(|ty| abi_type(*ty));
    c_signature(params, builtin.result().map(abi_type))
}

/// The signature of the stub through which guest functions call a runtime function: the same
/// parameters, and no result where that only says whether the guest trapped.
pub fn stub_signature(builtin: Builtin, vectors: Vectors) -> Signature {
    let mut signature = builtin_signature(builtin);
    signature.call_conv = match (builtin, vectors) {
        // Called almost never, and from everywhere: the code around keeps its registers. Cranelift
        // keeps vectors too, by instructions that there have to be.
        (Builtin::OutOfFuel, Vectors::Whole) => CallConv::PreserveAll,
        _ => CallConv::Tail,
    };
    if builtin.traps() == prefab_abi::builtin::Traps::NotZero {
        signature.returns.clear();
    }
    signature
}

/// The signature of the stub that a guest function traps through: its context.
pub fn trap_stub_signature() -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.push(AbiParam::new(POINTER));
    signature
}

/// Something in `.text` that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Symbol {
    /// A function that the module defines, by its function index.
    Func(u32),
    /// The code of a function whose own symbol stands for the check of the stack before it.
    Body(u32),
    /// The stub of a runtime function.
    Builtin(Builtin),
    /// The stub that a trap goes through.
    Trap(TrapCode),
    /// What stands for an imported function in a static table.
    Thunk(u32),
    /// The native entry trampoline of a canonical type.
    NativeEntry(u32),
    /// The array entry trampoline of a canonical type.
    ArrayEntry(u32),
    /// The native host adapter of a canonical type.
    NativeAdapter(u32),
    /// The array host adapter of a canonical type.
    ArrayAdapter(u32),
}

impl Symbol {
    /// The name by which compiled code refers to it.
    pub fn external_name(self) -> UserExternalName {
        let (namespace, index) = match self {
            Self::Func(index) => (0, index),
            Self::Builtin(builtin) => (1, builtin.number()),
            Self::Trap(code) => (2, u32::from(code.number())),
            Self::Thunk(index) => (3, index),
            Self::NativeEntry(ty) => (4, ty),
            Self::ArrayEntry(ty) => (5, ty),
            Self::NativeAdapter(ty) => (6, ty),
            Self::ArrayAdapter(ty) => (7, ty),
            Self::Body(index) => (8, index),
        };
        UserExternalName { namespace, index }
    }

    /// What the name refers to.
    pub fn from_external_name(name: &UserExternalName) -> Option<Self> {
        let index = name.index;
        Some(match name.namespace {
            0 => Self::Func(index),
            1 => Self::Builtin(Builtin::from_number(index)?),
            2 => Self::Trap(TrapCode::from_number(u8::try_from(index).ok()?)?),
            3 => Self::Thunk(index),
            4 => Self::NativeEntry(index),
            5 => Self::ArrayEntry(index),
            6 => Self::NativeAdapter(index),
            7 => Self::ArrayAdapter(index),
            8 => Self::Body(index),
            _ => return None,
        })
    }
}

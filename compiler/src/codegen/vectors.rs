//! How a `v128` is held: in one value where the machine has vectors, else in two.

use super::abi::POINTER;
use cranelift_codegen::ir::types::{F32, F64, I8X16, I32, I64, I64X2};
use cranelift_codegen::ir::{
    AbiParam, Endianness, InstBuilder, MemFlagsData, Signature, Type, Value,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::FunctionBuilder;
use prefab_abi::types::{FuncType, ValType};
use prefab_targets::Target;

/// How a `v128` is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vectors {
    /// As a vector, of the type `I8X16`.
    Whole,
    /// As two 64-bit integers: lanes are numbered from the low bits of the first.
    Halves,
}

impl Vectors {
    /// How guest functions of a target take and return one. It does not depend on the features
    /// that a module was compiled with, as functions of several modules call each other.
    pub fn passed(target: &Target) -> Self {
        match target.features().vectors {
            None => Self::Whole,
            Some(_) => Self::Halves,
        }
    }

    /// The types of the values that a WebAssembly value is in compiled code.
    pub const fn types(self, ty: ValType) -> &'static [Type] {
        match ty {
            ValType::I32 => &[I32],
            ValType::I64 | ValType::FuncRef | ValType::ExternRef => &[I64],
            ValType::F32 => &[F32],
            ValType::F64 => &[F64],
            ValType::V128 => match self {
                Self::Whole => &[I8X16],
                Self::Halves => &[I64, I64],
            },
        }
    }

    /// The types of the values that a list of WebAssembly values is.
    pub fn all_types(self, types: &[ValType]) -> impl Iterator<Item = Type> {
        types.iter().flat_map(move |ty| self.types(*ty)).copied()
    }

    /// The signature of a guest function of this type: its context, then its parameters.
    pub fn guest_signature(self, ty: &FuncType) -> Signature {
        let mut signature = Signature::new(CallConv::Tail);
        signature.params.push(AbiParam::new(POINTER));
        let params = self.all_types(ty.params()).map(AbiParam::new);
        signature.params.extend(params);
        let results = self.all_types(ty.results()).map(AbiParam::new);
        signature.returns.extend(results);
        signature
    }
}

/// The vector of these halves.
pub fn join(builder: &mut FunctionBuilder<'_>, [low, high]: [Value; 2]) -> Value {
    let vector = builder.ins().scalar_to_vector(I64X2, low);
    let vector = builder.ins().insertlane(vector, high, 1);
    builder.ins().bitcast(I8X16, cast_flags(), vector)
}

/// The halves of a vector.
pub fn split(builder: &mut FunctionBuilder<'_>, vector: Value) -> [Value; 2] {
    let vector = builder.ins().bitcast(I64X2, cast_flags(), vector);
    [0, 1].map(|lane| builder.ins().extractlane(vector, lane))
}

/// Wasm numbers lanes from the lowest byte, on every machine.
fn cast_flags() -> MemFlagsData {
    MemFlagsData::new().with_endianness(Endianness::Little)
}

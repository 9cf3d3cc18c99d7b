//! Function references, table elements, import records and host bindings.
//!
//! ```text
//! funcref value ──► FuncRef { code, type_id, context, .. }      null is 0
//! funcref table      [ TableElement { code, type_id, context, reference } , .. ]
//! externref table    [ u64, .. ]                                null is 0
//! static table       [ StaticElement { code_offset, type_index }, .. ]   in .rodata, no address
//! imported function  ImportedFunc { code, context }             in the instance
//! context of a host function ──► HostBinding { exec, function, caller, .. }
//! ```
//!
//! # Calling conventions
//!
//! *Guest functions* use Cranelift's `tail` convention and take the context of their instance
//! first, then their parameters. A `v128` is a vector there on targets all of whose CPUs have vector
//! instructions; on others it is two 64-bit integers, low half first, whatever features the module
//! was compiled with.
//!
//! *Array entry trampoline*, per function type, the platform's C convention:
//! `fn(context, code, values: *mut u64) -> u32`. Argument `i` is read at byte `16 * i` of `values`,
//! result `i` is stored there. Returns 0, or 1 if the guest trapped (what happened stands in the
//! store).
//!
//! *Array host adapter*, per function type, a guest function whose context is a [`HostBinding`]:
//! it calls [`HostBinding::function`] by the C convention as `fn(binding, values: *mut u64) -> u32`,
//! with arguments and results as above. A result other than 0 means that the function trapped: the
//! adapter then calls the runtime's `raise`.
//!
//! *Native* ones, per function type that [`is_native`], pass arguments and the result in registers.
//! By the C convention an `i32`, `i64` or reference is a 64-bit integer, of which an `i32` is the low
//! half and the other anything; `f32` and `f64` are C's; a `v128` is two 64-bit integers, low half
//! first.
//!
//! *Native entry trampoline*: `fn(context, code, args…) -> (u64, u64)`, a structure of two integers:
//! the bits of the result, and 0, or 1 if the guest trapped.
//!
//! *Native host adapter*: calls, or jumps to, [`HostBinding::function`] as `fn(binding, args…) ->
//! result`, which does not return if it trapped: it calls the runtime's `raise` itself.
//!
//! Objects whose note does not say that calls are
//! [direct](crate::note::Note::has_direct_calls) have native ones of another convention, which no
//! runtime uses any more.

use crate::types::{FuncType, ValType};
use core::mem::offset_of;

/// The size of one argument or result in memory, in bytes: wide enough for a `v128`.
pub const VALUE_SIZE: u32 = 16;

/// Whether functions of this type have native trampolines and adapters: at most one result, which a
/// general register or one for floating-point numbers holds.
#[must_use]
pub fn is_native(ty: &FuncType) -> bool {
    matches!(ty.results(), []) || matches!(ty.results(), [result] if *result != ValType::V128)
}

/// What a funcref value that is not null points at. Owned by a store, never moved, valid as long
/// as the store is.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FuncRef {
    /// The guest function or host adapter.
    pub code: u64,
    /// The type's identity: an address that is the same for equal types in one process. Never 0.
    pub type_id: u64,
    /// The context to call it with.
    pub context: u64,
}

impl FuncRef {
    /// Offset of [`code`](Self::code), in bytes.
    pub const CODE: i32 = offset_of!(Self, code) as i32;
    /// Offset of [`type_id`](Self::type_id), in bytes.
    pub const TYPE_ID: i32 = offset_of!(Self, type_id) as i32;
    /// Offset of [`context`](Self::context), in bytes.
    pub const CONTEXT: i32 = offset_of!(Self, context) as i32;
}

/// An element of a funcref table. All zero when null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct TableElement {
    /// As in [`FuncRef`].
    pub code: u64,
    /// As in [`FuncRef`]; 0 when the element is null.
    pub type_id: u64,
    /// As in [`FuncRef`].
    pub context: u64,
    /// The funcref value itself.
    pub reference: u64,
}

impl TableElement {
    /// The size of an element of a funcref table, in bytes.
    pub const SIZE: u32 = size_of::<Self>() as u32;
    /// Offset of [`code`](Self::code), in bytes.
    pub const CODE: i32 = offset_of!(Self, code) as i32;
    /// Offset of [`type_id`](Self::type_id), in bytes.
    pub const TYPE_ID: i32 = offset_of!(Self, type_id) as i32;
    /// Offset of [`context`](Self::context), in bytes.
    pub const CONTEXT: i32 = offset_of!(Self, context) as i32;
    /// Offset of [`reference`](Self::reference), in bytes.
    pub const REFERENCE: i32 = offset_of!(Self, reference) as i32;
}

/// The size of an element of an externref table, in bytes.
pub const EXTERNREF_ELEMENT_SIZE: u32 = 8;

/// An element of a static table, in `.rodata.prefab.tables`: `{code_offset: u32, type_index: u32}`.
///
/// `type_index` numbers the module's *canonical* types: the lowest type index of an equal type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaticElement {
    /// Where the function's code starts, in bytes from the start of `.text`.
    pub code_offset: u32,
    /// The function's canonical type index, or [`StaticElement::NULL_TYPE`].
    pub type_index: u32,
}

impl StaticElement {
    /// The size of an element, in bytes.
    pub const SIZE: u32 = 8;
    /// Offset of the code offset, in bytes.
    pub const CODE_OFFSET: i32 = 0;
    /// Offset of the type index, in bytes.
    pub const TYPE_INDEX: i32 = 4;
    /// The type index of a null element, which equals that of no type.
    pub const NULL_TYPE: u32 = u32::MAX;

    /// The element's bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        let mut out = [0; 8];
        out[..4].copy_from_slice(&self.code_offset.to_le_bytes());
        out[4..].copy_from_slice(&self.type_index.to_le_bytes());
        out
    }

    /// The element that `bytes` say.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        let [a, b, c, d, e, f, g, h] = bytes;
        Self {
            code_offset: u32::from_le_bytes([a, b, c, d]),
            type_index: u32::from_le_bytes([e, f, g, h]),
        }
    }
}

/// An imported function in an instance.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct ImportedFunc {
    /// The guest function or host adapter.
    pub code: u64,
    /// The context to call it with.
    pub context: u64,
}

impl ImportedFunc {
    /// The size of a record, in bytes.
    pub const SIZE: u32 = size_of::<Self>() as u32;
    /// Offset of [`code`](Self::code), in bytes.
    pub const CODE: i32 = offset_of!(Self, code) as i32;
    /// Offset of [`context`](Self::context), in bytes.
    pub const CONTEXT: i32 = offset_of!(Self, context) as i32;
}

/// The context of a host function: what its adapter needs. The runtime keeps more behind it.
///
/// The caller is bound in when the import is resolved; it is never passed by a call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct HostBinding {
    /// The store's [`ExecState`](crate::exec::ExecState).
    pub exec: u64,
    /// The host's function, of the convention that the adapter calls.
    pub function: u64,
    /// The context of an instance of the module that the adapter belongs to.
    pub caller: u64,
}

impl HostBinding {
    /// Offset of [`exec`](Self::exec), in bytes.
    pub const EXEC: i32 = offset_of!(Self, exec) as i32;
    /// Offset of [`function`](Self::function), in bytes.
    pub const FUNCTION: i32 = offset_of!(Self, function) as i32;
    /// Offset of [`caller`](Self::caller), in bytes.
    pub const CALLER: i32 = offset_of!(Self, caller) as i32;
}

//! Names of sections and symbols in an object.

use alloc::string::String;
use core::fmt::Write;

/// All code. No relocation.
pub const SECTION_TEXT: &str = ".text";
/// Module metadata ([`meta`](crate::meta)). No relocation.
pub const SECTION_META: &str = ".rodata.prefab.meta";
/// The trap table of an object that has no [`code_map`](crate::code_map). No relocation.
pub const SECTION_TRAPS: &str = ".rodata.prefab.traps";
/// The [`code_map`](crate::code_map), or the address map of an object that has none. No relocation.
pub const SECTION_ADDRESS_MAP: &str = ".rodata.prefab.addrmap";
/// Static tables ([`StaticElement`](crate::func::StaticElement)). No relocation.
pub const SECTION_STATIC_TABLES: &str = ".rodata.prefab.tables";
/// The bytes of data segments that are not part of the image. No relocation.
pub const SECTION_DATA: &str = ".rodata.prefab.data";
/// Initial memory contents, page-aligned. No relocation.
pub const SECTION_IMAGE: &str = ".prefab.image";
/// The module descriptor and, behind it, the import table: all relocations.
pub const SECTION_DESCRIPTOR: &str = ".data.rel.ro.prefab";
/// The note ([`note`](crate::note)). No relocation.
pub const SECTION_NOTE: &str = ".note.prefab";

/// What the symbol of a module's descriptor starts with; the module's name follows.
pub const DESCRIPTOR_SYMBOL_PREFIX: &str = "prefab_module_";

/// What the symbol of a type identity starts with; 32 hexadecimal digits follow.
pub const TYPE_SYMBOL_PREFIX: &str = "prefab_type_";

/// The symbol of the type identity whose canonical bytes hash to `hash` (the first 16 bytes of
/// their SHA-256).
#[must_use]
pub fn type_symbol(hash: [u8; 16]) -> String {
    let mut out = String::from(TYPE_SYMBOL_PREFIX);
    for byte in hash {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// `name` as a C identifier: what cannot stand in one becomes `_`.
#[must_use]
pub fn identifier(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (index, c) in name.chars().enumerate() {
        if index == 0 && c.is_ascii_digit() {
            out.push('_');
        }
        out.push(if c.is_ascii_alphanumeric() { c } else { '_' });
    }
    if out.is_empty() {
        out.push('_');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{identifier, type_symbol};

    #[test]
    fn names() {
        assert_eq!(
            type_symbol([0xab; 16]),
            "prefab_type_abababababababababababababababab"
        );
        assert_eq!(identifier("3d-app.core"), "_3d_app_core");
        assert_eq!(identifier(""), "_");
    }
}

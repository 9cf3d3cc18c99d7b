//! What a script expects an error to say, and what it says here.
//!
//! The reference interpreter asks that its own message starts with the expected text. Traps and
//! validation speak in the same words here; decoding and parsing, which `wasmparser` and `wast`
//! do, mostly mean the same in other words: those stand in tables.

/// Who said the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The runtime, of a trap.
    Trap,
    /// The linker, of imports.
    Link,
    /// The parser of the text format.
    Text,
    /// Decoding or validating the binary format.
    Binary,
}

/// A text of the suite's, or the start of it, and a part of a message of ours that stands for it.
pub type Synonym = (&'static str, &'static str);

/// All synonyms of the tables. Each is needed by an assertion of the suite, or should be removed.
pub fn synonyms() -> impl Iterator<Item = Synonym> {
    let rows = TEXT.iter().chain(BINARY);
    rows.flat_map(|(theirs, ours)| ours.iter().map(move |ours| (*theirs, *ours)))
}

/// Checks that the message `actual` says what `expected` means, and returns the synonyms that were
/// needed for it.
///
/// # Errors
/// Both messages, if it does not.
pub(super) fn same(kind: Kind, expected: &str, actual: &str) -> Result<Vec<Synonym>, String> {
    let table = match kind {
        // The suite names an element's index in some places: "uninitialized element 2".
        Kind::Trap if expected.starts_with(actual) => return Ok(Vec::new()),
        Kind::Trap => &[],
        Kind::Link if actual.contains(expected) => return Ok(Vec::new()),
        Kind::Link => &[],
        Kind::Text => TEXT,
        Kind::Binary => BINARY,
    };
    if actual.starts_with(expected) {
        return Ok(Vec::new());
    }
    let rows = table
        .iter()
        .filter(|(theirs, _)| expected.starts_with(theirs));
    let pairs = rows.flat_map(|(theirs, ours)| ours.iter().map(move |ours| (*theirs, *ours)));
    let needed: Vec<Synonym> = pairs.filter(|(_, ours)| actual.contains(ours)).collect();
    if needed.is_empty() {
        return Err(format!("expected the error {expected:?}, got: {actual}"));
    }
    Ok(needed)
}

/// What the suite expects of the text format (or the start of it), and what `wast` says.
const TEXT: &[(&str, &[&str])] = &[
    ("constant out of range", &["constant out of range"]),
    ("empty annotation id", &["invalid character in string"]),
    ("empty identifier", &["invalid character in string"]),
    (
        "i8 constant out of range",
        &["constant out of range", "malformed lane index"],
    ),
    ("illegal character", &["unexpected character"]),
    ("invalid UTF-8 encoding", &["malformed UTF-8 encoding"]),
    (
        "invalid lane length",
        &["expected a u8", "expected an instruction"],
    ),
    (
        "malformed lane index",
        &["expected a u8", "constant out of range"],
    ),
    ("unclosed string", &["unexpected end-of-file"]),
    (
        "unexpected token",
        &[
            "expected `(`",
            "expected a ",
            "extra tokens remaining",
            "constant out of range",
            "unexpected token",
        ],
    ),
    (
        "unknown operator",
        &[
            "unknown operator",
            "unexpected token",
            "expected `(`",
            "expected a ",
            "expected an instruction",
            "expected valid module field",
            "constant out of range",
        ],
    ),
    (
        "wrong number of lane indices",
        &["expected a u8", "expected an instruction"],
    ),
    (
        "wrong number of lane literals",
        &[
            "expected a ",
            "expected an instruction",
            "constant out of range",
        ],
    ),
];

const BODY_END: &str = "control frames remain at end of function body or expression";

/// What the suite expects of the binary format and of validation (or the start of it), and what
/// `wasmparser` says.
const BINARY: &[(&str, &[&str])] = &[
    ("END opcode expected", &[BODY_END]),
    // Without 64-bit memories an offset is a 32-bit number. A longer one before the alignment is
    // judged is the first error.
    (
        "alignment must not be larger than natural",
        &[
            "alignment must not be larger than natural",
            "integer representation too long",
        ],
    ),
    (
        "data count and data section have inconsistent lengths",
        &["data count is non-zero but data section is absent"],
    ),
    (
        "function and code section have inconsistent lengths",
        &[
            "but code section is absent",
            "but code section has non-zero count",
        ],
    ),
    ("i32 constant", &["integer too large"]),
    // Whether an opcode is legal is asked where a constant expression or the end is expected.
    (
        "illegal opcode",
        &[
            "constant expression required",
            "illegal opcode: 0x",
            "unexpected end-of-file",
        ],
    ),
    ("immutable global", &["global is immutable"]),
    (
        "integer representation too long",
        &[
            "integer representation too long",
            "invalid leading byte",
            "limits flags",
            "malformed section id",
            "unexpected end-of-file",
        ],
    ),
    // Version 3.0 allows limits and offsets of 64 bits, and says "too large" of what is too long for
    // 32 bits. A number that takes more bytes than it may moves the end of its section.
    (
        "integer too large",
        &[
            "integer representation too long",
            "integer too large",
            "limits flags",
            "malformed section id",
            "unexpected end-of-file",
        ],
    ),
    ("invalid UTF-8 encoding", &["malformed UTF-8 encoding"]),
    ("invalid lane index", &["SIMD index out of bounds"]),
    (
        "invalid mutability",
        &[
            "malformed global flags",
            "shared globals require",
            "unexpected end-of-file",
        ],
    ),
    ("invalid section id", &["malformed section id"]),
    ("invalid value type", &["unexpected end-of-file"]),
    ("junk after last section", &["section out of order"]),
    (
        "length out of bounds",
        &["expected section", "unexpected end-of-file"],
    ),
    ("magic header not detected", &["not a WebAssembly module"]),
    (
        "malformed elements segment kind",
        &["unexpected end-of-file"],
    ),
    (
        "malformed import kind",
        &["invalid leading byte", "unexpected end-of-file"],
    ),
    (
        "malformed limits flags",
        &["limits flags", "unexpected end-of-file"],
    ),
    ("malformed memop flags", &["memop"]),
    (
        "malformed mutability",
        &["malformed global flags", "shared globals require"],
    ),
    // Limits of more than 32 bits are no number here.
    (
        "memory size",
        &["integer too large", "memory size must be at most"],
    ),
    ("multiple start sections", &["section out of order"]),
    (
        "offset out of range",
        &["integer representation too long", "integer too large"],
    ),
    ("section size mismatch", &[BODY_END]),
    ("start function", &["invalid start function type"]),
    ("table size", &["integer too large"]),
    (
        "unexpected content after last section",
        &["section out of order", "have inconsistent lengths"],
    ),
    (
        "unexpected end",
        &[
            BODY_END,
            "unexpected end-of-file",
            "branch depth too large",
            "not a WebAssembly module",
        ],
    ),
    (
        "zero flag expected",
        &["trailing bytes at end of section", "zero byte expected"],
    ),
];

#[cfg(test)]
mod tests {
    use super::{Kind, same};

    #[test]
    fn prefixes_and_tables() {
        assert!(
            same(
                Kind::Trap,
                "uninitialized element 2",
                "uninitialized element"
            )
            .is_ok()
        );
        assert!(same(Kind::Trap, "out of bounds", "out of bounds memory access").is_ok());
        assert!(same(Kind::Trap, "unreachable", "undefined element").is_err());
        assert!(same(Kind::Binary, "type mismatch", "type mismatch: expected i32").is_ok());
        assert!(same(Kind::Binary, "type mismatch", "unknown local").is_err());
        assert!(
            same(
                Kind::Text,
                "empty identifier",
                "invalid character in string"
            )
            .is_ok()
        );
        assert!(
            same(
                Kind::Binary,
                "empty identifier",
                "invalid character in string"
            )
            .is_err()
        );
    }
}

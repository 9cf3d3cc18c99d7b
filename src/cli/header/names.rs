//! Names in C of what has names in WebAssembly.

use prefab_abi::object::identifier;
use std::collections::HashSet;

/// The keywords of C (C23) and C++ (C++20) that are no macros in either.
const KEYWORDS: &[&str] = &[
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "typeof_unqual",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
    // Macros that headers such as <stdio.h> or the compilers define.
    "errno",
    "linux",
    "stderr",
    "stdin",
    "stdout",
    "unix",
];

/// What all names of a module's header start with. Those of `prefab.h` are not to be had.
pub(super) fn prefix(module: &str) -> String {
    let name = identifier(module);
    match name.starts_with("prefab") {
        true => format!("module_{name}"),
        false => name,
    }
}

/// Names of one kind, each given once.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// Names without those that are taken.
    pub fn without<'a>(taken: impl IntoIterator<Item = &'a str>) -> Self {
        Self(taken.into_iter().map(str::to_owned).collect())
    }

    /// The first of the candidates that is free, or the last with a number.
    pub fn give<const N: usize>(&mut self, candidates: [String; N]) -> String {
        let last = candidates.last().cloned().unwrap_or_default();
        let numbered = (2_u64..).map(|number| format!("{last}_{number}"));
        let mut all = candidates.into_iter().chain(numbered);
        let free = all.find(|name| self.0.insert(name.clone()));
        free.expect("there are more numbers than names")
    }
}

/// The name of a field: one that is no keyword.
pub(super) fn field(name: &str) -> String {
    let name = identifier(name);
    match KEYWORDS.contains(&name.as_str()) {
        true => name + "_",
        false => name,
    }
}

/// A string literal.
pub(crate) fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            // A question mark might begin a trigraph.
            b'"' | b'\\' | b'?' => out.extend(['\\', char::from(byte)]),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out += &format!("\\{byte:03o}"),
        }
    }
    out + "\""
}

/// A literal as it may stand in a comment, which it neither ends nor seems to begin another.
pub(super) fn in_comment(text: &str) -> String {
    literal(text).replace('*', "\\052").replace("\\?", "\\077")
}

#[cfg(test)]
mod tests {
    use super::{Names, field, in_comment, literal, prefix};

    #[test]
    fn names_are_given_once() {
        let mut names = Names::without(["app_free"]);
        let mut give =
            |name: &str| names.give([format!("app_{name}"), format!("app_export_{name}")]);
        assert_eq!(give("free"), "app_export_free");
        assert_eq!(give("add"), "app_add");
        assert_eq!(give("add"), "app_export_add");
        assert_eq!(give("add"), "app_export_add_2");
    }

    #[test]
    fn no_name_is_more_than_a_name() {
        assert_eq!(prefix("prefab"), "module_prefab");
        assert_eq!(prefix("my-app"), "my_app");
        assert_eq!(field("int"), "int_");
        assert_eq!(literal("a\"b\\\n??/é"), r#""a\"b\\\012\?\?/\303\251""#);
        assert!(!in_comment("*/ evil(); /*").contains("*/"));
        assert!(!in_comment("*/ evil(); /*").contains("/*"));
    }
}

//! From WebAssembly's names, which are any text, to Rust's.

use std::collections::HashSet;

/// Words that cannot be names, in any edition (Rust reference, "Keywords").
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Words that cannot be names even behind `r#`.
const NEVER_NAMES: &[&str] = &["self", "super", "crate"];

/// Types whose names the binding itself uses, or that cannot be named so.
const TAKEN_TYPES: &[&str] = &["Option", "Result", "Self"];

/// Names of one scope, each used once.
#[derive(Debug, Default)]
pub struct Scope(HashSet<String>);

impl Scope {
    /// A scope in which these names are taken.
    pub fn new(taken: &[&str]) -> Self {
        Self(taken.iter().map(|name| (*name).to_owned()).collect())
    }

    /// Takes the first of `candidates` that is free, or the last one with a number.
    pub fn take(&mut self, candidates: &[&str]) -> String {
        for candidate in candidates {
            if self.0.insert((*candidate).to_owned()) {
                return (*candidate).to_owned();
            }
        }
        let last = candidates.last().copied().unwrap_or("item");
        let mut number = 2_u64;
        loop {
            let name = format!("{}_{number}", last.trim_end_matches('_'));
            if self.0.insert(name.clone()) {
                return name;
            }
            number += 1;
        }
    }
}

/// `name` in the form of functions and variables: `getValue` is `get_value`, and what cannot stand in
/// a name is `_`. Keywords are not yet escaped. `None` if nothing is left of it.
pub fn snake_case(name: &str) -> Option<String> {
    let mut out = String::with_capacity(name.len() + 4);
    let mut previous = '_';
    let mut chars = name.chars().peekable();
    let leading = name.chars().take_while(|c| *c == '_').count();
    while let Some(c) = chars.next() {
        if c.is_ascii_uppercase() {
            // A word starts at an upper case letter behind a lower case one or before one.
            let next_is_lower = chars.peek().is_some_and(char::is_ascii_lowercase);
            let starts = previous.is_ascii_lowercase()
                || previous.is_ascii_digit()
                || (previous.is_ascii_uppercase() && next_is_lower);
            if starts {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        } else if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.ends_with('_') {
            out.push('_');
        }
        previous = c;
    }
    let words = out.trim_matches('_');
    if words.is_empty() {
        return None;
    }
    let mut name = "_".repeat(leading);
    if name.is_empty() && words.starts_with(|c: char| c.is_ascii_digit()) {
        name.push('_');
    }
    name.push_str(words);
    if NEVER_NAMES.contains(&name.as_str()) {
        name.push('_');
    }
    Some(name)
}

/// `name` in the form of types: `my-plugin` is `MyPlugin`.
pub fn camel_case(name: &str) -> Option<String> {
    let mut out = String::with_capacity(name.len());
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut chars = word.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    match out.chars().next()? {
        '0'..='9' => Some(format!("M{out}")),
        _ if TAKEN_TYPES.contains(&out.as_str()) => Some(out + "Module"),
        _ => Some(out),
    }
}

/// `name` as it stands in a program: keywords are escaped.
pub fn escaped(name: &str) -> String {
    if KEYWORDS.contains(&name) {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// `name` as it can stand in a documentation comment between backticks.
pub fn in_docs(name: &str) -> String {
    let name = name.escape_debug().to_string();
    format!("`{}`", name.replace('`', "\u{2bc}").replace("\\\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::{Scope, camel_case, escaped, in_docs, snake_case};

    #[test]
    fn functions() {
        let name = |name| snake_case(name).unwrap();
        assert_eq!(name("add"), "add");
        assert_eq!(name("getValue"), "get_value");
        assert_eq!(name("HTTPServer2Go"), "http_server2_go");
        assert_eq!(name("_start"), "_start");
        assert_eq!(name("__heap_base"), "__heap_base");
        assert_eq!(name("a--b__c"), "a_b_c");
        assert_eq!(name("wasi:io/poll@0.2.0"), "wasi_io_poll_0_2_0");
        assert_eq!(name("3d"), "_3d");
        assert_eq!(name("größe"), "gr_e");
        assert_eq!(snake_case(""), None);
        assert_eq!(snake_case("__"), None);
        assert_eq!(snake_case("日本"), None);
    }

    #[test]
    fn types() {
        assert_eq!(camel_case("my-plugin").unwrap(), "MyPlugin");
        assert_eq!(camel_case("plugin").unwrap(), "Plugin");
        assert_eq!(camel_case("3d-app.core").unwrap(), "M3dAppCore");
        assert_eq!(camel_case("self").unwrap(), "SelfModule");
        assert_eq!(camel_case("result").unwrap(), "ResultModule");
        assert_eq!(camel_case("日本"), None);
    }

    #[test]
    fn keywords() {
        assert_eq!(escaped("type"), "r#type");
        assert_eq!(snake_case("self").unwrap(), "self_");
        assert_eq!(escaped("types"), "types");
        let sorted = super::KEYWORDS.is_sorted();
        assert!(sorted);
    }

    #[test]
    fn collisions() {
        let mut scope = Scope::new(&["instance"]);
        assert_eq!(scope.take(&["log", "env_log"]), "log");
        assert_eq!(scope.take(&["log", "env_log"]), "env_log");
        assert_eq!(scope.take(&["log", "env_log"]), "env_log_2");
        assert_eq!(scope.take(&["instance"]), "instance_2");
        assert_eq!(scope.take(&["self_"]), "self_");
        assert_eq!(scope.take(&["self_"]), "self_2");
    }

    #[test]
    fn names_in_documentation() {
        assert_eq!(in_docs("a`b\n\"c\""), "`aʼb\\n\"c\"`");
    }
}

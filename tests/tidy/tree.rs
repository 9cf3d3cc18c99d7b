//! The files of the repository, and Rust source split into code and comments.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A text file of the repository.
pub struct File {
    /// From the repository's root, with `/` between its parts.
    pub path: String,
    pub text: String,
}

impl File {
    /// Whether this file is Rust source that is only compiled for tests.
    pub fn is_test(&self) -> bool {
        let in_folder = |name: &str| self.path.split('/').rev().skip(1).any(|part| part == name);
        in_folder("tests") || in_folder("benches") || self.path.ends_with("/tests.rs")
    }

    /// The line numbers (from 1) and contents of lines that `matches` says yes to.
    pub fn lines_where<'a>(
        &'a self,
        matches: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = (usize, &'a str)> + 'a {
        self.text
            .lines()
            .enumerate()
            .filter(move |(_, line)| matches(line))
            .map(|(i, l)| (i + 1, l))
    }
}

/// Every file below the root, but for what git ignores and what is no text.
pub fn files() -> Vec<File> {
    let mut found = Vec::new();
    collect(root(), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The Rust files among [`files`].
pub fn rust_files() -> Vec<File> {
    files()
        .into_iter()
        .filter(|file| file.path.ends_with(".rs"))
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<File>) {
    let entries = fs::read_dir(folder).expect("the repository's folders are readable");
    let paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    for path in paths {
        let name = path
            .file_name()
            .expect("an entry has a name")
            .to_string_lossy()
            .into_owned();
        if path.is_symlink() || name == ".git" || name == "target" {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root()).expect("below the root");
            found.push(File {
                path: path.to_string_lossy().into_owned(),
                text,
            });
        }
    }
}

/// `text` with every comment and what is only compiled for tests blanked out: what the compiler
/// sees of it in the product. Lines keep their numbers.
pub fn product_code(text: &str) -> String {
    let code = without_comments(text).replace("#[cfg(all(test, ", "#[cfg(test)] //");
    let code = without_comments(&code);
    let Some(start) = code.find("#[cfg(test)]\nmod tests {") else {
        return code;
    };
    let lines = code[start..].matches('\n').count();
    format!("{}{}", &code[..start], "\n".repeat(lines))
}

/// `text` with every comment replaced by nothing but its line ends.
pub fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (len, is_comment) = token(rest);
        let (token, after) = rest.split_at(len);
        if is_comment {
            code.extend(token.chars().filter(|&c| c == '\n'));
        } else {
            code.push_str(token);
        }
        rest = after;
    }
    code
}

/// The length in bytes of the first token of Rust source, as far as it matters here (a comment, a
/// string, a character or any other single `char`), and whether it is a comment.
fn token(rest: &str) -> (usize, bool) {
    if rest.starts_with("//") {
        (rest.find('\n').unwrap_or(rest.len()), true)
    } else if rest.starts_with("/*") {
        (block_comment_len(rest), true)
    } else if let Some(len) = raw_string_len(rest) {
        (len, false)
    } else if rest.starts_with('"') {
        (quoted_len(rest, '"'), false)
    } else if is_char_literal(rest) {
        (quoted_len(rest, '\''), false)
    } else {
        let word = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let one = rest.chars().next().map_or(0, char::len_utf8);
        (word.max(one), false)
    }
}

fn block_comment_len(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest.as_bytes()[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.as_bytes()[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// The length of a raw string (`r"…"`, `br#"…"#`) that `rest` begins with.
fn raw_string_len(rest: &str) -> Option<usize> {
    let after_r = ["r", "br", "cr"]
        .iter()
        .find_map(|prefix| rest.strip_prefix(prefix))?;
    let body = after_r.trim_start_matches('#');
    let hashes = after_r.len() - body.len();
    let end = format!("\"{}", "#".repeat(hashes));
    let inner = body.strip_prefix('"')?;
    let inner_len = inner.find(&end)? + end.len();
    Some(rest.len() - inner.len() + inner_len)
}

/// The length of the literal that begins and ends with `quote`, backslashes heeded.
fn quoted_len(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Tells `'a'` from the lifetime `'a`.
fn is_char_literal(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next() == Some('\'')
        && match chars.next() {
            Some('\\') => true,
            Some(_) => chars.next() == Some('\''),
            None => false,
        }
}

#[test]
fn comments_are_told_from_code() {
    let source = "a // b\nc /* d /* e */ f */ g\n\"h // i\" 'j' '\\'' r#\"/* k\"# &'l m // n";
    let expected = "a \nc  g\n\"h // i\" 'j' '\\'' r#\"/* k\"# &'l m ";
    assert_eq!(without_comments(source), expected);
}

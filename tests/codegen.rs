//! What code the compiler makes: `tests/cases/codegen/*.wat`.
//!
//! A case is a module with `;;! target = "…"` lines at its head, and functions whose instructions
//! are of interest, by `;;! func = "…"` lines. An `;;! options = "…"` line is what the compiler's
//! command line has besides. What is expected of each stands behind the module,
//! as comments. `BLESS=1 cargo test --test codegen` writes what is found there instead.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the expected listings begin.
const EXPECTED: &str = "\n;;= ";

fn prefab(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_prefab"))
        .args(args)
        .output()
        .expect("the program was built for this test");
    assert!(
        output.status.success(),
        "prefab {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("listings are text")
}

/// The values of the lines `;;! key = "value"`.
fn directives<'a>(case: &'a str, key: &str) -> Vec<&'a str> {
    let start = format!(";;! {key} = \"");
    case.lines()
        .filter_map(|line| line.strip_prefix(start.as_str())?.strip_suffix('"'))
        .collect()
}

/// The listing of a function without what changes when other functions do: places in the module and
/// addresses, other than distances from the function's start.
fn listing(object: &str, func: &str) -> String {
    let text = prefab(&["inspect", object, "--disasm", func]);
    let lines = text.lines().skip(1);
    let lines: Vec<(u64, &str)> = lines
        .map(|line| {
            line.split_once(": ")
                .expect("an address, then an instruction")
        })
        .map(|(at, text)| (number(at.trim()), text))
        .collect();
    let start = lines.first().map_or(0, |(at, _)| *at);
    let inside = |at: u64| lines.iter().any(|(line, _)| *line == at);
    let mut out = String::new();
    for (at, text) in &lines {
        let (text, notes) = text.split_once(';').unwrap_or((text, ""));
        let (mut text, mut kept) = (text.trim_end().to_string(), Vec::new());
        let notes = notes.split(',').map(str::trim);
        for note in notes.filter(|note| !note.is_empty() && !note.starts_with("wasm ")) {
            if let Some(target) = note.strip_prefix("to ") {
                kept.push(format!("to {:x}", number(target) - start));
            } else if note.starts_with("trap: ") {
                kept.push(note.to_string());
            } else {
                // The name of what is called or jumped to, elsewhere: it is where it is.
                let mnemonic = text.split(' ').next().unwrap_or_default();
                text = format!("{mnemonic} {note}");
            }
        }
        let is_branch = ["j", "b", "cb", "tb"]
            .iter()
            .any(|start| text.starts_with(start));
        if let Some((before, target)) = text.rsplit_once("0x")
            && let Ok(target) = u64::from_str_radix(target, 16)
            && is_branch
            && inside(target)
        {
            text = format!("{}{:x}", before.trim_end_matches('#'), target - start);
        }
        let line = match kept.as_slice() {
            [] => text,
            notes => format!("{text:<40} ; {}", notes.join(", ")),
        };
        writeln!(out, ";; {:4x}: {line}", at - start).expect("writing to a string cannot fail");
    }
    out
}

/// A hexadecimal number, with or without its prefix.
fn number(text: &str) -> u64 {
    let digits = text.trim_start_matches("0x");
    u64::from_str_radix(digits, 16).expect("addresses are hexadecimal")
}

/// What the case's file should be.
fn actual(path: &Path, case: &str, directory: &Path) -> String {
    let module = case.split(EXPECTED).next().unwrap_or_default().trim_end();
    let mut out = format!("{module}\n");
    let object = directory.join("case.o");
    let (input, object) = (path.to_str(), object.to_str());
    let (input, object) = (input.expect("UTF-8"), object.expect("UTF-8"));
    let options = directives(case, "options");
    let options = options.iter().flat_map(|words| words.split_whitespace());
    let options: Vec<&str> = options.collect();
    for target in directives(case, "target") {
        let args = ["compile", input, "-o", object, "--target", target];
        prefab(&[&args[..], &options].concat());
        // Also that explicit traps need no instruction that traps.
        prefab(&["inspect", "--verify", object]);
        for func in directives(case, "func") {
            let listing = listing(object, func);
            write!(out, "{EXPECTED}{target}: {func}\n{listing}").expect("as above");
        }
    }
    out
}

/// The first line that differs.
fn difference(expected: &str, actual: &str) -> String {
    let mut lines = expected.lines().zip(actual.lines()).enumerate();
    match lines.find(|(_, (expected, actual))| expected != actual) {
        Some((index, (expected, actual))) => {
            format!(
                "line {}:\n  expected {expected}\n  found    {actual}",
                index + 1
            )
        }
        None => "one listing ends before the other".to_string(),
    }
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/codegen");
    let entries = fs::read_dir(&folder).expect("the cases are part of the repository");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("as above").path())
        .collect();
    paths.sort();
    let directory = tempfile::tempdir().expect("a place for objects");
    let mut failures = String::new();
    for path in &paths {
        let case = fs::read_to_string(path).expect("cases are text");
        let actual = actual(path, &case, directory.path());
        if std::env::var_os("BLESS").is_some() {
            fs::write(path, actual).expect("cases can be written where they are blessed");
        } else if actual != case {
            let difference = difference(&case, &actual);
            writeln!(failures, "{}: {difference}", path.display()).expect("as above");
        }
    }
    assert!(!paths.is_empty());
    assert!(
        failures.is_empty(),
        "BLESS=1 accepts what was found\n{failures}"
    );
}

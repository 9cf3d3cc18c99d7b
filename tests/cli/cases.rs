//! `tests/cases/reject/*.wat` are refused by `prefab compile`; `tests/cases/run/*.wat` are run.
//!
//! `;;! options = "…"` and `;;! args = "…"` lines at a case's head are what stands before and behind
//! the file on the command line. What is expected stands behind the module, as comments;
//! `BLESS=1 cargo test --test cli` writes what is found there instead.

use super::{Place, Run};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Where what is expected begins.
const EXPECTED: &str = "\n;;= ";

/// The words of the lines `;;! key = "words"`.
fn directive<'a>(case: &'a str, key: &str) -> Vec<&'a str> {
    let start = format!(";;! {key} = \"");
    case.lines()
        .filter_map(|line| line.strip_prefix(start.as_str())?.strip_suffix('"'))
        .flat_map(str::split_whitespace)
        .collect()
}

/// What the case's file should be.
fn actual(case: &str, run: &Run) -> String {
    let module = case.split(EXPECTED).next().unwrap_or_default().trim_end();
    let code = run.code.expect("prefab is not killed by a signal");
    let mut out = format!("{module}\n{EXPECTED}exit {code}\n");
    for (name, text) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        if !text.is_empty() {
            writeln!(out, "{}{name}", EXPECTED.trim_start()).expect("a string can be written to");
        }
        for line in text.lines() {
            // How many frames a stack has room for depends on the target.
            let line = match line.starts_with("  and ") && line.ends_with(" more frames") {
                true => "  and N more frames",
                false => line,
            };
            out += format!(";; {line}").trim_end();
            out += "\n";
        }
    }
    out
}

fn cases(folder: &str, run: impl Fn(&Place, &Path, &str, &str) -> Run) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(folder);
    let entries = fs::read_dir(&folder).expect("the cases are part of the repository");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("as above").path())
        .collect();
    paths.sort();
    let place = Place::new();
    let mut failures = String::new();
    for path in &paths {
        let case = fs::read_to_string(path).expect("cases are text");
        let name = path.file_name().expect("a file has a name");
        let actual = actual(&case, &run(&place, &folder, &name.to_string_lossy(), &case));
        if std::env::var_os("BLESS").is_some() {
            fs::write(path, actual).expect("cases can be written where they are blessed");
        } else if actual != case {
            failures += &format!("{}: found\n{actual}\n", path.display());
        }
    }
    assert!(!paths.is_empty());
    assert!(
        failures.is_empty(),
        "BLESS=1 accepts what was found\n{failures}"
    );
}

#[test]
fn rejected() {
    cases("reject", |place, folder, name, case| {
        let object = place.path("rejected.o");
        let object = object.to_str().expect("UTF-8");
        let mut args = vec!["compile", "-o", object];
        args.extend(directive(case, "options"));
        args.push(name);
        let run = place.prefab_in(folder, args);
        assert!(!Path::new(object).exists(), "{name}: an object was written");
        run
    });
}

#[test]
fn run() {
    cases("run", |place, folder, name, case| {
        let mut args = vec!["run"];
        args.extend(directive(case, "options"));
        args.push(name);
        args.extend(directive(case, "args"));
        place.prefab_in(folder, args)
    });
}

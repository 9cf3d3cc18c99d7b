//! Programs that compile, and programs that must not: each in `ui/`, with what rustc says.
//!
//! The words are those of [`WORDS_OF`], without the library's source beside it, of which it shows
//! lines: with it, `TRYBUILD=overwrite` writes down new ones. To another rustc the programs must be
//! wrong as well, in whatever words.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The version whose words are written down.
const WORDS_OF: &str = "rustc 1.95.";

/// What rustc prints if it is asked for this.
fn rustc(asked: &[&str]) -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(asked).output();
    let output = output.expect("what compiled this test is there");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn has_the_words() -> bool {
    let source = Path::new(&rustc(&["--print", "sysroot"])).join("lib/rustlib/src/rust/library");
    rustc(&["--version"]).starts_with(WORDS_OF) && !source.exists()
}

/// A copy of the programs in `folder` without what rustc says.
fn without_words(folder: &str) -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = fs::remove_dir_all(&copy);
    fs::create_dir_all(&copy).expect("there is a folder for temporary files");
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    for file in fs::read_dir(programs).expect("the programs are there") {
        let file = file.expect("the programs are there").path();
        if file.extension().is_some_and(|extension| extension == "rs") {
            let name = file.file_name().expect("a file has a name");
            fs::copy(&file, copy.join(name)).expect("the programs can be copied");
        }
    }
    copy
}

#[test]
fn what_must_not_compile_does_not() {
    let has_words = has_the_words();
    if !has_words && env::var_os("TRYBUILD").is_none() {
        // With this set, a program without words is only compiled.
        let mut again = Command::new(env::current_exe().expect("a test knows where it is"));
        let status = again.env("TRYBUILD", "overwrite").status();
        assert!(status.expect("a test can be run").success());
        return;
    }
    let cases = trybuild::TestCases::new();
    let mut folders = vec!["tests/ui"];
    if cfg!(feature = "async") {
        folders.push("tests/ui/async");
    }
    for folder in folders {
        cases.pass(format!("{folder}/pass/*.rs"));
        let fail = format!("{folder}/fail");
        let programs = if has_words {
            PathBuf::from(fail)
        } else {
            without_words(&fail)
        };
        cases.compile_fail(programs.join("*.rs"));
    }
}

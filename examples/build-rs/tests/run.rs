//! The example does what the book says.

use std::fs;
use std::path::Path;
use std::process::Command;

fn book() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/build-step.md");
    fs::read_to_string(path).expect("docs/build-step.md is there")
}

/// The blocks of a document fenced as `kind`.
fn fenced<'a>(document: &'a str, kind: &str) -> Vec<&'a str> {
    let fence = format!("```{kind}\n");
    let blocks = document.split(fence.as_str()).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .collect()
}

#[test]
fn it_prints_what_the_book_shows() {
    let output = Command::new(env!("CARGO_BIN_EXE_prefab-example-build-rs"))
        .output()
        .expect("the example is built");
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("it writes text");
    let book = book();
    let shown = fenced(&book, "console")[0];
    let (command, shown) = shown.split_once('\n').expect("a command and its output");
    assert_eq!(command, "$ cargo run -p prefab-example-build-rs");
    assert_eq!(printed, shown);
}

#[test]
fn it_takes_other_texts() {
    let output = Command::new(env!("CARGO_BIN_EXE_prefab-example-build-rs"))
        .arg("  one\ttwo ")
        .output()
        .expect("the example is built");
    let printed = String::from_utf8(output.stdout).expect("it writes text");
    assert!(printed.starts_with("2 words: one, two\n"), "{printed}");
}

#[test]
fn what_the_book_shows_is_what_the_example_has() {
    let file = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        fs::read_to_string(path).expect("the example has it")
    };
    let sources = file("build.rs") + &file("src/main.rs");
    // How they are laid out may differ.
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    let sources = plain(&sources);
    let book = book();
    let snippets = fenced(&book, "rust");
    assert!(snippets.len() >= 3);
    for snippet in snippets {
        assert!(sources.contains(&plain(snippet)), "{snippet}");
    }
}

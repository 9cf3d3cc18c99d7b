//! The rules of the house, asserted: who imports whom, where instruction sets are named, which
//! files may be unsafe, and that the documents say what is true.

#[path = "tidy/crates.rs"]
mod crates;
#[path = "tidy/tree.rs"]
mod tree;

use std::collections::BTreeSet;

use tree::{File, files, product_code, root, rust_files, without_comments};

/// A crate that may be used, and the features that are asked of it.
type Edge = (&'static str, &'static [&'static str]);

/// Which crate of the workspace may use which.
const EDGES: &[(&str, &[Edge])] = &[
    ("prefab-abi", &[]),
    ("prefab-targets", &[("prefab-abi", &[])]),
    (
        "prefab-compiler",
        &[("prefab-abi", &[]), ("prefab-targets", &["codegen"])],
    ),
    (
        "prefab-runtime",
        &[("prefab-abi", &[]), ("prefab-targets", &["host"])],
    ),
    (
        "prefab-loader",
        &[
            ("prefab-abi", &[]),
            ("prefab-runtime", &[]),
            ("prefab-targets", &["host"]),
        ],
    ),
    ("prefab-wasi", &[("prefab-runtime", &[])]),
    ("prefab-wast", &[("prefab-runtime", &[])]),
    (
        "prefab_runtime_layer",
        &[
            ("prefab-compiler", &[]),
            ("prefab-loader", &[]),
            ("prefab-runtime", &[]),
            ("prefab-targets", &["host"]),
        ],
    ),
    (
        "prefab-c-api",
        &[
            ("prefab-loader", &[]),
            ("prefab-runtime", &[]),
            ("prefab-wasi", &[]),
        ],
    ),
    ("prefab-benches", &[("prefab", &[])]),
    (
        "prefab-linked-suite",
        &[
            ("prefab-loader", &[]),
            ("prefab-runtime", &[]),
            ("prefab-wast", &[]),
        ],
    ),
    (
        "prefab-build",
        &[
            ("prefab-abi", &[]),
            ("prefab-compiler", &[]),
            ("prefab-targets", &[]),
        ],
    ),
    (
        "prefab-build-test",
        &[
            ("prefab", &["wasi"]),
            ("prefab-build", &[]),
            ("prefab-targets", &["disasm", "host"]),
        ],
    ),
    (
        "prefab-example-build-rs",
        &[("prefab", &[]), ("prefab-build", &[])],
    ),
    (
        "prefab",
        &[
            ("prefab-abi", &[]),
            ("prefab-compiler", &[]),
            ("prefab-loader", &[]),
            ("prefab-runtime", &[]),
            ("prefab-targets", &["host"]),
            ("prefab-wasi", &[]),
            ("prefab-wast", &[]),
        ],
    ),
];

/// The files that may hold unsafe code. Each says at its head why it is sound.
const UNSAFE_FILES: &[&str] = &[
    "benches/benches/interrupt.rs",
    "benches/benches/load.rs",
    "benches/benches/reuse.rs",
    "benches/compare/worker/native.rs",
    "benches/compare/worker/prefab.rs",
    "benches/compare/worker/wasmtime.rs",
    "benches/wasmtime-run/src/main.rs",
    "build-step/tests/package/tests/link_arg.rs",
    "loader/src/lib.rs",
    "loader/src/map.rs",
    "loader/tests/malformed.rs",
    "loader/tests/refusals.rs",
    "loader/tests/mapping.rs",
    "loader/tests/traps.rs",
    "runtime-lib/c-api/src/error.rs",
    "runtime-lib/c-api/src/externref.rs",
    "runtime-lib/c-api/src/ffi.rs",
    "runtime-lib/c-api/src/func.rs",
    "runtime-lib/c-api/src/global.rs",
    "runtime-lib/c-api/src/host.rs",
    "runtime-lib/c-api/src/instance.rs",
    "runtime-lib/c-api/src/linker.rs",
    "runtime-lib/c-api/src/load.rs",
    "runtime-lib/c-api/src/memory.rs",
    "runtime-lib/c-api/src/module.rs",
    "runtime-lib/c-api/src/program.rs",
    "runtime-lib/c-api/src/store.rs",
    "runtime-lib/c-api/src/table.rs",
    "runtime-lib/c-api/src/value.rs",
    "runtime-lib/c-api/src/wasi.rs",
    "runtime-lib/layer/src/module.rs",
    "runtime-lib/src/aliased.rs",
    "runtime-lib/src/asynchronous/fiber.rs",
    "runtime-lib/src/asynchronous/future.rs",
    "runtime-lib/src/asynchronous/stacks.rs",
    "runtime-lib/src/asynchronous/wrap.rs",
    "runtime-lib/src/builtins/memory.rs",
    "runtime-lib/src/builtins/mod.rs",
    "runtime-lib/src/builtins/table.rs",
    "runtime-lib/src/func/host.rs",
    "runtime-lib/src/func/mod.rs",
    "runtime-lib/src/func/tuples.rs",
    "runtime-lib/src/func/typed.rs",
    "runtime-lib/src/func/unchecked.rs",
    "runtime-lib/src/func/wrap.rs",
    "runtime-lib/src/global/mod.rs",
    "runtime-lib/src/instance/command.rs",
    "runtime-lib/src/instance/fields.rs",
    "runtime-lib/src/instance/instantiate.rs",
    "runtime-lib/src/instance/reset.rs",
    "runtime-lib/src/mapping.rs",
    "runtime-lib/src/memory/data.rs",
    "runtime-lib/src/module/linked.rs",
    "runtime-lib/src/module/mod.rs",
    "runtime-lib/src/module/tests.rs",
    "runtime-lib/src/stand_in.rs",
    "runtime-lib/src/store/async_limiter.rs",
    "runtime-lib/src/store/context.rs",
    "runtime-lib/src/store/growth.rs",
    "runtime-lib/src/store/inner.rs",
    "runtime-lib/src/store/limiter.rs",
    "runtime-lib/src/store/mod.rs",
    "runtime-lib/src/table/data.rs",
    "runtime-lib/src/trap/backtrace.rs",
    "runtime-lib/src/trap/enter.rs",
    "runtime-lib/src/trap/exec.rs",
    "runtime-lib/src/trap/handler.rs",
    "runtime-lib/src/trap/raise.rs",
    "runtime-lib/src/trap/tests.rs",
    "runtime-lib/src/trap/thread.rs",
    "runtime-lib/wasi/tests/modules.rs",
    "targets/src/aarch64/host.rs",
    "targets/src/host.rs",
    "targets/src/riscv64/host.rs",
    "src/bin/prefab-run.rs",
    "src/runner/load.rs",
    "src/runner/signals.rs",
    "src/wast/load.rs",
    "targets/src/x86_64/host.rs",
    "tests/embedding/allocations.rs",
    "tests/embedding/common.rs",
    "tests/offsets.rs",
    "tests/embedding/linked.rs",
    "tests/fuzz/ours.rs",
    "tests/golden.rs",
    "tests/linked/program/src/lib.rs",
];

/// Crates whose every line is safe, enforced by the compiler.
const SAFE_CRATES: &[&str] = &["runtime-lib/abi", "build-step", "compiler"];

/// Tables of data, which may be long.
const TABLES: &[&str] = &[];

/// A file longer than this wants to be split.
const FILE_LINES_MAX: usize = 600;

/// How far above an unsafe block its reason may stand, in lines.
const SAFETY_COMMENT_LINES: usize = 6;

/// Fails with everything that was found at once, under a heading that says the rule.
#[track_caller]
fn assert_none(rule: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn crates_import_only_what_the_design_says() {
    let workspace = crates::workspace();
    let named: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    let there: BTreeSet<&str> = workspace.keys().map(String::as_str).collect();
    assert_eq!(named, there, "EDGES names the workspace's crates");
    for (name, allowed) in EDGES {
        let edges = &workspace[*name].edges;
        let found: BTreeSet<&str> = edges.keys().map(String::as_str).collect();
        let expected: BTreeSet<&str> = allowed.iter().map(|(to, _)| *to).collect();
        assert_eq!(found, expected, "what {name} uses");
        for (to, features) in *allowed {
            let found: BTreeSet<&str> = edges[*to].iter().map(String::as_str).collect();
            let expected: BTreeSet<&str> = features.iter().copied().collect();
            assert_eq!(found, expected, "the features that {name} asks of {to}");
        }
    }
    assert_eq!(
        workspace["prefab-abi"].outside,
        BTreeSet::new(),
        "prefab-abi stands alone"
    );
}

#[test]
fn the_compiler_is_a_default_feature() {
    let prefab = &crates::workspace()["prefab"];
    assert!(
        prefab.optional.contains("prefab-compiler"),
        "prefab-compiler is optional"
    );
    assert!(prefab.features["default"].contains(&"compile".to_owned()));
    assert!(prefab.features["compile"].contains(&"dep:prefab-compiler".to_owned()));
    let small = crates::linked("prefab", &["--no-default-features"]);
    for name in [
        "clap",
        "object",
        "gimli",
        "capstone",
        "serde",
        "prefab-wasi",
    ] {
        assert!(!small.contains(name), "{name} in the smallest runner");
    }
    let mut cranelift = crates::linked("prefab", &["--no-default-features"]);
    cranelift.retain(|name| name.starts_with("cranelift") || name == "prefab-compiler");
    assert_eq!(
        cranelift,
        BTreeSet::new(),
        "linked without the feature `compile`"
    );
    assert!(crates::linked("prefab", &[]).contains("cranelift-codegen"));
}

#[test]
fn the_library_for_c_links_what_it_needs() {
    let needless = ["clap", "goblin", "gimli", "object", "prefab-compiler"];
    let linked = crates::linked("prefab-c-api", &[]);
    assert!(linked.contains("prefab-wasi"));
    let linked: Vec<_> = linked
        .iter()
        .filter(|name| needless.contains(&name.as_str()))
        .collect();
    assert_eq!(linked, [""; 0], "linked into programs for nothing");
    let small = crates::linked("prefab-c-api", &["--no-default-features"]);
    assert!(
        !small.contains("cap-std"),
        "linked into programs without WASI"
    );
}

#[test]
fn instruction_sets_are_named_in_targets_only() {
    let names = ["x86_64", "x86-64", "aarch64", "arm64", "riscv"];
    let mut found = Vec::new();
    for file in rust_files() {
        if file.path.starts_with("targets/") || file.is_test() {
            continue;
        }
        let code = product_code(&file.text).to_lowercase();
        for (index, line) in code.lines().enumerate() {
            if names.iter().any(|name| line.contains(name)) {
                found.push(format!("{}:{}: {}", file.path, index + 1, line.trim()));
            }
        }
    }
    assert_none(
        "only targets/ names an instruction set; ask prefab-targets instead",
        found,
    );
}

#[test]
fn unsafe_files_are_listed_and_say_why() {
    let opted_in: Vec<File> = rust_files()
        .into_iter()
        .filter(|file| {
            // Attributes with long reasons are broken into lines.
            let code: String = without_comments(&file.text).split_whitespace().collect();
            code.contains(concat!("allow(", "unsafe_code"))
        })
        .collect();
    let found: BTreeSet<&str> = opted_in.iter().map(|file| file.path.as_str()).collect();
    let listed: BTreeSet<&str> = UNSAFE_FILES.iter().copied().collect();
    assert_eq!(
        found, listed,
        "UNSAFE_FILES in tests/tidy.rs lists the files that may be unsafe"
    );
    let silent = opted_in
        .iter()
        .filter(|file| !file.text.contains("//! # Safety"));
    let silent = silent.map(|file| file.path.clone()).collect();
    assert_none(
        "a file with unsafe code has a `//! # Safety` section at its head",
        silent,
    );
    for folder in SAFE_CRATES {
        let lib = read(&format!("{folder}/src/lib.rs"));
        assert!(
            lib.contains("#![forbid(unsafe_code)]"),
            "{folder} forbids unsafe code"
        );
    }
}

#[test]
fn one_file_makes_pointers_of_numbers() {
    let found = rust_files()
        .into_iter()
        .filter(|file| file.path.starts_with("runtime-lib/src/"))
        .filter(|file| file.path != "runtime-lib/src/address.rs")
        .filter(|file| {
            let code = product_code(&file.text);
            code.contains("exposed_provenance") || code.contains("expose_provenance")
        })
        .map(|file| file.path)
        .collect();
    assert_none("runtime-lib/src/address.rs does this", found);
}

#[test]
fn every_unsafe_block_has_its_reason_above() {
    let mut found = Vec::new();
    for file in rust_files() {
        let lines: Vec<&str> = file.text.lines().collect();
        for (index, code) in without_comments(&file.text).lines().enumerate() {
            let is_block = code.contains("unsafe {") || code.contains("unsafe impl");
            let above = &lines[index.saturating_sub(SAFETY_COMMENT_LINES)..=index];
            // The rule itself and its words stand here.
            let is_rule = file.path == "tests/tidy.rs";
            if is_block && !is_rule && !above.iter().any(|line| line.contains("SAFETY:")) {
                found.push(format!("{}:{}", file.path, index + 1));
            }
        }
    }
    assert_none(
        "a `// SAFETY:` comment stands right above each unsafe block",
        found,
    );
}

#[test]
fn files_are_short() {
    let long = rust_files()
        .into_iter()
        .map(|file| (file.text.lines().count(), file.path))
        .filter(|(lines, path)| *lines > FILE_LINES_MAX && !TABLES.contains(&path.as_str()))
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert_none("split these files, by what they are about", long);
}

#[test]
fn nothing_is_left_undone_or_skipped() {
    // Put together here, so that this file does not find itself.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("to", "do!("),
        concat!("un", "implemented!("),
        concat!("#[ig", "nore"),
        concat!("```ig", "nore"),
        concat!("dbg", "!("),
    ];
    assert_words_absent("work is finished or it is an issue, not a comment", &words);
}

#[test]
fn no_machine_is_named() {
    assert_words_absent(
        "a path of somebody's machine",
        &[concat!("/wo", "rk/"), concat!("/ro", "ot/")],
    );
}

#[track_caller]
fn assert_words_absent(rule: &str, words: &[&str]) {
    let mut found = Vec::new();
    for file in files() {
        let hits = file.lines_where(|line| words.iter().any(|word| line.contains(word)));
        found.extend(hits.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim())));
    }
    assert_none(rule, found);
}

#[test]
fn the_architecture_names_every_crate_and_only_what_exists() {
    let text = read("ARCHITECTURE.md");
    let is_path = |word: &&str| {
        let plain = word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/_.-".contains(c));
        plain && (word.ends_with('/') || word.ends_with(".rs") || word.ends_with(".md"))
    };
    let named: BTreeSet<&str> = text.split('`').skip(1).step_by(2).filter(is_path).collect();
    assert!(named.len() > 10, "ARCHITECTURE.md is a map of the code");
    let tree: Vec<String> = files().into_iter().map(|file| file.path).collect();
    let exists = |path: &str| match path.strip_suffix('/') {
        Some(_) => tree.iter().any(|file| file.starts_with(path)),
        None => tree.iter().any(|file| file == path),
    };
    let gone = named
        .iter()
        .filter(|path| !exists(path))
        .map(|path| (*path).to_owned())
        .collect();
    assert_none("ARCHITECTURE.md names what is not there", gone);
    let unnamed = crates::workspace()
        .into_iter()
        .filter(|(_, found)| !found.folder.is_empty())
        .map(|(_, found)| format!("{}/", found.folder))
        .filter(|folder| !named.contains(folder.as_str()))
        .collect();
    assert_none("ARCHITECTURE.md does not name these crates", unnamed);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for file in files().iter().filter(|file| file.path.ends_with(".md")) {
        let folder = root()
            .join(&file.path)
            .parent()
            .expect("in a folder")
            .to_owned();
        for target in file
            .text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") && !folder.join(path).exists() {
                broken.push(format!("{}: {target}", file.path));
            }
        }
    }
    assert_none("links that lead nowhere", broken);
}

/// The lines of the blocks fenced as `kind` in a document.
fn fenced<'a>(document: &'a str, kind: &str) -> Vec<&'a str> {
    let fence = format!("```{kind}\n");
    let blocks = document.split(fence.as_str()).skip(1);
    let bodies = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    bodies
        .flat_map(str::lines)
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn what_the_readme_tells_to_run_is_what_ci_runs() {
    let readme = read("README.md");
    let ci = read(".ci/run");
    let commands = fenced(&readme, "sh");
    assert_eq!(
        commands.len(),
        2,
        "README.md has two commands: {commands:?}"
    );
    for command in commands {
        let runs = |line: &str| line.trim().split(" 2>&1 | tee").next() == Some(command);
        assert!(
            ci.lines().any(runs),
            ".ci/run does not run README.md's `{command}`"
        );
    }
}

//! Who imports whom, as cargo sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::tree::root;

/// A crate of the workspace.
pub struct Crate {
    /// Where it lies, from the repository's root; empty for the root package.
    pub folder: String,
    /// Its dependencies inside the workspace, dev-dependencies apart, with the features asked for.
    pub edges: BTreeMap<String, BTreeSet<String>>,
    /// Those of them that are optional.
    pub optional: BTreeSet<String>,
    /// Its dependencies from outside the workspace, dev-dependencies apart.
    pub outside: BTreeSet<String>,
    /// Its features and what each turns on.
    pub features: BTreeMap<String, Vec<String>>,
}

/// The workspace's crates by name.
pub fn workspace() -> BTreeMap<String, Crate> {
    let output = cargo(&["metadata", "--format-version=1", "--no-deps", "--offline"]);
    let metadata: Value = serde_json::from_str(&output).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let names: BTreeSet<&str> = packages
        .iter()
        .map(|package| text(&package["name"]))
        .collect();
    packages
        .iter()
        .map(|package| {
            (
                text(&package["name"]).to_owned(),
                read_crate(package, &names),
            )
        })
        .collect()
}

fn read_crate(package: &Value, names: &BTreeSet<&str>) -> Crate {
    let manifest = Path::new(text(&package["manifest_path"]));
    let folder = manifest.parent().expect("a manifest lies in a folder");
    let folder = folder
        .strip_prefix(root())
        .expect("crates lie below the root");
    let mut found = Crate {
        folder: folder.to_string_lossy().into_owned(),
        edges: BTreeMap::new(),
        optional: BTreeSet::new(),
        outside: BTreeSet::new(),
        features: serde_json::from_value(package["features"].clone()).expect("lists of features"),
    };
    for dependency in package["dependencies"]
        .as_array()
        .expect("a list of dependencies")
    {
        let name = text(&dependency["name"]).to_owned();
        if dependency["kind"] == "dev" {
            continue;
        }
        if !names.contains(name.as_str()) {
            found.outside.insert(name);
            continue;
        }
        if dependency["optional"] == true {
            found.optional.insert(name.clone());
        }
        let features = dependency["features"]
            .as_array()
            .expect("a list of features");
        let features = features.iter().map(|feature| text(feature).to_owned());
        found.edges.entry(name).or_default().extend(features);
    }
    found
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// The names of the packages linked into package `of` with `flags`.
pub fn linked(of: &str, flags: &[&str]) -> BTreeSet<String> {
    let mut args = vec![
        "tree",
        "--offline",
        "-e",
        "normal",
        "--prefix",
        "none",
        "-f",
        "{p}",
        "-p",
        of,
    ];
    args.extend(flags);
    let first_word = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    cargo(&args)
        .lines()
        .map(first_word)
        .filter(|name| !name.is_empty())
        .collect()
}

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(args)
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(
        output.status.success(),
        "cargo {} failed:\n{}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

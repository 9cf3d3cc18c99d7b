//! What linking needs: a C compiler and the runtime, for the target.

use crate::cli::error::Failure;
use prefab_targets::Target;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The library's file.
const LIBRARY: &str = "libprefab_rt.a";

fn is_host(target: &Target) -> bool {
    Target::host() == Some(target)
}

/// The target's C compiler, with arguments that the environment gives it.
///
/// # Errors
/// If there is none.
pub(super) fn compiler(option: Option<&OsStr>, target: &Target) -> Result<Vec<OsString>, Failure> {
    if let Some(program) = option {
        return Ok(vec![program.to_owned()]);
    }
    let own = format!("CC_{}", target.triple().replace('-', "_"));
    let variables = [Some(own.as_str()), is_host(target).then_some("CC")];
    for variable in variables.into_iter().flatten() {
        let value = env::var(variable).unwrap_or_default();
        let words: Vec<OsString> = value.split_whitespace().map(OsString::from).collect();
        if !words.is_empty() {
            return Ok(words);
        }
    }
    let (program, package) = match is_host(target) {
        true => ("cc".to_owned(), "gcc".to_owned()),
        false => {
            let name = target.name();
            // As Debian and its children call them.
            let package = format!("gcc-{}-linux-gnu", name.replace('_', "-"));
            (format!("{name}-linux-gnu-gcc"), package)
        }
    };
    if is_in_path(&program) {
        return Ok(vec![program.into()]);
    }
    Err(Failure::new(format!(
        "there is no C compiler for {}, which links: {program} is not there. Debian and Ubuntu have \
         it in the package {package}; --cc or {own} names another",
        target.triple()
    )))
}

fn is_in_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The runtime for the target.
///
/// # Errors
/// If it is nowhere.
pub(super) fn runtime(option: Option<&Path>, target: &Target) -> Result<PathBuf, Failure> {
    if let Some(path) = option {
        return match path.is_file() {
            true => Ok(path.to_owned()),
            false => Err(Failure::of(path, "the runtime is not there")),
        };
    }
    if let Some(path) = env::var_os("PREFAB_RT").map(PathBuf::from) {
        return match path.is_file() {
            true => Ok(path),
            false => Err(Failure::of(
                &path,
                "the runtime, which PREFAB_RT names, is not there",
            )),
        };
    }
    let places = places(target);
    if let Some(found) = places.iter().find(|place| place.is_file()) {
        return Ok(found.clone());
    }
    let triple = target.triple();
    let looked: String = places
        .iter()
        .map(|place| format!("\n  {} is not there", place.display()))
        .collect();
    Err(Failure::new(format!(
        "there is no {LIBRARY} for {triple}; in Prefab's sources, cargo build --release -p \
         prefab-c-api --target {triple} builds it, and --runtime or PREFAB_RT names it{looked}"
    )))
}

/// Where the runtime may be: as it is installed beside this program, and as cargo builds it.
fn places(target: &Target) -> Vec<PathBuf> {
    let mut places = Vec::new();
    let program = env::current_exe().and_then(std::fs::canonicalize);
    let Some(folder) = program
        .ok()
        .as_deref()
        .and_then(Path::parent)
        .map(Path::to_owned)
    else {
        return places;
    };
    let installed = Path::new("lib/prefab").join(target.triple()).join(LIBRARY);
    places.push(folder.join(&installed));
    if let Some(above) = folder.parent() {
        places.push(above.join(&installed));
        // target/<profile>/prefab, or target/<triple>/<profile>/prefab.
        if let Some(profile) = folder.file_name() {
            let built = Path::new(target.triple()).join(profile).join(LIBRARY);
            places.push(above.join(&built));
            places.extend(above.parent().map(|above| above.join(&built)));
        }
        if is_host(target) {
            places.push(folder.join(LIBRARY));
        }
    }
    places
}

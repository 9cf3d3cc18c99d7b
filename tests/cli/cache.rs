//! The cache of `prefab run`: entries are found again, and never believed. And that of
//! `prefab compile`, whose entries are functions.

use super::Place;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

const MODULE: &str = r#"(module (func (export "f") (result i32) (i32.const 42)))"#;

/// Every file below `directory`.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect();
    found.sort();
    found
}

fn run(place: &Place, file: &str) -> String {
    place.prefab(["run", "--invoke", "f", file]).ok()
}

#[test]
fn an_entry_is_used_again() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    assert_eq!(run(&place, "a.wat"), "42\n");
    let entries = files(&place.path("cache"));
    assert_eq!(entries.len(), 1, "{entries:?}");
    let written = fs::metadata(&entries[0]).unwrap().modified().unwrap();
    assert_eq!(run(&place, "a.wat"), "42\n");
    assert_eq!(files(&place.path("cache")), entries);
    assert_eq!(
        fs::metadata(&entries[0]).unwrap().modified().unwrap(),
        written
    );
    // The binary format of the same module is the same module.
    place.write("a.wasm", wat::parse_str(MODULE).unwrap());
    assert_eq!(run(&place, "a.wasm"), "42\n");
    assert_eq!(files(&place.path("cache")), entries);
    // Another module is another entry.
    place.write("a.wat", MODULE.replace("42", "43"));
    assert_eq!(run(&place, "a.wat"), "43\n");
    assert_eq!(files(&place.path("cache")).len(), 2);
}

#[test]
fn damaged_entries_are_compiled_anew() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    assert_eq!(run(&place, "a.wat"), "42\n");
    let entry = files(&place.path("cache")).remove(0);
    let good = fs::read(&entry).unwrap();
    let constant = 42u32.to_le_bytes();
    let at = good.windows(4).position(|bytes| bytes == constant).unwrap();
    let mut patched = good.clone();
    patched[at] = 41;
    for damaged in [&patched[..], &good[..good.len() / 2], b"", b"nothing"] {
        fs::write(&entry, damaged).unwrap();
        assert_eq!(run(&place, "a.wat"), "42\n");
        assert!(fs::read(&entry).unwrap() == good);
    }
    // What the object of another module is, in the place of this one's.
    place.write("b.wat", MODULE.replace("42", "43"));
    place.prefab(["compile", "b.wat"]).ok();
    fs::copy(place.path("b.o"), &entry).unwrap();
    assert_eq!(run(&place, "a.wat"), "42\n");
}

#[test]
fn without_a_cache_it_is_only_slower() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    // A file stands where the cache's directory should be.
    place.write("cache", "");
    assert_eq!(run(&place, "a.wat"), "42\n");
    assert_eq!(fs::read(place.path("cache")).unwrap(), b"");
}

#[test]
fn objects_are_not_cached() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    place.prefab(["compile", "a.wat"]).ok();
    assert_eq!(run(&place, "a.o"), "42\n");
    assert!(files(&place.path("cache")).is_empty());
}

#[test]
fn compile_keeps_functions() {
    let place = Place::new();
    let module = |first: &str| {
        format!(
            r#"(module
              (func (export "f") (result i32) {first})
              (func (export "g") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0))))"#
        )
    };
    let compile = |text: String, cache: &[&str]| {
        place.write("a.wat", text);
        let args = ["compile", "a.wat", "-o", "a.o", "--jobs=1"];
        let run = place.prefab(args.iter().chain(cache));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        (run.stderr, fs::read(place.path("a.o")).unwrap())
    };
    let kept = ["--cache", "functions"];
    let (said, _) = compile(module("(i32.const 1)"), &kept);
    let all = said
        .trim_start_matches("cache: compiled ")
        .split(' ')
        .nth(2);
    let all = all.expect("the number of functions").to_owned();
    let (said, object) = compile(module("(i32.const 100_000)"), &kept);
    assert_eq!(said, format!("cache: compiled 1 of {all} functions\n"));
    let (said, without) = compile(module("(i32.const 100_000)"), &[]);
    assert_eq!(said, "");
    assert!(object == without);
    place.write("file", "");
    let run = place.prefab(["compile", "a.wat", "--cache", "file"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("file: error: cannot be used as a cache: "),
        "{}",
        run.stderr
    );
}

/// The mode of a file or directory, without its kind.
fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn caches_are_private_whatever_the_umask() {
    for umask in ["000", "077", "177"] {
        let place = Place::new();
        place.write("a.wat", MODULE);
        let script = format!(
            r#"umask {umask}; "$P" run --invoke f a.wat; "$P" compile a.wat -o a.o --cache kept 2> said"#
        );
        assert_eq!(place.shell(&script).ok(), "42\n");
        assert_eq!(mode(&place.path("cache/prefab")), 0o700);
        assert_eq!(mode(&place.path("kept")), 0o700);
        for cache in ["cache/prefab", "kept"] {
            let entries = files(&place.path(cache));
            assert!(!entries.is_empty());
            for entry in entries {
                assert_eq!(mode(&entry) & !0o600, 0, "{}", entry.display());
                assert_eq!(mode(entry.parent().unwrap()), 0o700);
            }
        }
    }
}

#[test]
fn caches_that_others_can_write_to_are_refused() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    assert_eq!(run(&place, "a.wat"), "42\n");
    let entry = files(&place.path("cache")).remove(0);
    // Another user's object with all the right hashes: it would be run.
    place.write("b.wat", MODULE.replace("42", "43"));
    assert_eq!(run(&place, "b.wat"), "43\n");
    let directory = place.path("cache/prefab");
    for mode in [0o777, 0o770] {
        set_mode(&directory, mode);
        let before = fs::metadata(&entry).unwrap().accessed().unwrap();
        let run = place.prefab(["run", "--invoke", "f", "a.wat"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), "42\n"));
        let path = directory.display();
        assert_eq!(
            run.stderr,
            format!(
                "prefab: warning: the cache is not used: others can write to {path} (mode \
                 {mode:04o}): `chmod go-w {path}` prevents that\n"
            )
        );
        assert_eq!(fs::metadata(&entry).unwrap().accessed().unwrap(), before);
    }
    set_mode(&directory, 0o755);
    assert_eq!(run(&place, "a.wat"), "42\n");
    // An entry that others can write to is compiled anew.
    set_mode(&entry, 0o666);
    assert_eq!(run(&place, "a.wat"), "42\n");
    assert_eq!(mode(&entry), 0o600);

    fs::create_dir(place.path("open")).unwrap();
    set_mode(&place.path("open"), 0o777);
    let args = ["compile", "a.wat", "--cache", "open"];
    let stderr = place.prefab(args).fails(1);
    assert_eq!(
        stderr,
        "open: error: cannot be used as a cache: others can write to open (mode 0777): \
         `chmod go-w open` prevents that\n"
    );
    assert!(files(&place.path("open")).is_empty());
}

#[test]
fn caches_of_other_users_are_refused() {
    let place = Place::new();
    place.write("a.wat", MODULE);
    // Only root can give a directory away: there is one of root's for everybody else.
    let directory = if std::os::unix::fs::chown(place.path(""), None, None).is_ok()
        && fs::metadata(place.path("")).unwrap().uid() == 0
    {
        fs::create_dir(place.path("others")).unwrap();
        std::os::unix::fs::chown(place.path("others"), Some(12345), None).unwrap();
        place.path("others")
    } else {
        PathBuf::from("/usr")
    };
    let args = ["compile", "a.wat", "--cache"].map(PathBuf::from);
    let stderr = place.prefab(args.iter().chain([&directory])).fails(1);
    assert!(stderr.contains("belongs to user "), "{stderr}");
    assert!(stderr.contains("use a directory of your own"), "{stderr}");
}

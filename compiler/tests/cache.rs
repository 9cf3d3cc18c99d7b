//! The cache of compiled functions: what is found in it, what is not, and that nobody can tell from
//! the object.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use prefab_compiler::{
    Cache, CacheKey, CacheStats, DirectoryCache, FunctionCache, OptLevel, Options, compile,
};
use prefab_targets::Target;

/// One of each thing that code can refer to.
const EVERYTHING: &str = include_str!("../../tests/cases/link/everything.wat");

/// A small function at the start, which the tests change.
fn with_first(text: &str, first: &str) -> String {
    text.replacen(
        "(func $start",
        &format!(
            "(func $first (export \"first\") (param i32) (result i32) {first})\n  (func $start"
        ),
        1,
    )
}

const SHORT: &str = "(local.get 0)";
const LONG: &str = "(if (i32.eqz (local.get 0)) (then unreachable))
    (i32.mul (i32.add (local.get 0) (i32.const 123456)) (i32.const 7))";

fn build(text: &str, options: &Options) -> Vec<u8> {
    let wasm = wat::parse_str(text).expect("the test's text is a module");
    compile(&wasm, options, &|_, _| ()).expect("the test's module compiles")
}

fn cached(options: &Options, cache: &Cache) -> Options {
    Options {
        cache: Some(cache.clone()),
        ..options.clone()
    }
}

/// One thread, so that of two equal functions the second is always found.
fn options(target: &'static Target) -> Options {
    Options {
        jobs: Some(1),
        ..Options::new(target)
    }
}

fn functions(stats: CacheStats) -> usize {
    stats.hits + stats.misses
}

/// Compiles with a cache that is opened anew, as another process would.
fn rebuild(text: &str, options: &Options, folder: &Path) -> (Vec<u8>, CacheStats) {
    let cache = Cache::directory(folder).expect("a folder can be made here");
    let object = build(text, &cached(options, &cache));
    (object, cache.stats())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for shard in fs::read_dir(folder).unwrap() {
        for file in fs::read_dir(shard.unwrap().path()).unwrap() {
            found.push(file.unwrap().path());
        }
    }
    found.sort();
    found
}

#[test]
fn the_object_is_the_same_from_the_cache_and_without_it() {
    for target in Target::ALL.iter().copied() {
        for opt_level in [OptLevel::O0, OptLevel::O2] {
            let folder = tempfile::tempdir().unwrap();
            let options = Options {
                opt_level,
                ..options(target)
            };
            let expected = build(EVERYTHING, &options);
            let (cold, stats) = rebuild(EVERYTHING, &options, folder.path());
            assert!(cold == expected, "{target}: filling the cache");
            assert!(stats.misses > 20, "{target}");
            assert_eq!(entries(folder.path()).len(), stats.misses, "{target}");
            let (warm, again) = rebuild(EVERYTHING, &options, folder.path());
            assert!(warm == expected, "{target}: from the cache");
            assert_eq!(
                (again.hits, again.misses),
                (functions(stats), 0),
                "{target}"
            );
        }
    }
}

#[test]
fn after_one_function_has_changed_one_is_compiled() {
    let (before, after) = (with_first(EVERYTHING, SHORT), with_first(EVERYTHING, LONG));
    for target in Target::ALL.iter().copied() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(target);
        let (_, cold) = rebuild(&before, &options, folder.path());
        // All functions behind it lie elsewhere in the module now.
        let (object, stats) = rebuild(&after, &options, folder.path());
        assert_eq!(
            (stats.hits, stats.misses),
            (functions(cold) - 1, 1),
            "{target}"
        );
        assert!(
            object == build(&after, &options),
            "{target}: locations are the new ones"
        );
    }
}

#[test]
fn a_function_that_is_new_changes_the_indices_of_others_and_only_it_is_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(Target::ALL[0]);
    let (_, cold) = rebuild(EVERYTHING, &options, folder.path());
    let more = with_first(EVERYTHING, SHORT);
    let (object, stats) = rebuild(&more, &options, folder.path());
    // It is exported, and its type is that of another function which already has its entries.
    assert_eq!((stats.hits, stats.misses), (functions(cold), 1));
    assert!(object == build(&more, &options));
}

#[test]
fn other_options_are_other_code() {
    let shared = tempfile::tempdir().unwrap();
    for target in Target::ALL.iter().copied() {
        for opt_level in [OptLevel::O0, OptLevel::O2] {
            let options = Options {
                opt_level,
                ..options(target)
            };
            let own = tempfile::tempdir().unwrap();
            let (_, alone) = rebuild(EVERYTHING, &options, own.path());
            let (object, stats) = rebuild(EVERYTHING, &options, shared.path());
            assert_eq!(stats, alone, "{target} {opt_level:?}");
            assert!(
                object == build(EVERYTHING, &options),
                "{target} {opt_level:?}"
            );
        }
    }
}

#[test]
fn damaged_entries_are_compiled_again() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 5] = [
        ("a changed byte of code", |entry| {
            *entry.last_mut().unwrap() ^= 1
        }),
        ("a changed byte of the hash", |entry| entry[3] ^= 1),
        ("half an entry", |entry| entry.truncate(entry.len() / 2)),
        ("an empty entry", Vec::clear),
        ("another file", |entry| *entry = b"#!/bin/sh\n".to_vec()),
    ];
    let options = options(Target::ALL[0]);
    let expected = build(EVERYTHING, &options);
    let folder = tempfile::tempdir().unwrap();
    let (_, cold) = rebuild(EVERYTHING, &options, folder.path());
    for (what, damage) in damages {
        for path in entries(folder.path()) {
            let mut entry = fs::read(&path).unwrap();
            damage(&mut entry);
            fs::write(&path, entry).unwrap();
        }
        let (object, stats) = rebuild(EVERYTHING, &options, folder.path());
        assert_eq!(
            (stats.hits, stats.misses),
            (cold.hits, cold.misses),
            "{what}"
        );
        assert!(object == expected, "{what}");
        let (_, stats) = rebuild(EVERYTHING, &options, folder.path());
        assert_eq!(
            (stats.hits, stats.misses),
            (functions(cold), 0),
            "after {what}"
        );
    }
}

#[test]
fn entries_under_the_names_of_others_are_compiled_again() {
    let options = options(Target::ALL[0]);
    let folder = tempfile::tempdir().unwrap();
    let (expected, cold) = rebuild(EVERYTHING, &options, folder.path());
    let paths = entries(folder.path());
    let contents: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    for (path, content) in paths.iter().zip(contents.iter().cycle().skip(1)) {
        fs::write(path, content).unwrap();
    }
    let (object, stats) = rebuild(EVERYTHING, &options, folder.path());
    assert_eq!((stats.hits, stats.misses), (cold.hits, cold.misses));
    assert!(object == expected);
}

#[test]
fn folders_in_the_place_of_entries_do_no_harm() {
    let options = options(Target::ALL[0]);
    let folder = tempfile::tempdir().unwrap();
    let (expected, cold) = rebuild(EVERYTHING, &options, folder.path());
    for path in entries(folder.path()) {
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
    }
    let (object, stats) = rebuild(EVERYTHING, &options, folder.path());
    assert_eq!((stats.hits, stats.misses), (0, functions(cold)));
    assert!(object == expected);
    let leftovers = entries(folder.path())
        .iter()
        .filter(|path| path.is_file())
        .count();
    assert_eq!(leftovers, 0, "no temporary file is left");
}

#[test]
fn a_cache_grows_no_larger_than_it_may() {
    let options = options(Target::ALL[0]);
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("ab").join("notes.txt");
    let abandoned = folder.path().join("ab").join(".1.2.tmp");
    fs::create_dir_all(folder.path().join("ab")).unwrap();
    fs::write(&foreign, "mine").unwrap();
    fs::write(&abandoned, "half").unwrap();
    let yesterday = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
    fs::File::open(&abandoned)
        .unwrap()
        .set_modified(yesterday)
        .unwrap();

    let (_, cold) = rebuild(EVERYTHING, &options, folder.path());
    assert!(foreign.exists(), "other files are left alone");
    assert!(!abandoned.exists(), "what was never finished is not kept");
    fs::remove_file(&foreign).unwrap();
    let old = entries(folder.path());
    assert_eq!(old.len(), cold.misses);
    for path in &old {
        fs::File::open(path)
            .unwrap()
            .set_modified(yesterday)
            .unwrap();
    }
    // Of these, two are used; a third function is new.
    let kept = "(module (memory 1) (func (export \"a\") (param i32) (result i32) (local.get 0)))";
    let (_, _) = rebuild(kept, &options, folder.path());
    let new = entries(folder.path()).len() - old.len();
    assert!(new > 0);
    let size = 4096 * 12;
    let store = DirectoryCache::open(folder.path(), size).unwrap();
    let cache = Cache::new(store);
    build(
        &with_first("(module (func $start))", LONG),
        &cached(&options, &cache),
    );
    assert!(cache.stats().misses > 0);
    let left = entries(folder.path());
    assert!(left.len() as u64 * 4096 <= size, "{} entries", left.len());
    let (_, again) = rebuild(kept, &options, folder.path());
    assert_eq!(again.misses, 0, "what was used last is kept");
}

#[test]
fn a_cache_that_cannot_be_written_to_costs_only_time() {
    let options = options(Target::ALL[0]);
    let folder = tempfile::tempdir().unwrap();
    let (expected, cold) = rebuild(EVERYTHING, &options, folder.path());
    let cache = Cache::directory(folder.path()).unwrap();
    fs::remove_dir_all(folder.path()).unwrap();
    fs::write(folder.path(), "a file where the folder was").unwrap();
    assert!(build(EVERYTHING, &cached(&options, &cache)) == expected);
    assert_eq!(
        cache.stats(),
        CacheStats {
            hits: 0,
            misses: functions(cold)
        }
    );
    assert!(Cache::directory(folder.path()).is_err());
    fs::remove_file(folder.path()).unwrap();
}

#[test]
fn several_compilations_share_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(Target::ALL[0]);
    let expected = build(EVERYTHING, &options);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let (object, _) = rebuild(EVERYTHING, &options, folder.path());
                assert!(object == expected);
            });
        }
    });
    let (_, stats) = rebuild(EVERYTHING, &options, folder.path());
    assert_eq!(stats.misses, 0);
}

/// A user's own cache, whose entries lie.
#[derive(Clone, Debug, Default)]
struct Liar(Arc<Mutex<HashMap<CacheKey, Vec<u8>>>>);

impl FunctionCache for Liar {
    fn get(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let entries = self.0.lock().unwrap();
        let any = entries.values().next()?;
        Some(
            entries
                .get(key)
                .unwrap_or(any)
                .iter()
                .rev()
                .copied()
                .collect(),
        )
    }

    fn put(&self, key: &CacheKey, entry: Vec<u8>) {
        self.0.lock().unwrap().insert(*key, entry);
    }
}

#[test]
fn a_cache_of_ones_own_need_not_be_right() {
    let options = options(Target::ALL[0]);
    let cache = Cache::new(Liar::default());
    for _ in 0..2 {
        let object = build(EVERYTHING, &cached(&options, &cache));
        assert!(object == build(EVERYTHING, &options));
    }
    assert_eq!(cache.stats().hits, 0);
}

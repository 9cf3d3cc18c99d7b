//! Attempts to leave the preopened directory. A secret lies beside it.

use std::fs;
use std::os::unix::fs::symlink;

use prefab_wasi::{Errno, Rights};
use tempfile::TempDir;

use crate::guest::*;

/// A guest in `jail`, beside which lie `secret` and `outside/`.
fn prison() -> (Guest, TempDir) {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("jail");
    fs::create_dir_all(root.join("sub")).unwrap();
    fs::create_dir(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("secret"), "secret").unwrap();
    fs::write(root.join("file"), "file").unwrap();
    (Guest::new(builder(&root).build().unwrap()), dir)
}

/// Ways to say `secret` and `outside`, as far as they can be built from inside and from outside.
fn ways(dir: &TempDir, target: &str) -> Vec<String> {
    let root = dir.path().join("jail");
    let absolute = dir.path().join(target);
    let absolute = absolute.to_str().unwrap();
    let link = |contents: &str, name: &str| {
        let _ = fs::remove_file(root.join(name));
        symlink(contents, root.join(name)).unwrap();
    };
    link(absolute, "absolute");
    link(&format!("../{target}"), "relative");
    link("..", "up");
    link("up", "chain1");
    link("sub/../chain1", "chain2");
    link("/", "slash");
    link("../../jail/../", "sub/around");
    vec![
        format!("../{target}"),
        format!("sub/../../{target}"),
        format!("./sub/.././../{target}"),
        format!("../jail/../{target}"),
        absolute.to_string(),
        format!("/{target}"),
        "absolute".to_string(),
        "relative".to_string(),
        format!("up/{target}"),
        format!("chain1/{target}"),
        format!("chain2/{target}"),
        format!("slash{absolute}"),
        format!("sub/around/{target}"),
    ]
}

#[test]
fn nothing_outside_is_opened_or_seen() {
    let (mut guest, dir) = prison();
    for path in ways(&dir, "secret") {
        assert_eq!(guest.open(ROOT, &path, 0, READ), Err(Errno::Perm), "{path}");
        assert_eq!(
            guest.open(ROOT, &path, CREAT | TRUNC, READ_WRITE),
            Err(Errno::Perm),
            "{path}"
        );
        assert_eq!(
            guest.stat(ROOT, true, &path).err(),
            Some(Errno::Perm),
            "{path}"
        );
        assert_eq!(
            guest.set_times(ROOT, true, &path, (1, 1, 5)),
            Err(Errno::Perm),
            "{path}"
        );
        assert_eq!(
            guest.link(ROOT, true, &path, ROOT, "hard"),
            Err(Errno::Perm),
            "{path}"
        );
        // Not even through a directory deeper inside.
        let sub = guest
            .open(ROOT, "sub", DIRECTORY, Rights::DIRECTORY)
            .unwrap();
        let deeper = if path.starts_with('/') {
            path.clone()
        } else {
            format!("../{path}")
        };
        assert_eq!(
            guest.open(sub, &deeper, 0, Rights::NONE),
            Err(Errno::Perm),
            "{path}"
        );
    }
    assert_eq!(fs::read(dir.path().join("secret")).unwrap(), b"secret");
}

#[test]
fn nothing_outside_is_made_or_removed() {
    let (mut guest, dir) = prison();
    for outside in ways(&dir, "outside") {
        let new = format!("{outside}/new");
        for name in [
            "path_create_directory",
            "path_remove_directory",
            "path_unlink_file",
        ] {
            assert_eq!(guest.at(name, ROOT, &new), Err(Errno::Perm), "{name} {new}");
        }
        assert_eq!(
            guest.open(ROOT, &new, CREAT, READ_WRITE),
            Err(Errno::Perm),
            "{new}"
        );
        assert_eq!(
            guest.rename(ROOT, "file", ROOT, &new),
            Err(Errno::Perm),
            "{new}"
        );
        assert_eq!(
            guest.rename(ROOT, &new, ROOT, "stolen"),
            Err(Errno::Perm),
            "{new}"
        );
        assert_eq!(
            guest.link(ROOT, false, "file", ROOT, &new),
            Err(Errno::Perm),
            "{new}"
        );
        assert_eq!(
            guest.link(ROOT, false, &new, ROOT, "stolen"),
            Err(Errno::Perm),
            "{new}"
        );
        assert_eq!(guest.symlink("x", ROOT, &new), Err(Errno::Perm), "{new}");
        assert_eq!(guest.readlink(ROOT, &new, 9), Err(Errno::Perm), "{new}");
        assert_eq!(
            guest.open(ROOT, &outside, DIRECTORY, Rights::DIRECTORY),
            Err(Errno::Perm)
        );
    }
    assert_eq!(fs::read_dir(dir.path().join("outside")).unwrap().count(), 0);
    assert!(dir.path().join("jail/file").exists());
}

#[test]
fn links_that_lead_out_can_be_made_but_not_followed() {
    let (mut guest, dir) = prison();
    assert_eq!(guest.symlink("/etc", ROOT, "etc"), Err(Errno::Perm));
    assert_eq!(guest.symlink("../secret", ROOT, "s"), Ok(()));
    assert_eq!(guest.open(ROOT, "s", 0, READ), Err(Errno::Perm));
    assert_eq!(guest.readlink(ROOT, "s", 99).unwrap(), "../secret");
    // A link that stays inside until it is moved.
    assert_eq!(guest.symlink("../file", ROOT, "sub/fine"), Ok(()));
    assert!(guest.open(ROOT, "sub/fine", 0, READ).is_ok());
    assert_eq!(guest.rename(ROOT, "sub/fine", ROOT, "fine"), Ok(()));
    assert_eq!(guest.open(ROOT, "fine", 0, READ), Err(Errno::Perm));
    // Removing and renaming a link means the link.
    assert_eq!(guest.rename(ROOT, "s", ROOT, "t"), Ok(()));
    assert_eq!(guest.at("path_unlink_file", ROOT, "t"), Ok(()));
    assert!(dir.path().join("secret").exists());
    // A directory that was moved out from under the guest keeps it where it is.
    let sub = guest
        .open(ROOT, "sub", DIRECTORY, Rights::DIRECTORY)
        .unwrap();
    fs::rename(dir.path().join("jail/sub"), dir.path().join("outside/sub")).unwrap();
    assert_eq!(
        guest.open(sub, "..", DIRECTORY, Rights::NONE),
        Err(Errno::Perm)
    );
    assert_eq!(
        guest.open(sub, "../../secret", 0, Rights::NONE),
        Err(Errno::Perm)
    );
}

#[test]
fn the_root_itself_cannot_be_climbed() {
    let (mut guest, _dir) = prison();
    for path in ["..", "../", "../..", "/", "/..", "sub/../.."] {
        assert_eq!(
            guest.open(ROOT, path, DIRECTORY, Rights::NONE),
            Err(Errno::Perm),
            "{path}"
        );
        assert_eq!(
            guest.stat(ROOT, true, path).err(),
            Some(Errno::Perm),
            "{path}"
        );
        assert_eq!(
            guest.stat(ROOT, false, path).err(),
            Some(Errno::Perm),
            "{path}"
        );
    }
    assert!(guest.open(ROOT, "sub/..", DIRECTORY, Rights::NONE).is_ok());
}

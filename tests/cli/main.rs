//! The command line: what it prints, what it returns, what it leaves behind.

mod cache;
mod cases;
mod features;
mod inspect;
mod messages;
mod names;
mod pipes;
mod runner;
mod unknown;
mod verify;
mod wast;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A place of its own for a test: the working directory, and the directory of the cache.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a place for files");
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("the place can be written to");
        path
    }

    /// `prefab` with these arguments, in this place.
    fn prefab<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        self.prefab_in(self.directory.path(), args)
    }

    /// As [`Self::prefab`], with another working directory.
    fn prefab_in<A: AsRef<OsStr>>(
        &self,
        directory: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_prefab"))
            .args(args)
            .current_dir(directory)
            .env("XDG_CACHE_HOME", self.path("cache"))
            .output()
            .expect("the program was built for this test");
        Run::new(output)
    }
}

/// How a run of `prefab` ended.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is text");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// What it printed, if it succeeded.
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert_eq!(self.stderr, "");
        self.stdout
    }

    /// What it said went wrong, with this exit code.
    #[track_caller]
    fn fails(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "");
        self.stderr
    }
}

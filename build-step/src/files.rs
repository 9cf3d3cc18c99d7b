//! Files that appear whole or not at all.

use crate::error::BuildError;
use std::fs;
use std::path::Path;

/// Writes `bytes` to `path`, by renaming a temporary file. A file that has these bytes already is
/// left as it is, so that nothing which depends on it is built again.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let result = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    result.map_err(|source| {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
        BuildError::File {
            path: path.to_owned(),
            what: "cannot be written",
            source,
        }
    })
}

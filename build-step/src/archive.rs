//! The static archive around an object.

use crate::error::BuildError;
use ar_archive_writer::{
    ArchiveKind, DEFAULT_OBJECT_READER, NewArchiveMember, write_archive_to_stream,
};
use std::io::Cursor;

/// An archive with one member, `object`, and the index of its symbols by which linkers find it. The
/// same bytes at any time.
pub fn archive(member: String, object: Vec<u8>) -> Result<Vec<u8>, BuildError> {
    let member = NewArchiveMember {
        mtime: 0,
        uid: 0,
        gid: 0,
        perms: 0o644,
        ..NewArchiveMember::new(object, &DEFAULT_OBJECT_READER, member)
    };
    let mut out = Cursor::new(Vec::new());
    write_archive_to_stream(&mut out, &[member], ArchiveKind::Gnu, false, None)
        .map_err(BuildError::Archive)?;
    Ok(out.into_inner())
}

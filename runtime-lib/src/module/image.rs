//! The initial contents of memories: mapped from a file, or from an anonymous one made once.

use super::ImageSource;
use crate::error::Error;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::fs::File;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A module's image.
#[derive(Debug)]
pub(crate) struct Image {
    source: ImageSource,
    bytes: &'static [u8],
    /// The image in an anonymous file, if it was only in memory: made when it is first needed.
    copy: OnceLock<OwnedFd>,
    making_copy: Mutex<()>,
}

impl Image {
    /// The image whose bytes, wherever else it can be mapped from, are these.
    pub(super) const fn new(source: ImageSource, bytes: &'static [u8]) -> Self {
        Self {
            source,
            bytes,
            copy: OnceLock::new(),
            making_copy: Mutex::new(()),
        }
    }

    /// A part of the image, in memory.
    pub(crate) fn bytes(&self, offset: u64, size: u64) -> Result<&[u8], Error> {
        let outside = || Error::format("image chunk", "lies outside the image", offset);
        let start = usize::try_from(offset).map_err(|_| outside())?;
        let size = usize::try_from(size).map_err(|_| outside())?;
        let end = start.checked_add(size).ok_or_else(outside)?;
        self.bytes.get(start..end).ok_or_else(outside)
    }

    /// The file that has the image, and where it starts there.
    pub(crate) fn file(&self) -> Result<(BorrowedFd<'_>, u64), Error> {
        match &self.source {
            ImageSource::File { file, offset } => Ok((File::as_fd(Arc::as_ref(file)), *offset)),
            ImageSource::Memory => Ok((self.copy()?.as_fd(), 0)),
        }
    }

    fn copy(&self) -> Result<&OwnedFd, Error> {
        if let Some(copy) = self.copy.get() {
            return Ok(copy);
        }
        let _making = self
            .making_copy
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(copy) = self.copy.get() {
            return Ok(copy);
        }
        let refused = |error| Error::resource("copy a module's memory image", error);
        let flags = rustix::fs::MemfdFlags::CLOEXEC;
        let copy = rustix::fs::memfd_create("prefab-image", flags).map_err(refused)?;
        let mut written = 0;
        while written < self.bytes.len() {
            let rest = &self.bytes[written..];
            written += rustix::io::pwrite(&copy, rest, written as u64).map_err(refused)?;
        }
        Ok(self.copy.get_or_init(|| copy))
    }
}

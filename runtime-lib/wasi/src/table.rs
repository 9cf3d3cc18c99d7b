//! The guest's table of descriptors.

use crate::descriptor::{Descriptor, Resource};
use crate::directory::Directory;
use crate::errno::Errno;
use crate::host_file::HostFile;
use crate::rights::Rights;

/// Descriptors by number. A new one gets the lowest number that is free, as POSIX promises.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: Vec<Option<Descriptor>>,
}

/// More descriptors than this at once are [`Errno::Mfile`]; the host's own limit usually comes first.
const DESCRIPTORS_MAX: usize = 1 << 20;

impl Table {
    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        let free = self.slots.iter().position(Option::is_none);
        let index = free.unwrap_or(self.slots.len());
        if index >= DESCRIPTORS_MAX {
            return Err(Errno::Mfile);
        }
        match self.slots.get_mut(index) {
            Some(slot) => *slot = Some(descriptor),
            None => self.slots.push(Some(descriptor)),
        }
        // Below `DESCRIPTORS_MAX`.
        Ok(index as u32)
    }

    pub(crate) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slots
            .get(fd as usize)
            .and_then(Option::as_ref)
            .ok_or(Errno::Badf)
    }

    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slots
            .get_mut(fd as usize)
            .and_then(Option::as_mut)
            .ok_or(Errno::Badf)
    }

    pub(crate) fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        self.slots
            .get_mut(fd as usize)
            .and_then(Option::take)
            .ok_or(Errno::Badf)
    }

    /// Makes `to` what `from` is, and frees `from`. Both must be open.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(to)?;
        let descriptor = self.remove(from)?;
        // `to` is open; it is gone now only if it was `from` itself, whose slot is still there.
        let slot = self.slots.get_mut(to as usize).ok_or(Errno::Badf)?;
        *slot = Some(descriptor);
        Ok(())
    }

    /// The descriptor `fd`, which has the rights in `needed`.
    pub(crate) fn with_rights(
        &mut self,
        fd: u32,
        needed: Rights,
    ) -> Result<&mut Descriptor, Errno> {
        let descriptor = self.get_mut(fd)?;
        descriptor.check(needed)?;
        Ok(descriptor)
    }

    /// The directory `fd`, with the rights in `needed`.
    pub(crate) fn directory(&self, fd: u32, needed: Rights) -> Result<&Directory, Errno> {
        let descriptor = self.get(fd)?;
        match &descriptor.resource {
            Resource::Directory(directory) => descriptor.check(needed).map(|()| directory),
            _ => Err(Errno::Notdir),
        }
    }

    /// The file `fd`, with the rights in `needed`: something of the host's that is no directory.
    pub(crate) fn file(&self, fd: u32, needed: Rights) -> Result<&HostFile, Errno> {
        let descriptor = self.get(fd)?;
        match &descriptor.resource {
            Resource::File(file) => descriptor.check(needed).map(|()| file),
            Resource::Directory(_) => Err(Errno::Badf),
            _ => Err(Errno::Spipe),
        }
    }

    /// The file `fd`, which has a position, with the rights in `needed`.
    pub(crate) fn positioned(&self, fd: u32, needed: Rights) -> Result<&HostFile, Errno> {
        let descriptor = self.get(fd)?;
        match &descriptor.resource {
            // A pipe has no such right to begin with; what it lacks is the position.
            Resource::File(file) if !file.applicable_rights().contains(Rights::FD_SEEK) => {
                Err(Errno::Spipe)
            }
            _ => self.file(fd, needed),
        }
    }

    /// The socket `fd`, with the rights in `needed`.
    pub(crate) fn socket(&self, fd: u32, needed: Rights) -> Result<&HostFile, Errno> {
        let descriptor = self.get(fd)?;
        match &descriptor.resource {
            Resource::File(file) if file.is_socket() => descriptor.check(needed).map(|()| file),
            _ => Err(Errno::Notsock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_reused_from_below() {
        let mut table = Table::default();
        let descriptor = || Descriptor::new(Resource::Null);
        assert_eq!(
            [0; 3].map(|_| table.insert(descriptor()).unwrap()),
            [0, 1, 2]
        );
        table.remove(1).unwrap();
        assert_eq!(table.remove(1).unwrap_err(), Errno::Badf);
        assert_eq!(table.insert(descriptor()), Ok(1));
        assert_eq!(table.get(3).unwrap_err(), Errno::Badf);
        assert_eq!(table.get(u32::MAX).unwrap_err(), Errno::Badf);
    }

    #[test]
    fn renumbering_needs_both() {
        let mut table = Table::default();
        table.insert(Descriptor::new(Resource::Null)).unwrap();
        assert_eq!(table.renumber(0, 1), Err(Errno::Badf));
        assert_eq!(table.renumber(1, 0), Err(Errno::Badf));
        assert_eq!(table.renumber(0, 0), Ok(()));
        assert!(table.get(0).is_ok());
        table.insert(Descriptor::new(Resource::Null)).unwrap();
        assert_eq!(table.renumber(1, 0), Ok(()));
        assert!(table.get(0).is_ok() && table.get(1).is_err());
    }
}

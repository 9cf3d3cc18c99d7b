//! The guest's memory as the functions of WASI see it: every access checked, nothing aligned.

use std::cell::Cell;
use std::fmt;
use std::io::{IoSlice, IoSliceMut};
use std::ops::Range;

use crate::errno::Errno;
use crate::snapshot::Snapshot;

/// Scatter/gather lists longer than this are served in part, as a short read or write: it is the
/// most one system call takes (`IOV_MAX`).
const IOVECS_MAX: u32 = 1024;

/// Bytes read at once when the buffers of a list overlap and need a buffer of the host's.
const OVERLAP_BUFFER_BYTES: usize = 64 * 1024;

/// A checked view of a guest's linear memory, together with the snapshot of WASI the guest was
/// compiled against (it decides the layout of a few structures).
///
/// Pointers and lengths come from the guest and may have any value. An access that does not lie
/// inside the memory is [`Errno::Fault`], and is remembered: the call ends the guest then, and the
/// guest never sees the number.
#[derive(Debug)]
pub struct GuestMemory<'a> {
    bytes: &'a mut [u8],
    snapshot: Snapshot,
    outside: Cell<Option<Outside>>,
}

/// An access that does not lie inside a guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outside {
    /// The pointer.
    pub ptr: u32,
    /// How many bytes there are at the pointer.
    pub len_bytes: u64,
    /// The size of the memory.
    pub memory_size_bytes: u64,
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the pointer {:#x} to {} bytes, and the memory has {} bytes",
            self.ptr, self.len_bytes, self.memory_size_bytes
        )
    }
}

/// One buffer of a scatter/gather list, already known to lie inside the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Iovec {
    start: usize,
    len: usize,
}

impl<'a> GuestMemory<'a> {
    /// A view for a guest that imports `snapshot`.
    pub fn new(bytes: &'a mut [u8], snapshot: Snapshot) -> GuestMemory<'a> {
        GuestMemory {
            bytes,
            snapshot,
            outside: Cell::new(None),
        }
    }

    /// The first access that did not lie inside the memory.
    pub fn outside(&self) -> Option<Outside> {
        self.outside.get()
    }

    /// The snapshot whose structures this guest uses.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot
    }

    /// Checks that `len` bytes at `ptr` lie inside the memory.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] if they do not.
    pub fn check(&self, ptr: u32, len: u32) -> Result<(), Errno> {
        self.range(ptr, u64::from(len)).map(drop)
    }

    /// The `len` bytes at `ptr`.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] if they do not lie inside the memory.
    pub fn bytes(&self, ptr: u32, len: u32) -> Result<&[u8], Errno> {
        let range = self.range(ptr, u64::from(len))?;
        self.bytes.get(range).ok_or(Errno::Fault)
    }

    /// The `len` bytes at `ptr`, to be written.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] if they do not lie inside the memory.
    pub fn bytes_mut(&mut self, ptr: u32, len: u32) -> Result<&mut [u8], Errno> {
        let range = self.range(ptr, u64::from(len))?;
        self.bytes.get_mut(range).ok_or(Errno::Fault)
    }

    /// Writes `bytes` at `ptr`.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] if they do not fit into the memory there; nothing is written then.
    pub fn write(&mut self, ptr: u32, bytes: &[u8]) -> Result<(), Errno> {
        let range = self.range(ptr, bytes.len() as u64)?;
        self.bytes
            .get_mut(range)
            .ok_or(Errno::Fault)?
            .copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a little-endian `u16` at `ptr`.
    ///
    /// # Errors
    ///
    /// As [`GuestMemory::write`].
    pub fn write_u16(&mut self, ptr: u32, value: u16) -> Result<(), Errno> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// Writes a little-endian `u32` at `ptr`.
    ///
    /// # Errors
    ///
    /// As [`GuestMemory::write`].
    pub fn write_u32(&mut self, ptr: u32, value: u32) -> Result<(), Errno> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// Writes a little-endian `u64` at `ptr`.
    ///
    /// # Errors
    ///
    /// As [`GuestMemory::write`].
    pub fn write_u64(&mut self, ptr: u32, value: u64) -> Result<(), Errno> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// The path of `len` bytes at `ptr`.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] outside the memory, [`Errno::Ilseq`] if it is not UTF-8, [`Errno::Inval`]
    /// if it holds a NUL, [`Errno::Noent`] if it is empty.
    pub fn path(&self, ptr: u32, len: u32) -> Result<&str, Errno> {
        let path = str::from_utf8(self.bytes(ptr, len)?).map_err(|_| Errno::Ilseq)?;
        if path.is_empty() {
            return Err(Errno::Noent);
        }
        if path.contains('\0') {
            return Err(Errno::Inval);
        }
        Ok(path)
    }

    /// The scatter/gather list of `count` elements at `ptr`. Only the first [`IOVECS_MAX`] are
    /// returned, which makes the call a short one.
    pub(crate) fn iovecs(&self, ptr: u32, count: u32) -> Result<Vec<Iovec>, Errno> {
        let range = self.range(ptr, u64::from(count) * 8)?;
        let list = self.bytes.get(range).ok_or(Errno::Fault)?;
        let mut iovecs = Vec::with_capacity(count.min(IOVECS_MAX) as usize);
        let mut total = 0_u64;
        for element in list.chunks_exact(8).take(IOVECS_MAX as usize) {
            let (start, len) = element.split_at(4);
            let (start, len) = (read_u32(start), read_u32(len));
            total += u64::from(len);
            let range = self.range(start, u64::from(len))?;
            iovecs.push(Iovec {
                start: range.start,
                len: range.len(),
            });
        }
        // What was transferred is reported in 32 bits.
        if total > u64::from(u32::MAX) {
            return Err(Errno::Inval);
        }
        Ok(iovecs)
    }

    /// The buffers of `iovecs`, to be written out.
    pub(crate) fn gather(&self, iovecs: &[Iovec]) -> Result<Vec<IoSlice<'_>>, Errno> {
        let slice = |iovec: &Iovec| {
            let range = iovec.start..iovec.start + iovec.len;
            self.bytes.get(range).map(IoSlice::new).ok_or(Errno::Fault)
        };
        iovecs.iter().map(slice).collect()
    }

    /// Calls `read` with the buffers of `iovecs`, to be filled in their order, and returns the
    /// number of bytes it says it has put there.
    pub(crate) fn scatter(
        &mut self,
        iovecs: &[Iovec],
        read: impl FnOnce(&mut [IoSliceMut<'_>]) -> Result<usize, Errno>,
    ) -> Result<usize, Errno> {
        if let Some(mut buffers) = split(self.bytes, iovecs) {
            return read(&mut buffers);
        }
        // The buffers overlap: the later ones overwrite the earlier ones, as in the system call.
        let total = iovecs.iter().map(|iovec| iovec.len).sum::<usize>();
        let mut buffer = vec![0; total.min(OVERLAP_BUFFER_BYTES)];
        let done = read(&mut [IoSliceMut::new(&mut buffer)])?;
        let mut rest = buffer.get(..done).unwrap_or(&buffer);
        for iovec in iovecs {
            let (part, tail) = rest.split_at(iovec.len.min(rest.len()));
            let range = iovec.start..iovec.start + part.len();
            self.bytes
                .get_mut(range)
                .ok_or(Errno::Fault)?
                .copy_from_slice(part);
            rest = tail;
        }
        Ok(done)
    }

    fn range(&self, ptr: u32, len: u64) -> Result<Range<usize>, Errno> {
        // No overflow: both are below 2^35.
        let end = u64::from(ptr) + len;
        let memory_size_bytes = self.bytes.len() as u64;
        if end > memory_size_bytes {
            let outside = Outside {
                ptr,
                len_bytes: len,
                memory_size_bytes,
            };
            self.outside.set(self.outside.get().or(Some(outside)));
            return Err(Errno::Fault);
        }
        // `end` fits: it is not above a slice's length.
        Ok(ptr as usize..end as usize)
    }
}

/// Splits `bytes` into the buffers of `iovecs`, in their order; `None` if two of them overlap.
fn split<'b>(bytes: &'b mut [u8], iovecs: &[Iovec]) -> Option<Vec<IoSliceMut<'b>>> {
    let mut by_address: Vec<usize> = (0..iovecs.len()).collect();
    by_address.sort_by_key(|&index| (iovecs[index].start, iovecs[index].len));
    let mut buffers: Vec<&mut [u8]> = Vec::new();
    buffers.resize_with(iovecs.len(), Default::default);
    let (mut rest, mut rest_start) = (bytes, 0);
    for index in by_address {
        let Iovec { start, len } = iovecs[index];
        if len == 0 {
            continue;
        }
        let (buffer, tail) = rest
            .get_mut(start.checked_sub(rest_start)?..)?
            .split_at_mut_checked(len)?;
        buffers[index] = buffer;
        (rest, rest_start) = (tail, start + len);
    }
    Some(buffers.into_iter().map(IoSliceMut::new).collect())
}

fn read_u32(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(u32, u32)]) -> Vec<u8> {
        entries
            .iter()
            .flat_map(|(ptr, len)| [ptr.to_le_bytes(), len.to_le_bytes()].concat())
            .collect()
    }

    #[test]
    fn ends_are_exact() {
        let mut bytes = [0; 16];
        let mut memory = GuestMemory::new(&mut bytes, Snapshot::Preview1);
        assert_eq!(memory.check(16, 0), Ok(()));
        assert_eq!(memory.check(17, 0), Err(Errno::Fault));
        assert_eq!(memory.check(u32::MAX, u32::MAX), Err(Errno::Fault));
        assert_eq!(memory.write_u64(8, 7), Ok(()));
        assert_eq!(memory.write_u64(9, 7), Err(Errno::Fault));
        assert_eq!(memory.bytes(8, 1), Ok(&[7][..]));
    }

    #[test]
    fn paths_are_text() {
        let mut bytes = *b"ab\0\xff";
        let memory = GuestMemory::new(&mut bytes, Snapshot::Preview1);
        assert_eq!(memory.path(0, 2), Ok("ab"));
        assert_eq!(memory.path(0, 0), Err(Errno::Noent));
        assert_eq!(memory.path(0, 3), Err(Errno::Inval));
        assert_eq!(memory.path(3, 1), Err(Errno::Ilseq));
        assert_eq!(memory.path(3, 2), Err(Errno::Fault));
    }

    #[test]
    fn buffers_keep_their_order_whatever_their_addresses() {
        for entries in [&[(40, 2), (32, 3), (50, 0)][..], &[(33, 3), (32, 2)][..]] {
            let mut bytes = [0; 64];
            bytes[..entries.len() * 8].copy_from_slice(&list(entries));
            let mut memory = GuestMemory::new(&mut bytes, Snapshot::Preview1);
            let iovecs = memory.iovecs(0, entries.len() as u32).unwrap();
            let done = memory.scatter(&iovecs, |buffers| {
                let (mut byte, mut done) = (b'a', 0);
                for slot in buffers.iter_mut().flat_map(|buffer| buffer.iter_mut()) {
                    *slot = byte;
                    byte += 1;
                    done += 1;
                }
                Ok(done)
            });
            assert_eq!(done, Ok(5));
            let expected: &[u8] = if entries.len() == 3 {
                b"cde\0\0\0\0\0ab"
            } else {
                b"debc"
            };
            assert_eq!(memory.bytes(32, expected.len() as u32), Ok(expected));
        }
    }

    #[test]
    fn lists_are_checked() {
        let mut bytes = [0; 64];
        bytes[..24].copy_from_slice(&list(&[(0, 64), (60, 5), (u32::MAX, u32::MAX)]));
        let memory = GuestMemory::new(&mut bytes, Snapshot::Preview1);
        assert_eq!(memory.iovecs(0, 1).unwrap().len(), 1);
        assert_eq!(memory.iovecs(0, 2), Err(Errno::Fault));
        assert_eq!(memory.iovecs(16, 1), Err(Errno::Fault));
        assert_eq!(memory.iovecs(0, u32::MAX), Err(Errno::Fault));
        assert_eq!(memory.iovecs(60, 1), Err(Errno::Fault));
    }
}

//! Little-endian integers in byte slices, read without trust and written without padding.

use alloc::vec::Vec;
use core::fmt;

/// What was wrong with bytes that should have had a format of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// The field that was being read, as the format's documentation calls it.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
    /// Where in the section the field lies, in bytes.
    pub offset: u64,
}

impl FormatError {
    /// An error about `field` at `offset`.
    #[must_use]
    pub const fn new(field: &'static str, problem: &'static str, offset: u64) -> Self {
        Self {
            field,
            problem,
            offset,
        }
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} (at offset {:#x})",
            self.field, self.problem, self.offset
        )
    }
}

impl core::error::Error for FormatError {}

/// Reads integers at offsets of a byte slice.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// `len` bytes at `offset`.
    ///
    /// # Errors
    /// If they do not lie inside the slice.
    pub fn bytes(
        self,
        field: &'static str,
        offset: u64,
        len: u64,
    ) -> Result<&'a [u8], FormatError> {
        let outside = FormatError::new(field, "lies outside its section", offset);
        let start = usize::try_from(offset).map_err(|_| outside)?;
        let len = usize::try_from(len).map_err(|_| outside)?;
        let end = start.checked_add(len).ok_or(outside)?;
        self.0.get(start..end).ok_or(outside)
    }

    fn array<const N: usize>(
        self,
        field: &'static str,
        offset: u64,
    ) -> Result<[u8; N], FormatError> {
        let mut out = [0; N];
        out.copy_from_slice(self.bytes(field, offset, N as u64)?);
        Ok(out)
    }

    /// The 32-bit integer at `offset`.
    ///
    /// # Errors
    /// If it does not lie inside the slice.
    pub fn u32(self, field: &'static str, offset: u64) -> Result<u32, FormatError> {
        self.array(field, offset).map(u32::from_le_bytes)
    }

    /// The 64-bit integer at `offset`.
    ///
    /// # Errors
    /// If it does not lie inside the slice.
    pub fn u64(self, field: &'static str, offset: u64) -> Result<u64, FormatError> {
        self.array(field, offset).map(u64::from_le_bytes)
    }
}

/// Appends `value` to `out`, little-endian.
pub fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends `value` to `out`, little-endian.
pub fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

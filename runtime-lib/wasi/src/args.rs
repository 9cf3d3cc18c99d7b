//! Arguments and environment: `args_*`, `environ_*`.

use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::memory::GuestMemory;

impl WasiCtx {
    /// Writes the arguments to `argv_buf`, each ended by a NUL, and pointers to them to `argv`.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] if they do not fit into the memory there.
    pub fn args_get(
        &mut self,
        mem: &mut GuestMemory<'_>,
        argv: u32,
        argv_buf: u32,
    ) -> Result<(), Errno> {
        write_strings(mem, &self.args, argv, argv_buf)
    }

    /// Writes the number of arguments and the bytes they need.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] for a pointer outside the memory.
    pub fn args_sizes_get(
        &mut self,
        mem: &mut GuestMemory<'_>,
        argc: u32,
        argv_buf_size: u32,
    ) -> Result<(), Errno> {
        write_sizes(mem, &self.args, argc, argv_buf_size)
    }

    /// Writes the variables to `environ_buf` as `NAME=value`, each ended by a NUL, and pointers to
    /// them to `environ`.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] if they do not fit into the memory there.
    pub fn environ_get(
        &mut self,
        mem: &mut GuestMemory<'_>,
        environ: u32,
        environ_buf: u32,
    ) -> Result<(), Errno> {
        write_strings(mem, &self.env, environ, environ_buf)
    }

    /// Writes the number of variables and the bytes they need.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] for a pointer outside the memory.
    pub fn environ_sizes_get(
        &mut self,
        mem: &mut GuestMemory<'_>,
        count: u32,
        environ_buf_size: u32,
    ) -> Result<(), Errno> {
        write_sizes(mem, &self.env, count, environ_buf_size)
    }
}

/// How many strings there are, and the bytes they need with their NULs.
fn sizes(strings: &[Vec<u8>]) -> Result<(u32, u32), Errno> {
    let bytes = strings.iter().map(|string| string.len() + 1).sum::<usize>();
    let count = u32::try_from(strings.len()).map_err(|_| Errno::Overflow)?;
    Ok((count, u32::try_from(bytes).map_err(|_| Errno::Overflow)?))
}

fn write_sizes(
    mem: &mut GuestMemory<'_>,
    strings: &[Vec<u8>],
    count: u32,
    size: u32,
) -> Result<(), Errno> {
    let (string_count, size_bytes) = sizes(strings)?;
    mem.write_u32(count, string_count)?;
    mem.write_u32(size, size_bytes)
}

fn write_strings(
    mem: &mut GuestMemory<'_>,
    strings: &[Vec<u8>],
    pointers: u32,
    buffer: u32,
) -> Result<(), Errno> {
    let (count, size_bytes) = sizes(strings)?;
    mem.check(pointers, count.checked_mul(4).ok_or(Errno::Overflow)?)?;
    mem.check(buffer, size_bytes)?;
    // Both areas lie inside the memory: nothing below overflows.
    let mut at = buffer;
    for (index, string) in (0..).zip(strings) {
        mem.write_u32(pointers + index * 4, at)?;
        mem.write(at, string)?;
        at += string.len() as u32;
        mem.write(at, &[0])?;
        at += 1;
    }
    Ok(())
}

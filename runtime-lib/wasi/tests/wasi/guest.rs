//! A guest without a program: a memory, a context, and short names for the calls.

use std::path::Path;

use prefab_wasi::{End, Errno, FUNCTIONS, GuestMemory, Rights, Snapshot, WasiCtx, WasiCtxBuilder};
use tempfile::TempDir;

/// Where the guest's preopened directory is.
pub const ROOT: u32 = 3;

pub const CREAT: u32 = 1;
pub const DIRECTORY: u32 = 2;
pub const EXCL: u32 = 4;
pub const TRUNC: u32 = 8;
pub const APPEND: u32 = 1;
pub const DSYNC: u32 = 2;
pub const NONBLOCK: u32 = 4;
pub const SYNC: u32 = 16;

pub const READ: Rights = Rights::FILE.without(Rights::FD_WRITE);
pub const READ_WRITE: Rights = Rights::FILE;

const MEMORY_SIZE_BYTES: usize = 1 << 20;

pub struct Guest {
    ctx: WasiCtx,
    memory: Vec<u8>,
    next: u32,
    pub snapshot: Snapshot,
}

/// `fdstat`.
#[derive(Debug, PartialEq, Eq)]
pub struct Fdstat {
    pub filetype: u8,
    pub flags: u16,
    pub base: Rights,
    pub inheriting: Rights,
}

/// `filestat`, from either layout.
#[derive(Debug, PartialEq, Eq)]
pub struct Filestat {
    pub inode: u64,
    pub filetype: u8,
    pub links: u64,
    pub size: u64,
    pub atim: u64,
    pub mtim: u64,
}

impl Guest {
    pub fn new(ctx: WasiCtx) -> Guest {
        Guest {
            ctx,
            memory: vec![0; MEMORY_SIZE_BYTES],
            next: 16,
            snapshot: Snapshot::Preview1,
        }
    }

    /// A guest with a fresh directory as its root.
    pub fn with_dir() -> (Guest, TempDir) {
        let dir = TempDir::new().unwrap();
        (Guest::new(builder(dir.path()).build().unwrap()), dir)
    }

    /// Calls a function that does not end the program.
    pub fn call(&mut self, name: &str, args: &[u64]) -> Result<(), Errno> {
        match self.try_call(name, args).unwrap() {
            Errno::Success => Ok(()),
            errno => Err(errno),
        }
    }

    pub fn try_call(&mut self, name: &str, args: &[u64]) -> Result<Errno, End> {
        let function = FUNCTIONS
            .iter()
            .find(|function| function.name == name)
            .unwrap();
        assert_eq!(function.params.len(), args.len(), "{name}");
        function.call(
            &mut self.ctx,
            &mut GuestMemory::new(&mut self.memory, self.snapshot),
            args,
        )
    }

    pub fn alloc(&mut self, size: usize) -> u32 {
        let ptr = self.next;
        self.next = (ptr + size as u32).next_multiple_of(8);
        assert!((self.next as usize) < MEMORY_SIZE_BYTES);
        ptr
    }

    /// Forgets everything allocated, for loops of many calls.
    pub fn reset_memory(&mut self) {
        self.next = 16;
    }

    pub fn put(&mut self, bytes: &[u8]) -> u32 {
        let ptr = self.alloc(bytes.len());
        self.bytes_mut(ptr, bytes.len()).copy_from_slice(bytes);
        ptr
    }

    pub fn bytes(&self, ptr: u32, len: usize) -> &[u8] {
        &self.memory[ptr as usize..ptr as usize + len]
    }

    pub fn bytes_mut(&mut self, ptr: u32, len: usize) -> &mut [u8] {
        &mut self.memory[ptr as usize..ptr as usize + len]
    }

    pub fn u32_at(&self, ptr: u32) -> u32 {
        u32::from_le_bytes(self.bytes(ptr, 4).try_into().unwrap())
    }

    pub fn u64_at(&self, ptr: u32) -> u64 {
        u64::from_le_bytes(self.bytes(ptr, 8).try_into().unwrap())
    }

    /// A scatter/gather list of buffers of these sizes; returns the list and the first buffer.
    pub fn buffers(&mut self, sizes: &[usize]) -> (u64, u64, u32) {
        let total = sizes.iter().sum();
        let first = self.alloc(total);
        let (mut list, mut at) = (Vec::new(), first);
        for size in sizes {
            list.extend(at.to_le_bytes());
            list.extend((*size as u32).to_le_bytes());
            at += *size as u32;
        }
        (u64::from(self.put(&list)), sizes.len() as u64, first)
    }

    fn path(&mut self, path: &str) -> [u64; 2] {
        [u64::from(self.put(path.as_bytes())), path.len() as u64]
    }

    pub fn open(&mut self, fd: u32, path: &str, oflags: u32, rights: Rights) -> Result<u32, Errno> {
        self.open_with(fd, true, path, oflags, (rights, Rights::NONE), 0)
    }

    pub fn open_with(
        &mut self,
        fd: u32,
        follow: bool,
        path: &str,
        oflags: u32,
        (base, inheriting): (Rights, Rights),
        fdflags: u32,
    ) -> Result<u32, Errno> {
        let out = self.alloc(4);
        let [path, len] = self.path(path);
        let (fd, follow, oflags, fdflags) =
            (fd.into(), follow.into(), oflags.into(), fdflags.into());
        let args = [
            fd,
            follow,
            path,
            len,
            oflags,
            base.bits(),
            inheriting.bits(),
            fdflags,
            out.into(),
        ];
        self.call("path_open", &args).map(|()| self.u32_at(out))
    }

    pub fn close(&mut self, fd: u32) -> Result<(), Errno> {
        self.call("fd_close", &[fd.into()])
    }

    /// Calls a function of the form `(fd, list, length, …, out)` that fills buffers.
    pub fn read_by(
        &mut self,
        name: &str,
        fd: u32,
        sizes: &[usize],
        more: &[u64],
    ) -> Result<Vec<u8>, Errno> {
        let (list, count, first) = self.buffers(sizes);
        let out = self.alloc(4);
        let args = [&[fd.into(), list, count], more, &[out.into()]].concat();
        self.call(name, &args)?;
        Ok(self.bytes(first, self.u32_at(out) as usize).to_vec())
    }

    pub fn read(&mut self, fd: u32, size: usize) -> Result<Vec<u8>, Errno> {
        self.read_by("fd_read", fd, &[size], &[])
    }

    /// Calls a function of the form `(fd, list, length, …, out)` that takes buffers.
    pub fn write_by(
        &mut self,
        name: &str,
        fd: u32,
        parts: &[&[u8]],
        more: &[u64],
    ) -> Result<u32, Errno> {
        let sizes: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        let (list, count, first) = self.buffers(&sizes);
        let bytes = parts.concat();
        self.bytes_mut(first, bytes.len()).copy_from_slice(&bytes);
        let out = self.alloc(4);
        let args = [&[fd.into(), list, count], more, &[out.into()]].concat();
        self.call(name, &args).map(|()| self.u32_at(out))
    }

    pub fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<u32, Errno> {
        self.write_by("fd_write", fd, &[bytes], &[])
    }

    pub fn seek(&mut self, fd: u32, offset: i64, whence: u32) -> Result<u64, Errno> {
        let out = self.alloc(8);
        self.call(
            "fd_seek",
            &[fd.into(), offset as u64, whence.into(), out.into()],
        )?;
        Ok(self.u64_at(out))
    }

    pub fn tell(&mut self, fd: u32) -> Result<u64, Errno> {
        let out = self.alloc(8);
        self.call("fd_tell", &[fd.into(), out.into()])
            .map(|()| self.u64_at(out))
    }

    pub fn fdstat(&mut self, fd: u32) -> Result<Fdstat, Errno> {
        let out = self.alloc(24);
        self.call("fd_fdstat_get", &[fd.into(), out.into()])?;
        Ok(Fdstat {
            filetype: self.bytes(out, 1)[0],
            flags: self.u32_at(out).to_le_bytes()[2..]
                .iter()
                .rev()
                .fold(0, |v, b| v << 8 | u16::from(*b)),
            base: Rights::from_bits(self.u64_at(out + 8)),
            inheriting: Rights::from_bits(self.u64_at(out + 16)),
        })
    }

    fn filestat_at(&self, out: u32) -> Filestat {
        let (links, size) = match self.snapshot {
            Snapshot::Preview0 => (self.u32_at(out + 20).into(), out + 24),
            Snapshot::Preview1 => (self.u64_at(out + 24), out + 32),
        };
        Filestat {
            inode: self.u64_at(out + 8),
            filetype: self.bytes(out + 16, 1)[0],
            links,
            size: self.u64_at(size),
            atim: self.u64_at(size + 8),
            mtim: self.u64_at(size + 16),
        }
    }

    pub fn filestat(&mut self, fd: u32) -> Result<Filestat, Errno> {
        let out = self.alloc(64);
        self.call("fd_filestat_get", &[fd.into(), out.into()])
            .map(|()| self.filestat_at(out))
    }

    pub fn stat(&mut self, fd: u32, follow: bool, path: &str) -> Result<Filestat, Errno> {
        let out = self.alloc(64);
        let [path, len] = self.path(path);
        let args = [fd.into(), follow.into(), path, len, out.into()];
        self.call("path_filestat_get", &args)
            .map(|()| self.filestat_at(out))
    }

    /// Calls a function of the form `(fd, path, length)`.
    pub fn at(&mut self, name: &str, fd: u32, path: &str) -> Result<(), Errno> {
        let [path, len] = self.path(path);
        self.call(name, &[fd.into(), path, len])
    }

    pub fn rename(&mut self, old_fd: u32, old: &str, new_fd: u32, new: &str) -> Result<(), Errno> {
        let ([old, old_len], [new, new_len]) = (self.path(old), self.path(new));
        self.call(
            "path_rename",
            &[old_fd.into(), old, old_len, new_fd.into(), new, new_len],
        )
    }

    pub fn link(
        &mut self,
        old_fd: u32,
        follow: bool,
        old: &str,
        new_fd: u32,
        new: &str,
    ) -> Result<(), Errno> {
        let ([old, old_len], [new, new_len]) = (self.path(old), self.path(new));
        self.call(
            "path_link",
            &[
                old_fd.into(),
                follow.into(),
                old,
                old_len,
                new_fd.into(),
                new,
                new_len,
            ],
        )
    }

    pub fn symlink(&mut self, contents: &str, fd: u32, new: &str) -> Result<(), Errno> {
        let ([old, old_len], [new, new_len]) = (self.path(contents), self.path(new));
        self.call("path_symlink", &[old, old_len, fd.into(), new, new_len])
    }

    pub fn readlink(&mut self, fd: u32, path: &str, size: usize) -> Result<String, Errno> {
        let (buf, out) = (self.alloc(size), self.alloc(4));
        let [path, len] = self.path(path);
        self.call(
            "path_readlink",
            &[fd.into(), path, len, buf.into(), size as u64, out.into()],
        )?;
        Ok(String::from_utf8(self.bytes(buf, self.u32_at(out) as usize).to_vec()).unwrap())
    }

    pub fn set_times(
        &mut self,
        fd: u32,
        follow: bool,
        path: &str,
        (atim, mtim, flags): (u64, u64, u64),
    ) -> Result<(), Errno> {
        let [path, len] = self.path(path);
        self.call(
            "path_filestat_set_times",
            &[fd.into(), follow.into(), path, len, atim, mtim, flags],
        )
    }

    pub fn drop_rights(&mut self, fd: u32, base: Rights, inheriting: Rights) {
        let now = self.fdstat(fd).unwrap();
        let args = [
            fd.into(),
            now.base.without(base).bits(),
            now.inheriting.without(inheriting).bits(),
        ];
        self.call("fd_fdstat_set_rights", &args).unwrap();
    }
}

/// A builder with `path` as the guest's root.
pub fn builder(path: &Path) -> WasiCtxBuilder {
    let mut builder = WasiCtx::builder();
    builder.preopened_dir(path, "/").unwrap();
    builder
}

//! Building a [`WasiCtx`].

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::ctx::WasiCtx;
use crate::descriptor::{Descriptor, Resource};
use crate::directory::Directory;
use crate::errno::Errno;
use crate::host_file::HostFile;
use crate::rights::Rights;
use crate::stream::{InputStream, OutputStream};
use crate::table::Table;

/// Builds a [`WasiCtx`]. What is not given is not there: a program sees no file, no variable and
/// no stream that nobody handed to it.
#[derive(Debug, Default)]
pub struct WasiCtxBuilder {
    args: Vec<Vec<u8>>,
    env: Vec<(Vec<u8>, Vec<u8>)>,
    stdin: InputStream,
    stdout: OutputStream,
    stderr: OutputStream,
    directories: Vec<Preopen>,
    sockets: Vec<OwnedFd>,
}

#[derive(Debug)]
struct Preopen {
    dir: Dir,
    name: String,
    base: Rights,
    inheriting: Rights,
}

/// Why a context cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An argument or variable holds a NUL, which would end it early in the guest.
    #[error("{what} `{}` holds a NUL character", text.escape_ascii())]
    Nul {
        /// `argument` or `variable`.
        what: &'static str,
        /// The offending text.
        text: Vec<u8>,
    },
    /// The name of a variable is empty or holds `=`.
    #[error("`{}` is no name for a variable", name.escape_ascii())]
    VariableName {
        /// The name.
        name: Vec<u8>,
    },
    /// A directory cannot be opened.
    #[error("cannot open the directory {}: {source}", path.display())]
    Directory {
        /// Its path.
        path: PathBuf,
        /// What the host says.
        source: io::Error,
    },
    /// A stream or socket cannot be taken over.
    #[error("cannot hand over {what}: {errno}")]
    Descriptor {
        /// Which one.
        what: &'static str,
        /// What went wrong.
        errno: Errno,
    },
}

impl WasiCtxBuilder {
    /// Adds one argument. The first is by custom the program's name.
    pub fn arg(&mut self, arg: impl Into<Vec<u8>>) -> &mut Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<A: Into<Vec<u8>>>(&mut self, args: impl IntoIterator<Item = A>) -> &mut Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    pub fn env(&mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> &mut Self {
        let (name, value) = (name.into(), value.into());
        match self.env.iter_mut().find(|(known, _)| *known == name) {
            Some(variable) => variable.1 = value,
            None => self.env.push((name, value)),
        }
        self
    }

    /// Sets what standard input reads.
    pub fn stdin(&mut self, stream: InputStream) -> &mut Self {
        self.stdin = stream;
        self
    }

    /// Sets where standard output goes.
    pub fn stdout(&mut self, stream: OutputStream) -> &mut Self {
        self.stdout = stream;
        self
    }

    /// Sets where standard error goes.
    pub fn stderr(&mut self, stream: OutputStream) -> &mut Self {
        self.stderr = stream;
        self
    }

    /// Uses the host's own three standard streams.
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.stdin(InputStream::Inherit)
            .stdout(OutputStream::Inherit)
            .stderr(OutputStream::Inherit)
    }

    /// Gives the program the directory at `host_path`, and everything below it, as `guest_name`.
    ///
    /// # Errors
    ///
    /// [`BuildError::Directory`] if it cannot be opened.
    pub fn preopened_dir(
        &mut self,
        host_path: impl AsRef<Path>,
        guest_name: impl Into<String>,
    ) -> Result<&mut Self, BuildError> {
        let path = host_path.as_ref();
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(|source| {
            BuildError::Directory {
                path: path.to_path_buf(),
                source,
            }
        })?;
        Ok(self.preopened_cap_dir(dir, guest_name, Rights::DIRECTORY, Rights::ALL))
    }

    /// Gives the program an open directory as `guest_name`, with these rights on itself (`base`)
    /// and at most those on what is opened below it (`inheriting`).
    pub fn preopened_cap_dir(
        &mut self,
        dir: Dir,
        guest_name: impl Into<String>,
        base: Rights,
        inheriting: Rights,
    ) -> &mut Self {
        let name = guest_name.into();
        self.directories.push(Preopen {
            dir,
            name,
            base,
            inheriting,
        });
        self
    }

    /// Gives the program an open socket: a listening one, TCP or Unix, to accept connections
    /// from, or a connected one. Sockets are numbered after the directories.
    pub fn preopened_socket(&mut self, socket: impl Into<OwnedFd>) -> &mut Self {
        self.sockets.push(socket.into());
        self
    }

    /// The number the next preopened socket will have, if no further directory is added.
    pub fn next_socket_fd(&self) -> u32 {
        (3 + self.directories.len() + self.sockets.len()) as u32
    }

    /// The context.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if something given cannot be passed to a guest.
    pub fn build(&mut self) -> Result<WasiCtx, BuildError> {
        let builder = std::mem::take(self);
        for arg in &builder.args {
            check_nul("argument", arg)?;
        }
        let mut env = Vec::with_capacity(builder.env.len());
        for (name, value) in builder.env {
            if name.is_empty() || name.contains(&b'=') {
                return Err(BuildError::VariableName { name });
            }
            let variable = [&name, &b"="[..], &value].concat();
            check_nul("variable", &variable)?;
            env.push(variable);
        }

        let mut table = Table::default();
        let mut add = |what, descriptor: Result<Descriptor, Errno>| {
            let inserted = descriptor.and_then(|descriptor| table.insert(descriptor));
            inserted
                .map(drop)
                .map_err(|errno| BuildError::Descriptor { what, errno })
        };
        add("standard input", input(builder.stdin))?;
        add(
            "standard output",
            output(builder.stdout, rustix::stdio::stdout()),
        )?;
        add(
            "standard error",
            output(builder.stderr, rustix::stdio::stderr()),
        )?;
        for Preopen {
            dir,
            name,
            base,
            inheriting,
        } in builder.directories
        {
            let resource = Resource::Directory(Directory::preopened(dir, name));
            add(
                "a directory",
                Ok(Descriptor {
                    base,
                    inheriting,
                    resource,
                }),
            )?;
        }
        for socket in builder.sockets {
            add("a socket", preopened_socket(socket))?;
        }
        Ok(WasiCtx {
            args: builder.args,
            env,
            table,
        })
    }
}

fn check_nul(what: &'static str, text: &[u8]) -> Result<(), BuildError> {
    if text.contains(&0) {
        return Err(BuildError::Nul {
            what,
            text: text.to_vec(),
        });
    }
    Ok(())
}

fn input(stream: InputStream) -> Result<Descriptor, Errno> {
    let resource = match stream {
        InputStream::Inherit => inherit(rustix::stdio::stdin())?,
        InputStream::Null => Resource::Null,
        InputStream::Bytes(bytes) => Resource::Input { bytes, position: 0 },
        InputStream::File(file) => Resource::File(HostFile::new(file.into())?),
    };
    let mut descriptor = Descriptor::new(resource);
    descriptor.base = descriptor.base.without(Rights::FD_WRITE);
    Ok(descriptor)
}

fn output(stream: OutputStream, inherited: BorrowedFd<'_>) -> Result<Descriptor, Errno> {
    let resource = match stream {
        OutputStream::Inherit => inherit(inherited)?,
        OutputStream::Null => Resource::Null,
        OutputStream::Capture(capture) => Resource::Output(capture),
        OutputStream::File(file) => Resource::File(HostFile::new(file.into())?),
    };
    let mut descriptor = Descriptor::new(resource);
    descriptor.base = descriptor.base.without(Rights::FD_READ);
    Ok(descriptor)
}

/// A stream of the host's own; one the host was started without leads nowhere.
fn inherit(stream: BorrowedFd<'_>) -> Result<Resource, Errno> {
    match HostFile::shared(stream.as_fd()) {
        Ok(file) => Ok(Resource::File(file)),
        Err(Errno::Badf) => Ok(Resource::Null),
        Err(errno) => Err(errno),
    }
}

fn preopened_socket(socket: OwnedFd) -> Result<Descriptor, Errno> {
    let file = HostFile::new(socket)?;
    if !file.is_socket() {
        return Err(Errno::Notsock);
    }
    let mut descriptor = Descriptor::new(Resource::File(file));
    descriptor.inheriting = Rights::CONNECTION;
    Ok(descriptor)
}

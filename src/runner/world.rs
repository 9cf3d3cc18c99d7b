//! What a program is given of the world.

use super::error::Failure;
use super::{Host, Program};
use crate::wasi::{self, WasiCtx};
use crate::{Linker, Module, Store};
use std::os::unix::ffi::OsStrExt;

impl Program {
    pub(super) fn world(&self, module: &Module) -> Result<(Linker<Host>, Store<Host>), Failure> {
        let mut linker = Linker::new();
        wasi::add_imports_to_linker(&mut linker, module, |ctx| ctx)
            .map_err(|error| self.failure(error.to_string()))?;
        Ok((linker, Store::new(self.wasi()?)))
    }

    fn wasi(&self) -> Result<WasiCtx, Failure> {
        let fail = |error: wasi::BuildError| Failure::new(error.to_string());
        let mut builder = WasiCtx::builder();
        builder.inherit_stdio();
        match &self.argv0 {
            Some(name) => builder.arg(name.as_bytes()),
            None => {
                let name = self.file.file_name().unwrap_or(self.file.as_os_str());
                builder.arg(name.as_bytes())
            }
        };
        if self.invoke.is_none() {
            builder.args(self.args.iter().map(|arg| arg.as_bytes()));
        }
        for variable in &self.env {
            match variable.split_once('=') {
                Some((name, value)) => {
                    builder.env(name, value);
                }
                None => {
                    if let Some(value) = std::env::var_os(variable) {
                        builder.env(variable.as_str(), value.as_bytes());
                    }
                }
            }
        }
        for dir in &self.dirs {
            let (host, guest) = dir.split_once("::").unwrap_or((dir, dir));
            builder.preopened_dir(host, guest).map_err(fail)?;
        }
        builder.build().map_err(fail)
    }
}

//! The state of one program: its arguments, its environment, its descriptors.

use crate::builder::WasiCtxBuilder;
use crate::table::Table;

/// What a program sees of the world through WASI. It starts with three standard streams (0, 1, 2),
/// then the preopened directories, then the preopened sockets, from 3 on, without a gap.
///
/// Every function of WASI is a method of the same name, which takes the guest's memory and the
/// arguments as WebAssembly passes them. [`FUNCTIONS`](crate::FUNCTIONS) lists them.
#[derive(Debug)]
pub struct WasiCtx {
    pub(crate) args: Vec<Vec<u8>>,
    pub(crate) env: Vec<Vec<u8>>,
    pub(crate) table: Table,
}

impl WasiCtx {
    /// Begins a context: no arguments, no environment, no files, streams that lead nowhere.
    pub fn builder() -> WasiCtxBuilder {
        WasiCtxBuilder::default()
    }
}

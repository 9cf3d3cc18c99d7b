//! Memories.

use crate::error::{self, of_this_store};
use crate::{Engine, types};
use anyhow::Result;
use prefab_runtime as prefab;
use wasm_runtime_layer::MemoryType;
use wasm_runtime_layer::backend::{AsContext, AsContextMut, WasmMemory};

/// A memory of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory(pub(crate) prefab::Memory);

impl WasmMemory<Engine> for Memory {
    fn new(mut ctx: impl AsContextMut<Engine>, ty: MemoryType) -> Result<Self> {
        let memory = prefab::Memory::new(ctx.as_context_mut(), types::to_memory_type(ty));
        memory.map(Self).map_err(error::to_layer)
    }

    fn ty(&self, ctx: impl AsContext<Engine>) -> MemoryType {
        types::memory_type(of_this_store(self.0.ty(ctx.as_context())))
    }

    fn grow(&self, mut ctx: impl AsContextMut<Engine>, additional: u32) -> Result<u32> {
        let before = self.0.grow(ctx.as_context_mut(), additional.into());
        before.map(types::size).map_err(error::to_layer)
    }

    fn current_pages(&self, ctx: impl AsContext<Engine>) -> u32 {
        types::size(of_this_store(self.0.size(ctx.as_context())))
    }

    fn read(&self, ctx: impl AsContext<Engine>, offset: usize, buffer: &mut [u8]) -> Result<()> {
        self.0
            .read(ctx.as_context(), offset, buffer)
            .map_err(error::to_layer)
    }

    fn write(
        &self,
        mut ctx: impl AsContextMut<Engine>,
        offset: usize,
        buffer: &[u8],
    ) -> Result<()> {
        let written = self.0.write(ctx.as_context_mut(), offset, buffer);
        written.map_err(error::to_layer)
    }
}

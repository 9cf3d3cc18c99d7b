//! The Prefab compiler: WebAssembly in, relocatable objects out.

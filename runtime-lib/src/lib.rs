//! The runtime of modules compiled by Prefab: stores, instances, memories, tables, traps, host functions.

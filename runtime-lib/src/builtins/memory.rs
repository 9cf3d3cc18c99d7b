//! Runtime functions of memories and data segments.
//!
//! # Safety
//!
//! As in the module above: called by compiled code, with the context of the calling instance.
#![allow(unsafe_code, reason = "called by compiled code")]

use super::{Stop, checked, growing, with_store};
use crate::store::{StoreInner, growth};
use prefab_abi::context::{ContextHeader, MemoryDefinition};
use prefab_abi::trap::TrapCode;
use std::ops::Range;
use std::ptr::NonNull;

const OUTSIDE: TrapCode = TrapCode::MemoryOutOfBounds;

fn range(at: u64, len: u64, size: usize) -> Result<Range<usize>, TrapCode> {
    let end = at.checked_add(len).ok_or(OUTSIDE)?;
    if end > size as u64 {
        return Err(OUTSIDE);
    }
    Ok(at as usize..end as usize)
}

/// `memory_grow(context, memory, delta_pages) -> old size in pages`, or −1.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_memory_grow(
    context: *mut u8,
    memory: u32,
    delta: u64,
) -> u64 {
    let grow = |store: NonNull<StoreInner>, instance| {
        // SAFETY: the guest of this store waits; the reference ends here.
        let memory = unsafe { store.as_ref() }.memory_of(instance, memory)?;
        // SAFETY: as above.
        unsafe { growth::memory_grow(store, memory, delta) }
    };
    // SAFETY: compiled code passes its context.
    unsafe { growing(context, grow) }
}

/// `memory_copy(context, to_memory, from_memory, to, from, len)`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_memory_copy(
    context: *mut u8,
    to_memory: u32,
    from_memory: u32,
    to: u64,
    from: u64,
    len: u64,
) -> u32 {
    let run = |store: &mut StoreInner, instance| -> Result<(), Stop> {
        let to_memory = store.memory_of(instance, to_memory)? as usize;
        let from_memory = store.memory_of(instance, from_memory)? as usize;
        match store.memories.get_disjoint_mut([to_memory, from_memory]) {
            Ok([to_memory, from_memory]) => {
                let (to_bytes, from_bytes) = (to_memory.bytes_mut(), from_memory.bytes());
                let from = range(from, len, from_bytes.len())?;
                let to = range(to, len, to_bytes.len())?;
                to_bytes[to].copy_from_slice(&from_bytes[from]);
            }
            Err(_) => {
                let bytes = store.memories[to_memory].bytes_mut();
                let from = range(from, len, bytes.len())?;
                let to = range(to, len, bytes.len())?;
                bytes.copy_within(from, to.start);
            }
        }
        Ok(())
    };
    // SAFETY: compiled code passes its context.
    unsafe { checked(context, run) }
}

/// `memory_fill(context, memory, to, byte, len)`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_memory_fill(
    context: *mut u8,
    memory: u32,
    to: u64,
    byte: u32,
    len: u64,
) -> u32 {
    let run = |store: &mut StoreInner, instance| -> Result<(), Stop> {
        let memory = store.memory_of(instance, memory)? as usize;
        let bytes = store.memories[memory].bytes_mut();
        let to = range(to, len, bytes.len())?;
        bytes[to].fill(byte as u8);
        Ok(())
    };
    // SAFETY: compiled code passes its context.
    unsafe { checked(context, run) }
}

/// Whether `len` bytes at each of `starts` lie in the instance's own memory 0, without a look at the
/// store: a guest that copies often copies little.
///
/// # Safety
/// `context` is that of the calling instance, whose memory 0 lies there.
#[inline]
unsafe fn is_inside(context: *const u8, starts: &[u64], len: u64) -> bool {
    let memory = context.wrapping_offset(ContextHeader::MEMORY as isize);
    // SAFETY: the caller says so; the definition is aligned, and only the runtime writes it.
    let size = unsafe { (*memory.cast::<MemoryDefinition>()).size_bytes };
    // The operands have 32 bits.
    starts.iter().all(|start| start + len <= size)
}

/// Notes that an access is outside of a memory.
///
/// # Safety
/// As [`with_store`](super::with_store).
#[cold]
unsafe fn outside(context: *mut u8) -> u32 {
    // SAFETY: the caller says so.
    unsafe { checked(context, |_, _| Err(OUTSIDE.into())) }
}

/// `own_memory_copy(context, to, from, len)`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_own_memory_copy(
    context: *mut u8,
    to: u64,
    from: u64,
    len: u64,
) -> u32 {
    // SAFETY: compiled code passes its context, of an instance that has memory 0 there.
    if !unsafe { is_inside(context, &[to, from], len) } {
        // SAFETY: as above.
        return unsafe { outside(context) };
    }
    let (to, from) = (to as usize, from as usize);
    // SAFETY: both ranges are inside the memory, which nothing refers to while the guest waits.
    unsafe { std::ptr::copy(context.add(from), context.add(to), len as usize) };
    0
}

/// `own_memory_fill(context, to, byte, len)`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_own_memory_fill(
    context: *mut u8,
    to: u64,
    byte: u32,
    len: u64,
) -> u32 {
    // SAFETY: as for copying.
    if !unsafe { is_inside(context, &[to], len) } {
        // SAFETY: as above.
        return unsafe { outside(context) };
    }
    // SAFETY: as for copying.
    unsafe { std::ptr::write_bytes(context.add(to as usize), byte as u8, len as usize) };
    0
}

/// `memory_init(context, memory, data_segment, to, from, len)`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_memory_init(
    context: *mut u8,
    memory: u32,
    segment: u32,
    to: u64,
    from: u32,
    len: u32,
) -> u32 {
    let run = |store: &mut StoreInner, instance| -> Result<(), Stop> {
        let memory = store.memory_of(instance, memory)?;
        let range = [to, from.into(), len.into()];
        Ok(store.copy_data(instance, segment, memory, range)??)
    };
    // SAFETY: compiled code passes its context.
    unsafe { checked(context, run) }
}

/// `data_drop(context, data_segment)`.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn prefab_rt_data_drop(context: *mut u8, segment: u32) {
    // SAFETY: compiled code passes its context.
    unsafe {
        with_store(context, |store, instance| {
            store.drop_data(instance, segment)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{OUTSIDE, range};

    #[test]
    fn ranges() {
        assert_eq!(range(3, 2, 5), Ok(3..5));
        assert_eq!(range(5, 0, 5), Ok(5..5));
        assert_eq!(range(6, 0, 5), Err(OUTSIDE));
        assert_eq!(range(4, 2, 5), Err(OUTSIDE));
        assert_eq!(range(u64::MAX, 1, 5), Err(OUTSIDE));
    }
}

//! Addresses: pointers as compiled code, descriptors and funcref values have them.
//!
//! The only file that makes pointers of numbers. Whatever compiled code or a descriptor is given
//! the address of is exposed here ([`of`]), and found again here ([`pointer`]): pointers that
//! never leave Rust are never numbers in between.

/// The address of what a pointer points at, for code that is not Rust's.
pub(crate) fn of<T: ?Sized>(pointer: *const T) -> u64 {
    pointer.expose_provenance() as u64
}

/// A pointer to what is at an address that [`of`] made, or that comes from the program's own
/// image.
pub(crate) const fn pointer<T>(address: u64) -> *mut T {
    std::ptr::with_exposed_provenance_mut(address as usize)
}

//! Arithmetic in pages of memory protection, whatever their size.
//!
//! Everything that lays out mappings takes the [`PageSize`] it lays them out for. It is the
//! machine's outside of tests, which ask for the others, too.

/// The size of a page, in bytes: a power of two, and a multiple of the system's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageSize(usize);

impl PageSize {
    /// The system's.
    pub(crate) fn of_system() -> Self {
        Self(rustix::param::page_size())
    }

    /// In bytes.
    pub(crate) const fn bytes(self) -> usize {
        self.0
    }

    /// `size`, rounded up to whole pages; `None` if that is more than there are addresses.
    pub(crate) const fn round_up(self, size: usize) -> Option<usize> {
        size.checked_next_multiple_of(self.0)
    }

    /// Whether a page begins at `offset`.
    pub(crate) const fn is_boundary(self, offset: u64) -> bool {
        offset.is_multiple_of(self.0 as u64)
    }

    /// The part of a mapping that becomes accessible when what is needed of it grows from `from`
    /// to `to` bytes, and whole pages around `from` were accessible before: offset and size.
    pub(crate) fn growth(self, from: usize, to: usize) -> Option<(usize, usize)> {
        let (start, end) = (self.round_up(from)?, self.round_up(to)?);
        Some((start, end.checked_sub(start)?))
    }
}

#[cfg(test)]
impl PageSize {
    /// All that the systems of the targets have: 4, 16 and 64 KiB, where the system's own is
    /// a part of it.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let system = rustix::param::page_size();
        let sizes = [4 << 10, 16 << 10, 64 << 10].into_iter();
        sizes.filter(move |size| size % system == 0).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::PageSize;

    /// What lies around the multiples of the page sizes.
    fn interesting() -> Vec<usize> {
        let edges = (0usize..40).map(|index| index * (4 << 10));
        let edges = edges.chain([1 << 31, 1 << 32, (1 << 32) + (64 << 10)]);
        edges
            .flat_map(|edge| [edge.saturating_sub(1), edge, edge + 1, edge + 8])
            .collect()
    }

    #[test]
    fn sizes_are_rounded_to_the_next_page() {
        for page in PageSize::all() {
            for size in interesting() {
                let rounded = page.round_up(size).unwrap();
                assert!(page.is_boundary(rounded as u64));
                assert!(rounded >= size && rounded - size < page.bytes());
            }
            assert_eq!(page.round_up(usize::MAX), None);
        }
    }

    #[test]
    fn what_grows_stays_accessible_and_covers_what_is_asked() {
        for page in PageSize::all() {
            for from in interesting() {
                let mut end = page.round_up(from).unwrap();
                for to in interesting().into_iter().filter(|to| *to >= from) {
                    let (start, size) = page.growth(from, to).unwrap();
                    assert!(page.is_boundary(start as u64) && page.is_boundary(size as u64));
                    assert_eq!(start, page.round_up(from).unwrap());
                    assert!(start + size >= to && start + size >= end);
                    end = start + size;
                }
            }
            assert_eq!(page.growth(2 * page.bytes(), page.bytes()), None);
        }
    }
}

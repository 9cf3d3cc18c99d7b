//! The memory image: what memories contain before any code runs, as far as that is known.

use crate::const_expr::i32_const;
use crate::module::Module;
use prefab_abi::meta::{ImageChunk, SegmentMode};
use std::collections::BTreeMap;

/// The size of a page of linear memory, in bytes.
const WASM_PAGE_SIZE: u64 = 1 << 16;

/// The image, and which segments are in it.
#[derive(Debug, Default)]
pub struct Image {
    /// The section's bytes.
    pub bytes: Vec<u8>,
    /// What lies where.
    pub chunks: Vec<ImageChunk>,
    /// Per data segment, whether the image has it.
    pub contains: Vec<bool>,
}

/// Makes the image, of pages of `page_size` bytes.
///
/// Segments go into it in their order, up to the first that must be copied at instantiation: it
/// may trap, and what comes before it must have been written then, what comes after must not.
pub fn build(module: &Module<'_>, page_size: u64) -> Image {
    let mut contains = vec![false; module.data.len()];
    let mut pages: BTreeMap<(u32, u64), Vec<u8>> = BTreeMap::new();
    for (index, segment) in module.data.iter().enumerate() {
        if segment.mode != SegmentMode::Active {
            continue;
        }
        let Some(start) = in_bounds_start(module, segment) else {
            break;
        };
        contains[index] = true;
        write(&mut pages, segment.memory, start, segment.bytes, page_size);
    }
    // What only repeats the zeros that are there anyway is left out.
    pages.retain(|_, page| page.iter().any(|byte| *byte != 0));
    match chunks(&pages, page_size) {
        Some((bytes, chunks)) => Image {
            bytes,
            chunks,
            contains,
        },
        None => Image {
            contains: vec![false; module.data.len()],
            ..Image::default()
        },
    }
}

/// Gathers pages into chunks, each of which an instance maps as one. Small gaps are filled, so
/// that chunks are few; `None` if there would be many chunks, or much more filling than data.
fn chunks(
    pages: &BTreeMap<(u32, u64), Vec<u8>>,
    page_size: u64,
) -> Option<(Vec<u8>, Vec<ImageChunk>)> {
    const MAX_CHUNKS: usize = 32;
    const MAX_FILLING: u64 = 1 << 24;
    let mut gap = 1 << 16;
    loop {
        let mut chunks: Vec<ImageChunk> = Vec::new();
        let mut size = 0;
        for (memory, page) in pages.keys() {
            let start = page * page_size;
            match chunks.last_mut() {
                Some(last)
                    if last.memory == *memory
                        && start - (last.memory_offset + last.size) <= gap =>
                {
                    let grown = start + page_size - last.memory_offset;
                    size += grown - last.size;
                    last.size = grown;
                }
                _ => {
                    chunks.push(ImageChunk {
                        memory: *memory,
                        reserved: 0,
                        memory_offset: start,
                        image_offset: size,
                        size: page_size,
                    });
                    size += page_size;
                }
            }
        }
        let filling = size - page_size * pages.len() as u64;
        if chunks.len() <= MAX_CHUNKS {
            return (filling <= MAX_FILLING).then(|| (fill(&chunks, pages, page_size), chunks));
        }
        if filling > MAX_FILLING {
            return None;
        }
        gap *= 2;
    }
}

fn fill(chunks: &[ImageChunk], pages: &BTreeMap<(u32, u64), Vec<u8>>, page_size: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in chunks {
        for page in (0..chunk.size).step_by(page_size as usize) {
            let key = (chunk.memory, (chunk.memory_offset + page) / page_size);
            match pages.get(&key) {
                Some(page) => bytes.extend_from_slice(page),
                None => bytes.resize(bytes.len() + page_size as usize, 0),
            }
        }
    }
    bytes
}

/// Where an active segment starts, if that is known and it lies inside a memory that the module
/// defines, whatever the instance.
fn in_bounds_start(module: &Module<'_>, segment: &crate::module::Data<'_>) -> Option<u64> {
    if segment.memory < module.layout.counts().imported_memories {
        return None;
    }
    let start = u64::from(i32_const(segment.offset)?);
    let size = module.memories[segment.memory as usize].min * WASM_PAGE_SIZE;
    (start + segment.bytes.len() as u64 <= size).then_some(start)
}

fn write(
    pages: &mut BTreeMap<(u32, u64), Vec<u8>>,
    memory: u32,
    mut start: u64,
    mut bytes: &[u8],
    page_size: u64,
) {
    while !bytes.is_empty() {
        let within = (start % page_size) as usize;
        let (head, tail) = bytes.split_at(bytes.len().min(page_size as usize - within));
        let page = pages
            .entry((memory, start / page_size))
            .or_insert_with(|| vec![0; page_size as usize]);
        page[within..within + head.len()].copy_from_slice(head);
        start += head.len() as u64;
        bytes = tail;
    }
}

#[cfg(test)]
mod tests {
    use super::{chunks, write};
    use std::collections::BTreeMap;

    /// Segments anywhere, also across pages and over each other, make the memory that copying
    /// them makes, whatever the page size.
    #[test]
    fn images_are_what_segments_say() {
        const MEMORY_BYTES: usize = 12 << 16;
        let mut state = 1u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        for round in 0..60 {
            let segments: Vec<(usize, Vec<u8>)> = (0..random(6) + 1)
                .map(|index| {
                    let len = random([3, 4 << 10, 70 << 10][round % 3]);
                    (random(MEMORY_BYTES - len), vec![index as u8 + 1; len])
                })
                .collect();
            let mut expected = vec![0; MEMORY_BYTES];
            for (start, bytes) in &segments {
                expected[*start..start + bytes.len()].copy_from_slice(bytes);
            }
            for page_size in [4u64 << 10, 16 << 10, 64 << 10] {
                let mut pages = BTreeMap::new();
                for (start, bytes) in &segments {
                    write(&mut pages, 0, *start as u64, bytes, page_size);
                }
                let (bytes, chunks) = chunks(&pages, page_size).expect("few segments, few chunks");
                let mut found = vec![0; MEMORY_BYTES];
                for chunk in chunks {
                    let numbers = [chunk.memory_offset, chunk.image_offset, chunk.size];
                    assert!(numbers.iter().all(|number| number % page_size == 0));
                    let part = &bytes[chunk.image_offset as usize..][..chunk.size as usize];
                    found[chunk.memory_offset as usize..][..part.len()].copy_from_slice(part);
                }
                assert!(found == expected, "round {round}, pages of {page_size}");
            }
        }
    }

    #[test]
    fn pages_become_chunks() {
        for page_size in [1u64 << 12, 1 << 14, 1 << 16] {
            let page = |byte| vec![byte; page_size as usize];
            let far = (1 << 30) / page_size;
            let pages = BTreeMap::from([((0, 0), page(1)), ((0, 2), page(2)), ((0, far), page(3))]);
            let (bytes, chunks) = chunks(&pages, page_size).unwrap();
            for chunk in &chunks {
                assert_eq!(chunk.memory_offset % page_size, 0);
                assert_eq!(chunk.image_offset % page_size, 0);
                assert_eq!(chunk.size % page_size, 0);
            }
            let last = chunks.last().unwrap();
            assert_eq!(last.memory_offset, far * page_size);
            assert_eq!(bytes[last.image_offset as usize], 3);
            assert_eq!(bytes.len() as u64, last.image_offset + last.size);
        }
    }

    #[test]
    fn scattered_pages_are_left_to_instantiation() {
        let pages: BTreeMap<_, _> = (0..1000)
            .map(|index| ((0, index * 256), vec![1; 4096]))
            .collect();
        assert!(chunks(&pages, 4096).is_none());
    }
}

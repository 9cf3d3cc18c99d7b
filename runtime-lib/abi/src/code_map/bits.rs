//! Numbers in a stream of bits, the lowest bit of a byte first.
//!
//! Exponential Golomb codes of order `k` (ITU-T H.264, section 9.1, generalises order 0): of
//! `value + 2^k`, as many zeros as it has bits more than `k + 1`, a one, and its bits below the
//! highest. What is less than `2^k` takes `k + 1` bits.

use alloc::vec::Vec;

/// Writes.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    /// Bits that do not make a byte yet, and how many they are.
    pending: u128,
    pending_bits: u32,
}

impl Writer {
    /// Appends the lowest `count` bits of `value`, of which the others are 0; at most 64.
    pub fn put(&mut self, value: u64, count: u32) {
        self.pending |= u128::from(value) << self.pending_bits;
        self.pending_bits += count;
        while self.pending_bits >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.pending_bits -= 8;
        }
    }

    /// Appends the code of `value`.
    pub fn put_golomb(&mut self, value: u32, order: u32) {
        let value = u64::from(value) + (1 << order);
        let bits = value.ilog2();
        self.put(1 << (bits - order), bits - order + 1);
        self.put(value & !(1 << bits), bits);
    }

    /// Ends the byte that is begun, and tells how many bytes there are.
    pub fn align(&mut self) -> usize {
        self.put(0, (8 - self.pending_bits) % 8);
        self.bytes.len()
    }

    /// The bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }
}

/// Reads. Behind the end there are zeros, which are no code.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    /// The next bit.
    position: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their start.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The next 57 bits at least.
    fn peek(&self) -> u64 {
        let rest = self.bytes.get(self.position / 8..).unwrap_or_default();
        let word = match rest.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => rest
                .iter()
                .rev()
                .fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        word >> (self.position % 8)
    }

    /// The next `count` bits, at most 32.
    pub fn take(&mut self, count: u32) -> u32 {
        let value = self.peek() & ((1 << count) - 1);
        self.position += count as usize;
        value as u32
    }

    /// The number whose code is next, if it is that of a `u32`.
    pub fn take_golomb(&mut self, order: u32) -> Option<u32> {
        let zeros = self.peek().trailing_zeros();
        let bits = zeros + order;
        if bits > 32 {
            return None;
        }
        self.position += zeros as usize + 1;
        let value = (1 << bits) + u64::from(self.take(bits)) - (1 << order);
        u32::try_from(value).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, Writer};

    #[test]
    fn numbers_come_back() {
        let numbers = (0..32).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        let numbers = || numbers.clone().chain([u32::MAX - 1, u32::MAX]);
        let mut writer = Writer::default();
        for number in numbers() {
            for order in 0..9 {
                writer.put_golomb(number, order);
            }
            writer.put(u64::from(number & 7), 3);
        }
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        for number in numbers() {
            for order in 0..9 {
                assert_eq!(reader.take_golomb(order), Some(number), "order {order}");
            }
            assert_eq!(reader.take(3), number & 7);
        }
        // Padding is no number, and neither is what follows.
        for _ in 0..9 {
            reader.take(1);
        }
        assert_eq!(reader.take_golomb(0), None);
        assert_eq!(reader.take(32), 0);
    }
}

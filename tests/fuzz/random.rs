//! Pseudorandom numbers: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
//! generators, 2014). Inputs must stay the same from one release to the next.

/// A sequence that its seed determines.
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The sequence of some bytes (by their FNV-1a hash).
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// The bits of an operand: often one at an edge of some type.
    pub fn operand(&mut self) -> u64 {
        const EDGES: [u64; 12] = [
            0,
            1,
            u64::MAX,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            i64::MAX as u64,
            i64::MIN as u64,
            0x3f80_0000,
            0x7f80_0000,
            0x3ff0_0000_0000_0000,
            0x7ff0_0000_0000_0000,
        ];
        let choice = self.next();
        match choice % 4 {
            0 => EDGES[(choice >> 2) as usize % EDGES.len()],
            1 => (choice >> 2) & 0xffff,
            _ => self.next(),
        }
    }
}

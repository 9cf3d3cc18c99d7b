//! Arithmetic on 64 bits that hold several lanes ("SIMD within a register").
//!
//! What a lane must not do is carry into its neighbour. The ways around that are those of
//! H. S. Warren, *Hacker's Delight*, chapter 2, sections 12, 13, 18 and 19.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{InstBuilder, Type, Value};
use cranelift_frontend::{FuncInstBuilder, FunctionBuilder};

/// The constant of 64 bits that has `lane` in each lane of so many bits.
pub(super) const fn repeat(bits: u32, lane: u64) -> u64 {
    let mut out = lane;
    let mut filled = bits;
    while filled < 64 {
        out |= out << filled;
        filled *= 2;
    }
    out
}

/// Instructions on the lanes of half a vector, all of the same width.
pub(super) struct Lanes<'b, 'f> {
    builder: &'b mut FunctionBuilder<'f>,
    /// The width of a lane: 8, 16, 32 or 64.
    bits: u32,
}

impl<'b, 'f> Lanes<'b, 'f> {
    /// Lanes as wide as those of `shape`.
    pub fn of(builder: &'b mut FunctionBuilder<'f>, shape: Type) -> Self {
        let bits = shape.lane_bits();
        Self { builder, bits }
    }

    /// The same with lanes twice as wide.
    pub fn doubled(&mut self) -> Lanes<'_, 'f> {
        Lanes {
            builder: self.builder,
            bits: 2 * self.bits,
        }
    }

    pub fn ins(&mut self) -> FuncInstBuilder<'_, 'f> {
        self.builder.ins()
    }

    /// The width of a lane.
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    const fn is_one_lane(&self) -> bool {
        self.bits == 64
    }

    /// The largest number of a lane, as unsigned.
    const fn lane_mask(&self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }

    /// `lane` in every lane.
    pub fn all(&mut self, lane: u64) -> Value {
        let bits = repeat(self.bits, lane & self.lane_mask());
        self.ins().iconst(I64, bits.cast_signed())
    }

    /// The highest bit of every lane.
    fn highest(&mut self) -> Value {
        self.all(1 << (self.bits - 1))
    }

    /// The bits of every lane but the highest.
    fn lower(&mut self) -> Value {
        self.all(self.lane_mask() >> 1)
    }

    /// The highest bit of every lane of `a`.
    fn high_bits(&mut self, a: Value) -> Value {
        let highest = self.highest();
        self.ins().band(a, highest)
    }

    /// Lanes that are all ones where `bits`, which has no other bits, has a lane's highest.
    fn spread(&mut self, bits: Value) -> Value {
        let shift = i64::from(self.bits - 1);
        if self.is_one_lane() {
            return self.ins().sshr_imm_u(bits, shift);
        }
        let lowest = self.ins().ushr_imm_u(bits, shift);
        let lower = self.ins().isub(bits, lowest);
        self.ins().bor(bits, lower)
    }

    /// Lanes that are all ones where a lane of `a` is negative.
    pub fn negative(&mut self, a: Value) -> Value {
        let bits = self.high_bits(a);
        self.spread(bits)
    }

    /// Lanes of `a` where those of `mask` are all ones, of `b` where they are zero.
    pub fn select(&mut self, mask: Value, a: Value, b: Value) -> Value {
        let differing = self.ins().bxor(a, b);
        let taken = self.ins().band(differing, mask);
        self.ins().bxor(b, taken)
    }

    pub fn add(&mut self, a: Value, b: Value) -> Value {
        if self.is_one_lane() {
            return self.ins().iadd(a, b);
        }
        let lower = self.lower();
        let (low_a, low_b) = (self.ins().band(a, lower), self.ins().band(b, lower));
        let sum = self.ins().iadd(low_a, low_b);
        let differing = self.ins().bxor(a, b);
        let highest = self.high_bits(differing);
        self.ins().bxor(sum, highest)
    }

    pub fn sub(&mut self, a: Value, b: Value) -> Value {
        if self.is_one_lane() {
            return self.ins().isub(a, b);
        }
        let (highest, lower) = (self.highest(), self.lower());
        let (high_a, low_b) = (self.ins().bor(a, highest), self.ins().band(b, lower));
        let difference = self.ins().isub(high_a, low_b);
        let differing = self.ins().bxor(a, b);
        let same = self.ins().bnot(differing);
        let same = self.high_bits(same);
        self.ins().bxor(difference, same)
    }

    pub fn neg(&mut self, a: Value) -> Value {
        let zero = self.all(0);
        self.sub(zero, a)
    }

    /// The magnitude of signed lanes; that of the least number is the least number.
    pub fn abs(&mut self, a: Value) -> Value {
        let bits = self.high_bits(a);
        let mask = self.spread(bits);
        let flipped = self.ins().bxor(a, mask);
        // A flipped lane is not above the largest signed number: one more does not carry.
        let shift = i64::from(self.bits - 1);
        let ones = self.ins().ushr_imm_u(bits, shift);
        self.ins().iadd(flipped, ones)
    }

    /// Unsigned sums, or the largest number where they are larger.
    pub fn add_sat_u(&mut self, a: Value, b: Value) -> Value {
        let sum = self.add(a, b);
        let (both, any) = (self.ins().band(a, b), self.ins().bor(a, b));
        let lost = self.ins().band_not(any, sum);
        let carry = self.ins().bor(both, lost);
        let too_large = self.negative(carry);
        self.ins().bor(sum, too_large)
    }

    /// Unsigned differences, or zero where they are negative.
    pub fn sub_sat_u(&mut self, a: Value, b: Value) -> Value {
        let difference = self.sub(a, b);
        let negative = self.less_u(a, b);
        self.ins().band_not(difference, negative)
    }

    /// Signed sums, or the number nearest to them.
    pub fn add_sat_s(&mut self, a: Value, b: Value) -> Value {
        let sum = self.add(a, b);
        let differing = self.ins().bxor(a, b);
        let changed = self.ins().bxor(a, sum);
        let overflow = self.ins().band_not(changed, differing);
        self.saturate(sum, overflow, a)
    }

    /// Signed differences, or the number nearest to them.
    pub fn sub_sat_s(&mut self, a: Value, b: Value) -> Value {
        let difference = self.sub(a, b);
        let differing = self.ins().bxor(a, b);
        let changed = self.ins().bxor(a, difference);
        let overflow = self.ins().band(changed, differing);
        self.saturate(difference, overflow, a)
    }

    /// `value`, but where the highest bit of `overflow` is set the least number or the largest,
    /// by the sign of `sign`.
    fn saturate(&mut self, value: Value, overflow: Value, sign: Value) -> Value {
        let overflow = self.negative(overflow);
        let negative = self.high_bits(sign);
        let shift = i64::from(self.bits - 1);
        let one = self.ins().ushr_imm_u(negative, shift);
        let largest = self.lower();
        let limit = self.ins().iadd(largest, one);
        self.select(overflow, limit, value)
    }

    /// Unsigned means, rounded up.
    pub fn avgr_u(&mut self, a: Value, b: Value) -> Value {
        let differing = self.ins().bxor(a, b);
        let halved = self.ins().ushr_imm_u(differing, 1);
        let lower = self.lower();
        let halved = self.ins().band(halved, lower);
        let any = self.ins().bor(a, b);
        // Bits that are in one of both are in any of both: nothing is borrowed.
        self.ins().isub(any, halved)
    }

    /// How many bits of each lane of 8 are set.
    pub fn popcnt(&mut self, a: Value) -> Value {
        let (odd, pairs, low) = (self.all(0x55), self.all(0x33), self.all(0x0f));
        let half = self.ins().ushr_imm_u(a, 1);
        let half = self.ins().band(half, odd);
        let a = self.ins().isub(a, half);
        let high = self.ins().ushr_imm_u(a, 2);
        let (high, a) = (self.ins().band(high, pairs), self.ins().band(a, pairs));
        let a = self.ins().iadd(a, high);
        let high = self.ins().ushr_imm_u(a, 4);
        let a = self.ins().iadd(a, high);
        self.ins().band(a, low)
    }

    /// Where unsigned lanes of `a` are less than those of `b`: all ones, else zero.
    pub fn less_u(&mut self, a: Value, b: Value) -> Value {
        if self.is_one_lane() {
            let is_less = self.ins().icmp(IntCC::UnsignedLessThan, a, b);
            return self.truth(is_less);
        }
        // What the highest bit borrows: surely, or if those below it do.
        let surely = self.ins().band_not(b, a);
        let unless = self.ins().band_not(a, b);
        let difference = self.sub(a, b);
        let perhaps = self.ins().band_not(difference, unless);
        let borrowed = self.ins().bor(surely, perhaps);
        self.negative(borrowed)
    }

    /// The same of signed lanes.
    pub fn less_s(&mut self, a: Value, b: Value) -> Value {
        if self.is_one_lane() {
            let is_less = self.ins().icmp(IntCC::SignedLessThan, a, b);
            return self.truth(is_less);
        }
        let highest = self.highest();
        let (a, b) = (self.ins().bxor(a, highest), self.ins().bxor(b, highest));
        self.less_u(a, b)
    }

    /// Where lanes are the same: all ones, else zero.
    pub fn equal(&mut self, a: Value, b: Value) -> Value {
        let differing = self.ins().bxor(a, b);
        let nonzero = self.nonzero(differing);
        let same = self.ins().bnot(nonzero);
        self.negative(same)
    }

    /// The highest bit of every lane that is not zero, among other bits.
    pub fn nonzero(&mut self, a: Value) -> Value {
        let lower = self.lower();
        let low = self.ins().band(a, lower);
        let carried = self.ins().iadd(low, lower);
        self.ins().bor(carried, a)
    }

    /// A condition as all ones or zero.
    pub fn truth(&mut self, condition: Value) -> Value {
        let one = self.ins().uextend(I64, condition);
        self.ins().ineg(one)
    }

    /// Shifts lanes to the left by `by`, which is less than their width.
    pub fn shl(&mut self, a: Value, by: Value) -> Value {
        let shifted = self.ins().ishl(a, by);
        if self.is_one_lane() {
            return shifted;
        }
        let ones = self.all(1);
        let above = self.ins().ishl(ones, by);
        let entered = self.ins().isub(above, ones);
        self.ins().band_not(shifted, entered)
    }

    /// Shifts lanes to the right by `by`, which is less than their width; zeros enter.
    pub fn shr_u(&mut self, a: Value, by: Value) -> Value {
        let shifted = self.ins().ushr(a, by);
        if self.is_one_lane() {
            return shifted;
        }
        let kept = self.kept(by);
        self.ins().band(shifted, kept)
    }

    /// The same; the highest bits enter.
    pub fn shr_s(&mut self, a: Value, by: Value) -> Value {
        if self.is_one_lane() {
            return self.ins().sshr(a, by);
        }
        let shifted = self.ins().ushr(a, by);
        let (kept, signs) = (self.kept(by), self.negative(a));
        self.select(kept, shifted, signs)
    }

    /// The bits of every lane that hold something of it when it is shifted to the right.
    fn kept(&mut self, by: Value) -> Value {
        let (highest, ones) = (self.highest(), self.all(1));
        let top = self.ins().ushr(highest, by);
        let below = self.ins().isub(top, ones);
        self.ins().bor(top, below)
    }

    /// The same scalar in every lane; of its bits above a lane's width none is set.
    pub fn splat(&mut self, lane: Value) -> Value {
        if self.is_one_lane() {
            return lane;
        }
        let ones = self.all(1);
        self.ins().imul(lane, ones)
    }

    /// The lanes in the lower 32 bits, each made twice as wide; the upper bits are ignored.
    pub fn widen(&mut self, a: Value, signed: bool) -> Value {
        if self.bits == 32 {
            let low = self.ins().ishl_imm_u(a, 32);
            return if signed {
                self.ins().sshr_imm_u(low, 32)
            } else {
                self.ins().ushr_imm_u(low, 32)
            };
        }
        // Halves move apart, then halves of halves, until what moves is a lane.
        let mut out = self.ins().band_imm_u(a, 0xffff_ffff);
        let mut distance = 16;
        while distance >= self.bits {
            let moved = self.ins().ishl_imm_u(out, i64::from(distance));
            out = self.ins().bor(out, moved);
            let mask = repeat(2 * distance, u64::MAX >> (64 - distance));
            out = self.ins().band_imm_s(out, mask.cast_signed());
            distance /= 2;
        }
        if signed { self.sign_extend(out) } else { out }
    }

    /// Lanes of twice the width, of whose halves the upper ones are zero: with their lower halves
    /// taken as signed.
    pub fn sign_extend(&mut self, a: Value) -> Value {
        let signs = repeat(2 * self.bits, 1 << (self.bits - 1));
        let signs = self.ins().band_imm_s(a, signs.cast_signed());
        // From the bit above the sign to the end of the lane: what lies between two powers of 2.
        let (above, end) = (1, i64::from(self.bits + 1));
        let above = self.ins().ishl_imm_u(signs, above);
        let end = self.ins().ishl_imm_u(signs, end);
        let extension = self.ins().isub(end, above);
        self.ins().bor(a, extension)
    }

    /// The lower halves of lanes, side by side in the lower 32 bits; the upper bits are zero.
    pub fn narrow(&mut self, a: Value) -> Value {
        let mask = repeat(self.bits, u64::MAX >> (64 - self.bits / 2));
        let mut out = self.ins().band_imm_s(a, mask.cast_signed());
        let mut width = self.bits / 2;
        while width < 32 {
            let moved = self.ins().ushr_imm_u(out, i64::from(width));
            out = self.ins().bor(out, moved);
            width *= 2;
            let mask = repeat(2 * width, u64::MAX >> (64 - width));
            out = self.ins().band_imm_s(out, mask.cast_signed());
        }
        out
    }

    /// The highest bits of all lanes, side by side in the lowest bits; the others are zero.
    pub fn bitmask(&mut self, a: Value) -> Value {
        let shift = i64::from(self.bits - 1);
        let bits = self.high_bits(a);
        let bits = self.ins().ushr_imm_u(bits, shift);
        if self.is_one_lane() {
            return bits;
        }
        // Lane i's bit is at i * bits, and wanted at i from the highest lane's lowest bit on. The
        // product has it there; no two of its terms meet, so that nothing is carried.
        let top = 64 - self.bits;
        let factor = (0..64 / self.bits).map(|lane| 1_u64 << (top - (self.bits - 1) * lane));
        let factor = factor.sum::<u64>().cast_signed();
        let product = self.ins().imul_imm_s(bits, factor);
        self.ins().ushr_imm_u(product, i64::from(top))
    }
}

/// Lanes one by one, where there is no other way.
impl Lanes<'_, '_> {
    /// How many lanes there are.
    pub const fn count(&self) -> u32 {
        64 / self.bits
    }

    /// A lane, as 64 bits.
    pub fn extract(&mut self, a: Value, index: u32, signed: bool) -> Value {
        let above = i64::from(64 - self.bits * (index + 1));
        let top = match above {
            0 => a,
            _ => self.ins().ishl_imm_u(a, above),
        };
        match i64::from(64 - self.bits) {
            0 => top,
            below if signed => self.ins().sshr_imm_u(top, below),
            below => self.ins().ushr_imm_u(top, below),
        }
    }

    /// The lanes whose lower bits are those of `lanes`, all that there are.
    pub fn join(&mut self, lanes: &[Value]) -> Value {
        let mask = self.lane_mask().cast_signed();
        let Some((last, others)) = lanes.split_last() else {
            return self.all(0);
        };
        // Of the last one, what is above the lane falls out of 64 bits.
        let others = others.iter().map(|lane| self.ins().band_imm_s(*lane, mask));
        let mut lanes: Vec<Value> = others.collect();
        lanes.push(*last);
        self.concat(&lanes)
    }

    /// The lanes that are `lanes`, of whose bits above a lane's width none is set.
    pub fn concat(&mut self, lanes: &[Value]) -> Value {
        let mut out = None;
        let mut shift = 0;
        for lane in lanes {
            out = Some(match out {
                None => *lane,
                Some(out) => {
                    let lane = self.ins().ishl_imm_u(*lane, shift);
                    self.ins().bor(out, lane)
                }
            });
            shift += i64::from(self.bits);
        }
        out.unwrap_or_else(|| self.all(0))
    }

    /// Replaces a lane by the lower bits of `lane`.
    pub fn insert(&mut self, a: Value, index: u32, lane: Value) -> Value {
        if self.is_one_lane() {
            return lane;
        }
        let (mask, shift) = (self.lane_mask(), self.bits * index);
        let lane = self.ins().band_imm_s(lane, mask.cast_signed());
        let lane = self.ins().ishl_imm_u(lane, i64::from(shift));
        let others = !(mask << shift);
        let others = self.ins().band_imm_s(a, others.cast_signed());
        self.ins().bor(others, lane)
    }
}

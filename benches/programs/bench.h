/* What every program here has: `run`, which does an amount of work in proportion to `n` and returns a
   checksum of what it found. Runs are independent of each other: the same `n` gives the same checksum, on
   every machine and by every compiler. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;

#ifdef __wasm__
__attribute__((export_name("run")))
#else
__attribute__((visibility("default")))
#endif
u32 run(u32 n);

static inline u32 mix(u32 sum, u32 value) {
    sum = (sum ^ value) * 0x9e3779b1u;
    return sum ^ sum >> 15;
}

static inline u32 mix64(u32 sum, u64 value) {
    return mix(mix(sum, (u32)value), (u32)(value >> 32));
}

static inline u32 mix_double(u32 sum, double value) {
    u64 bits;
    memcpy(&bits, &value, sizeof bits);
    return mix64(sum, bits);
}

static inline u32 mix_bytes(u32 sum, const void *bytes, size_t length) {
    const u8 *at = bytes;
    while (length--) sum = mix(sum, *at++);
    return sum;
}

/* Marsaglia's xorshift32: `*state` is never 0. */
static inline u32 next_random(u32 *state) {
    u32 x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* Text of made-up words of which some are frequent, `length` bytes of it. */
static inline void make_text(char *text, u32 length, u32 seed) {
    u32 at = 0;
    while (at < length) {
        u32 word = next_random(&seed), letters = 0;
        word &= word >> 8; /* few bits: some words are common */
        letters = 2 + word % 7;
        for (u32 i = 0; i < letters && at < length; i++)
            text[at++] = (char)('a' + (word * (i + 3) >> (i + 4)) % 26);
        if (at < length) text[at++] = (next_random(&seed) & 15) ? ' ' : '\n';
    }
}

/* Hashing with 32-bit rotations: SHA-256 (FIPS 180-4). */
#include "bench.h"
static u32 constants[64];

static u32 rotate(u32 x, u32 by) { return x >> by | x << (32 - by); }

/* The constants are the first 32 bits of the fractions of cube roots of primes: found by bisection. */
static void make_constants(void) {
    u32 found = 0;
    for (u32 candidate = 2; found < 64; candidate++) {
        int prime = 1;
        for (u32 d = 2; d * d <= candidate; d++)
            if (candidate % d == 0) prime = 0;
        if (!prime) continue;
        double low = 1, high = 7;
        for (int i = 0; i < 52; i++) {
            double middle = (low + high) / 2;
            if (middle * middle * middle < candidate) low = middle; else high = middle;
        }
        constants[found++] = (u32)((low - (u32)low) * 4294967296.0);
    }
}

static void compress(u32 state[8], const u8 *block) {
    u32 w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (u32)block[4 * i] << 24 | (u32)block[4 * i + 1] << 16 | (u32)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        u32 s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        u32 s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    u32 a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        u32 t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i];
        u32 t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

u32 run(u32 n) {
    static u8 data[1 << 16];
    make_constants();
    for (u32 i = 0; i < sizeof data; i++) data[i] = (u8)(i * 7 + i / 256);
    u32 state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    while (n--)
        for (u32 at = 0; at < sizeof data; at += 64) compress(state, data + at);
    return mix_bytes(0, state, sizeof state);
}

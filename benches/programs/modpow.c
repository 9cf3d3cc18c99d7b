/* 64-bit arithmetic: powers modulo a 1024-bit number by Montgomery's method, in words of 32 bits. */
#include "bench.h"
enum { WORDS = 32 };
typedef u32 Number[WORDS];

static int less(const u32 *a, const u32 *b) {
    for (int i = WORDS - 1; i >= 0; i--)
        if (a[i] != b[i]) return a[i] < b[i];
    return 0;
}

static void subtract(u32 *a, const u32 *b) {
    u64 borrow = 0;
    for (int i = 0; i < WORDS; i++) {
        u64 d = (u64)a[i] - b[i] - borrow;
        a[i] = (u32)d, borrow = d >> 63;
    }
}

static void multiply(u32 *out, const u32 *a, const u32 *b, const u32 *modulus, u32 inverse) {
    u32 t[WORDS + 2] = {0};
    for (int i = 0; i < WORDS; i++) {
        u64 carry = 0;
        for (int j = 0; j < WORDS; j++) {
            carry += (u64)a[i] * b[j] + t[j];
            t[j] = (u32)carry, carry >>= 32;
        }
        carry += t[WORDS];
        t[WORDS] = (u32)carry, t[WORDS + 1] = (u32)(carry >> 32);
        u32 factor = t[0] * inverse;
        carry = ((u64)factor * modulus[0] + t[0]) >> 32;
        for (int j = 1; j < WORDS; j++) {
            carry += (u64)factor * modulus[j] + t[j];
            t[j - 1] = (u32)carry, carry >>= 32;
        }
        carry += t[WORDS];
        t[WORDS - 1] = (u32)carry, t[WORDS] = t[WORDS + 1] + (u32)(carry >> 32);
    }
    if (t[WORDS] || !less(t, modulus)) subtract(t, modulus);
    memcpy(out, t, sizeof(Number));
}

u32 run(u32 n) {
    Number modulus, base, power;
    u32 seed = 77, sum = 0, inverse = 1;
    for (int i = 0; i < WORDS; i++) modulus[i] = next_random(&seed), base[i] = next_random(&seed);
    modulus[0] |= 1, modulus[WORDS - 1] |= 0x80000000, base[WORDS - 1] &= 0x7fffffff;
    for (int i = 0; i < 5; i++) inverse *= 2 - modulus[0] * inverse;
    inverse = -inverse;
    while (n--) {
        memcpy(power, base, sizeof power);
        for (int bit = 0; bit < 256; bit++) {
            multiply(power, power, power, modulus, inverse);
            if (next_random(&seed) & 1) multiply(power, power, base, modulus, inverse);
        }
        base[0] ^= power[3] & 0xff;
        sum = mix_bytes(sum, power, sizeof power);
    }
    return sum;
}

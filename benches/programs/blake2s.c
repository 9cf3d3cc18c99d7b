/* A hash in a loop: BLAKE2s (RFC 7693) of messages of many lengths, each hashed after the digest of the one before. */
#include "bench.h"

typedef struct {
    u32 state[8], length;
} Hash;

static const u32 initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const u8 order[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static u32 rotate(u32 x, int by) { return x >> by | x << (32 - by); }

static void quarter(u32 *v, int a, int b, int c, int d, u32 x, u32 y) {
    v[a] += v[b] + x;
    v[d] = rotate(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 12);
    v[a] += v[b] + y;
    v[d] = rotate(v[d] ^ v[a], 8);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 7);
}

static void compress(Hash *hash, const u8 *block, int is_last) {
    u32 v[16], m[16];
    memcpy(m, block, sizeof m);
    for (int i = 0; i < 8; i++) v[i] = hash->state[i], v[i + 8] = initial[i];
    v[12] ^= hash->length;
    if (is_last) v[14] = ~v[14];
    for (int round = 0; round < 10; round++) {
        const u8 *s = order[round];
        quarter(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
        quarter(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
        quarter(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
        quarter(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
        quarter(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
        quarter(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
        quarter(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
        quarter(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for (int i = 0; i < 8; i++) hash->state[i] ^= v[i] ^ v[i + 8];
}

static void blake2s(u8 digest[32], const u8 *message, u32 length) {
    Hash hash = {{0}, 0};
    memcpy(hash.state, initial, sizeof initial);
    hash.state[0] ^= 0x01010000 ^ 32;
    while (length > 64) {
        hash.length += 64;
        compress(&hash, message, 0);
        message += 64, length -= 64;
    }
    u8 last[64] = {0};
    memcpy(last, message, length);
    hash.length += length;
    compress(&hash, last, 1);
    memcpy(digest, hash.state, 32);
}

u32 run(u32 n) {
    static u8 message[4096];
    u32 seed = 8, sum = 0;
    for (u32 i = 0; i < sizeof message; i++) message[i] = (u8)next_random(&seed);
    while (n--) {
        u32 length = 32 + next_random(&seed) % (sizeof message - 32);
        blake2s(message, message, length);
        sum = mix_bytes(sum, message, 32);
    }
    return sum;
}

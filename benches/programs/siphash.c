/* A hash in a loop: SipHash-2-4 (Aumasson and Bernstein) of many short keys, as a hash table calls it. */
#include "bench.h"

static u64 rotate(u64 x, int by) { return x << by | x >> (64 - by); }

static void sip_round(u64 v[4]) {
    v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
    v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
}

static u64 siphash(const u64 key[2], const u8 *bytes, size_t length) {
    u64 v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                key[1] ^ 0x7465646279746573};
    const u8 *end = bytes + (length & ~(size_t)7);
    for (; bytes < end; bytes += 8) {
        u64 word;
        memcpy(&word, bytes, 8);
        v[3] ^= word;
        sip_round(v), sip_round(v);
        v[0] ^= word;
    }
    u64 last = (u64)length << 56;
    for (size_t i = 0; i < (length & 7); i++) last |= (u64)bytes[i] << 8 * i;
    v[3] ^= last;
    sip_round(v), sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

u32 run(u32 n) {
    static char text[1 << 15];
    static u32 buckets[1 << 10];
    u64 key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    u32 sum = 0;
    make_text(text, sizeof text, 3);
    while (n--) {
        memset(buckets, 0, sizeof buckets);
        for (u32 at = 0; at < sizeof text;) {
            u32 end = at;
            while (end < sizeof text && text[end] > ' ') end++;
            u64 hash = siphash(key, (const u8 *)text + at, end - at);
            buckets[hash % 1024]++;
            at = end + 1;
        }
        for (u32 i = 0; i < 1024; i++) sum = mix(sum, buckets[i]);
        key[0] += sum;
    }
    return sum;
}

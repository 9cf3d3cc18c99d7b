/* Compression: matches are found by a hash of four bytes (LZ77), written as tokens, and expanded again. */
#include "bench.h"
enum { LENGTH = 1 << 18, HASH_BITS = 14 };
static u8 text[LENGTH], packed[LENGTH * 2], unpacked[LENGTH + 64];
static u32 heads[1 << HASH_BITS];

static u32 word_at(const u8 *bytes) {
    u32 word;
    memcpy(&word, bytes, 4);
    return word;
}

static u8 *put_length(u8 *to, u32 length) {
    for (; length >= 255; length -= 255) *to++ = 255;
    *to++ = (u8)length;
    return to;
}

static u32 pack(void) {
    memset(heads, 0, sizeof heads);
    u8 *to = packed;
    u32 literals = 0, at = 1;
    while (at + 8 < LENGTH) {
        u32 hash = word_at(text + at) * 2654435761u >> (32 - HASH_BITS), match = heads[hash];
        heads[hash] = at;
        if (at - match > 65535 || word_at(text + match) != word_at(text + at)) {
            at++;
            continue;
        }
        u32 length = 4;
        while (at + length + 8 < LENGTH && text[match + length] == text[at + length]) length++;
        to = put_length(to, at - literals);
        memcpy(to, text + literals, at - literals), to += at - literals;
        *to++ = (u8)(at - match), *to++ = (u8)((at - match) >> 8);
        to = put_length(to, length - 4);
        at += length, literals = at;
    }
    to = put_length(to, LENGTH - literals);
    memcpy(to, text + literals, LENGTH - literals), to += LENGTH - literals;
    return (u32)(to - packed);
}

static u32 take_length(const u8 **from) {
    u32 length = 0, byte;
    do length += byte = *(*from)++; while (byte == 255);
    return length;
}

static u32 unpack(u32 length) {
    const u8 *from = packed, *end = packed + length;
    u8 *to = unpacked;
    for (;;) {
        u32 literals = take_length(&from);
        memcpy(to, from, literals), to += literals, from += literals;
        if (from >= end) return (u32)(to - unpacked);
        u32 distance = from[0] | (u32)from[1] << 8;
        from += 2;
        u32 match = take_length(&from) + 4;
        for (const u8 *source = to - distance; match--;) *to++ = *source++;
    }
}

u32 run(u32 n) {
    u32 sum = 0;
    make_text((char *)text, LENGTH, 6);
    while (n--) {
        text[n * 997 % LENGTH] ^= 1;
        u32 length = pack();
        sum = mix(mix(sum, length), unpack(length));
        sum = mix(sum, (u32)memcmp(text, unpacked, LENGTH));
    }
    return mix_bytes(sum, packed, 4000);
}

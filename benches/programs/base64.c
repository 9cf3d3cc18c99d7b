/* Bytes to base64 and back, with a table each way and a check of each character. */
#include "bench.h"
enum { LENGTH = 60000 };
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static u8 data[LENGTH + 2], back[LENGTH + 2], values[256];
static char text[LENGTH / 3 * 4 + 8];

static u32 encode(const u8 *from, u32 length, char *to) {
    char *start = to;
    for (; length >= 3; length -= 3, from += 3) {
        u32 bits = (u32)from[0] << 16 | (u32)from[1] << 8 | from[2];
        *to++ = alphabet[bits >> 18], *to++ = alphabet[bits >> 12 & 63];
        *to++ = alphabet[bits >> 6 & 63], *to++ = alphabet[bits & 63];
    }
    if (length) {
        u32 bits = (u32)from[0] << 16 | (length > 1 ? (u32)from[1] << 8 : 0);
        *to++ = alphabet[bits >> 18], *to++ = alphabet[bits >> 12 & 63];
        *to++ = length > 1 ? alphabet[bits >> 6 & 63] : '=', *to++ = '=';
    }
    return (u32)(to - start);
}

static u32 decode(const char *from, u32 length, u8 *to) {
    u8 *start = to;
    u32 bits = 0, count = 0;
    for (u32 i = 0; i < length; i++) {
        u8 value = values[(u8)from[i]];
        if (value == 255) break;
        bits = bits << 6 | value, count += 6;
        if (count >= 8) count -= 8, *to++ = (u8)(bits >> count);
    }
    return (u32)(to - start);
}

u32 run(u32 n) {
    memset(values, 255, sizeof values);
    for (u32 i = 0; i < 64; i++) values[(u8)alphabet[i]] = (u8)i;
    for (u32 i = 0; i < LENGTH; i++) data[i] = (u8)(i * 2654435761u >> 13);
    u32 sum = 0;
    while (n--) {
        data[n % LENGTH] += 3;
        u32 length = encode(data, LENGTH - n % 3, text);
        sum = mix(mix(sum, length), decode(text, length, back));
        sum = mix(sum, (u32)memcmp(data, back, LENGTH - 2));
    }
    return mix_bytes(sum, text, 3000);
}

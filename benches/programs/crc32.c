/* Tables: CRC-32 byte by byte, and by eight bytes at a time with eight tables. */
#include "bench.h"
static u32 tables[8][256];
static u8 data[1 << 17];

static u32 by_bytes(u32 crc, const u8 *at, u32 length) {
    while (length--) crc = crc >> 8 ^ tables[0][(crc ^ *at++) & 255];
    return crc;
}

static u32 by_eights(u32 crc, const u8 *at, u32 length) {
    for (; length >= 8; length -= 8, at += 8) {
        u32 low, high;
        memcpy(&low, at, 4), memcpy(&high, at + 4, 4);
        low ^= crc;
        crc = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255] ^ tables[4][low >> 24] ^
              tables[3][high & 255] ^ tables[2][high >> 8 & 255] ^ tables[1][high >> 16 & 255] ^ tables[0][high >> 24];
    }
    return by_bytes(crc, at, length);
}

u32 run(u32 n) {
    for (u32 i = 0; i < 256; i++) {
        u32 crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
        tables[0][i] = crc;
    }
    for (u32 i = 0; i < 256; i++)
        for (int k = 1; k < 8; k++) tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 255];
    for (u32 i = 0; i < sizeof data; i++) data[i] = (u8)(i * i >> 5);
    u32 crc = ~0u;
    while (n--) crc = by_eights(by_bytes(crc, data, sizeof data / 4), data, sizeof data - n % 13);
    return ~crc;
}

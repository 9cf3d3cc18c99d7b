/* Compression: LZ4 packs and unpacks text. What it packs to is no part of the checksum: where words have 64
   bits, it hashes more bytes. */
#include "../bench.h"
#include "lz4.h"

u32 run(u32 n) {
    enum { LENGTH = 1 << 17 };
    static char text[LENGTH], packed[LENGTH * 2], unpacked[LENGTH];
    u32 sum = 0;
    make_text(text, LENGTH, 42);
    while (n--) {
        text[n * 997 % LENGTH] ^= 1;
        int length = LZ4_compress_default(text, packed, LENGTH, sizeof packed);
        for (int i = 0; i < 4; i++) sum = mix(sum, (u32)LZ4_decompress_safe(packed, unpacked, length, LENGTH));
        sum = mix(sum, (u32)memcmp(text, unpacked, LENGTH));
    }
    return sum;
}

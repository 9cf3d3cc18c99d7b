/* Compression: zstd packs and unpacks text at a fast and at a thorough level. */
#include "../bench.h"
#include "zstd.h"

u32 run(u32 n) {
    enum { LENGTH = 1 << 17 };
    static char text[LENGTH], packed[LENGTH * 2], unpacked[LENGTH];
    u32 sum = 0;
    make_text(text, LENGTH, 40);
    while (n--) {
        text[n * 997 % LENGTH] ^= 1;
        static const int levels[] = {1, 3, 3, 7};
        size_t length = ZSTD_compress(packed, sizeof packed, text, LENGTH, levels[n % 4]);
        for (int i = 0; i < 4; i++) sum = mix(sum, (u32)ZSTD_decompress(unpacked, LENGTH, packed, length));
        sum = mix(sum, (u32)memcmp(text, unpacked, LENGTH));
        sum = mix(sum, (u32)length);
    }
    return mix_bytes(sum, packed, 3000);
}

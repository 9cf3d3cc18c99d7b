/* Compression: zlib packs and unpacks text. */
#include "../bench.h"
#include "zlib.h"

u32 run(u32 n) {
    enum { LENGTH = 1 << 16 };
    static u8 text[LENGTH], packed[LENGTH * 2], unpacked[LENGTH];
    u32 sum = 0;
    make_text((char *)text, LENGTH, 41);
    while (n--) {
        text[n * 997 % LENGTH] ^= 1;
        uLongf length = sizeof packed, back = LENGTH;
        compress2(packed, &length, text, LENGTH, n % 2 ? 6 : 2);
        for (int i = 0; i < 8; i++) uncompress(unpacked, &back, packed, length);
        sum = mix(mix(sum, (u32)length), (u32)adler32(1, unpacked, (uInt)back));
        sum = mix(sum, (u32)memcmp(text, unpacked, LENGTH));
    }
    return mix_bytes(sum, packed, 3000);
}

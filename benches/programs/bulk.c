/* Blocks of memory of all sizes are copied, moved, filled and compared. */
#include "bench.h"
static u8 from[1 << 20], to[1 << 20];

u32 run(u32 n) {
    u32 sum = 0, seed = 4;
    for (u32 i = 0; i < sizeof from; i++) from[i] = (u8)(i * 31 >> 3), to[i] = 0;
    for (u32 step = 0; step < n; step++) {
        u32 random = next_random(&seed), length = random >> 20;
        if (step % 16 == 0) length *= 64;
        u32 a = random % (sizeof from - 300000), b = (random >> 7) % (sizeof to - 300000);
        memcpy(to + b, from + a, length);
        memmove(to + a + 17, to + a, length / 2);
        memset(from + b, (int)(random & 255), length / 4);
        sum = mix(sum, to[b + length / 3] + (u32)(memcmp(to + a, from + b, 64) > 0));
    }
    return mix_bytes(sum, to, 5000);
}

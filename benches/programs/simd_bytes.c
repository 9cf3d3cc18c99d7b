/* SIMD of sixteen bytes: lines, words and letters are counted, letters made large, and pictures blended. */
#include "bench.h"
typedef u8 Bytes __attribute__((vector_size(16)));
typedef u16 Words __attribute__((vector_size(16)));
enum { LENGTH = 1 << 17 };
static Bytes text[LENGTH / 16], large[LENGTH / 16];
static Words picture[LENGTH / 16], other[LENGTH / 16];

static u32 add_up(Bytes bytes) {
    u32 sum = 0;
    for (int i = 0; i < 16; i++) sum += bytes[i];
    return sum;
}

u32 run(u32 n) {
    make_text((char *)text, LENGTH, 3);
    for (int i = 0; i < LENGTH / 16; i++) picture[i] = (Words){0} + (u16)(i * 77), other[i] = (Words){0} + (u16)(i * 91);
    u32 sum = 0;
    while (n--) {
        u32 lines = 0, words = 0, small = 0;
        for (int start = 0; start < LENGTH / 16; start += 128) {
            Bytes line = {0}, word = {0}, letter = {0};
            for (int i = start; i < start + 128; i++) {
                Bytes it = text[i];
                Bytes is_small = (Bytes)((it >= 'a') & (it <= 'z'));
                line -= (Bytes)(it == '\n');
                word -= (Bytes)((it == ' ') | (it == '\n'));
                letter -= is_small;
                large[i] = it - (is_small & 32);
            }
            lines += add_up(line), words += add_up(word), small += add_up(letter);
        }
        for (int i = 0; i < LENGTH / 16; i++)
            picture[i] = ((picture[i] >> 1) + (other[i] >> 1)) ^ ((picture[i] * 3) & 15);
        sum = mix(mix(mix(sum, lines), words), small + picture[n % (LENGTH / 16)][n % 8]);
    }
    return mix_bytes(sum, large, 4000);
}

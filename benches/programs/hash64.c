/* Hashing with 64-bit multiplications and rotations, in four lanes: the rounds of XXH64. */
#include "bench.h"
#define P1 0x9e3779b185ebca87u
#define P2 0xc2b2ae3d27d4eb4fu
#define P3 0x165667b19e3779f9u

static u64 rotate(u64 x, int by) { return x << by | x >> (64 - by); }
static u64 round64(u64 lane, u64 input) { return rotate(lane + input * P2, 31) * P1; }

static u64 hash(const u8 *data, u32 length, u64 seed) {
    u64 lanes[4] = {seed + P1 + P2, seed + P2, seed, seed - P1}, word, sum;
    u32 at = 0;
    for (; at + 32 <= length; at += 32)
        for (int lane = 0; lane < 4; lane++) {
            memcpy(&word, data + at + 8 * lane, 8);
            lanes[lane] = round64(lanes[lane], word);
        }
    sum = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (int lane = 0; lane < 4; lane++) sum = (sum ^ round64(0, lanes[lane])) * P1 + P3;
    for (; at < length; at++) sum = rotate(sum ^ data[at] * P3, 11) * P1;
    sum = (sum ^ sum >> 33) * P2;
    sum = (sum ^ sum >> 29) * P3;
    return sum ^ sum >> 32;
}

u32 run(u32 n) {
    static u8 data[100003];
    for (u32 i = 0; i < sizeof data; i++) data[i] = (u8)(i ^ i >> 7);
    u64 sum = 1;
    while (n--) sum = hash(data, sizeof data - n % 31, sum);
    return mix64(0, sum);
}

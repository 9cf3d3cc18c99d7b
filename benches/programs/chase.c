/* Memory at random: a list through 256 KiB is followed, and a binary search done at each of its nodes. */
#include "bench.h"
enum { N = 1 << 15 };
static u32 next[N], sorted[N], order[N];

u32 run(u32 n) {
    u32 seed = 11, sum = 0, at = 0;
    for (u32 i = 0; i < N; i++) order[i] = i, sorted[i] = i * 3 + (i & 1);
    for (u32 i = N - 1; i > 0; i--) {
        u32 j = next_random(&seed) % i, t = order[i];
        order[i] = order[j], order[j] = t;
    }
    for (u32 i = 0; i < N; i++) next[order[i]] = order[(i + 1) % N];
    while (n--) {
        at = next[at];
        u32 wanted = at * 3, low = 0, high = N;
        while (low < high) {
            u32 middle = (low + high) / 2;
            if (sorted[middle] < wanted) low = middle + 1; else high = middle;
        }
        sum += low * 31 + at;
    }
    return sum;
}

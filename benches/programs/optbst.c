/* Dynamic programming over intervals: the optimal binary search tree, and the best order to multiply matrices. */
#include "bench.h"
enum { KEYS = 220, MATRICES = 180 };
static double cost[KEYS + 1][KEYS + 1], weight[KEYS + 1][KEYS + 1];
static u16 root[KEYS + 1][KEYS + 1];
static u64 products[MATRICES][MATRICES];

/* `hits[i]` is how often key i is looked up, `misses[i]` how often what lies before it. */
static double best_tree(const double *hits, const double *misses) {
    for (int i = 0; i <= KEYS; i++) cost[i][i] = weight[i][i] = misses[i];
    for (int length = 1; length <= KEYS; length++)
        for (int i = 0; i + length <= KEYS; i++) {
            int j = i + length;
            weight[i][j] = weight[i][j - 1] + hits[j - 1] + misses[j];
            cost[i][j] = 1e300;
            for (int r = i; r < j; r++) {
                double here = cost[i][r] + cost[r + 1][j] + weight[i][j];
                if (here < cost[i][j]) {
                    cost[i][j] = here;
                    root[i][j] = (u16)r;
                }
            }
        }
    return cost[0][KEYS];
}

static u32 depths(int i, int j, u32 depth) {
    if (i == j) return depth;
    int r = root[i][j];
    return depth * (u32)r + depths(i, r, depth + 1) + depths(r + 1, j, depth + 1);
}

static u64 best_order(const u32 *sizes) {
    for (int length = 1; length < MATRICES; length++)
        for (int i = 0; i + length < MATRICES; i++) {
            int j = i + length;
            u64 best = ~0ull;
            for (int k = i; k < j; k++) {
                u64 here = products[i][k] + products[k + 1][j] + (u64)sizes[i] * sizes[k + 1] * sizes[j + 1];
                if (here < best) best = here;
            }
            products[i][j] = best;
        }
    return products[0][MATRICES - 1];
}

u32 run(u32 n) {
    u32 sum = 0, seed = 5;
    while (n--) {
        double hits[KEYS], misses[KEYS + 1];
        u32 sizes[MATRICES + 1];
        for (int i = 0; i < KEYS; i++) hits[i] = next_random(&seed) % 1000;
        for (int i = 0; i <= KEYS; i++) misses[i] = next_random(&seed) % 300;
        for (int i = 0; i <= MATRICES; i++) sizes[i] = 1 + next_random(&seed) % 500;
        sum = mix_double(sum, best_tree(hits, misses));
        sum = mix(sum, depths(0, KEYS, 1));
        sum = mix64(sum, best_order(sizes));
    }
    return sum;
}

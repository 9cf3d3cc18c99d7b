/* Big function with calls: the most base pairs that an RNA can fold into (Nussinov), by dynamic programming. */
#include "kernel.h"
enum { N = 320 };

static i32 larger(i32 a, i32 b) { return a > b ? a : b; }

static void init(char bases[N], i32 pairs[N][N], u32 seed) {
    for (int i = 0; i < N; i++) bases[i] = "ACGU"[next_random(&seed) % 4];
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) pairs[i][j] = 0;
}

static int do_pair(char a, char b) {
    return (a == 'A' && b == 'U') || (a == 'U' && b == 'A') || (a == 'C' && b == 'G') || (a == 'G' && b == 'C');
}

static void fold(const char bases[N], i32 pairs[N][N]) {
    for (int i = N - 2; i >= 0; i--)
        for (int j = i + 1; j < N; j++) {
            pairs[i][j] = larger(pairs[i][j - 1], pairs[i + 1][j]);
            if (j > i + 1) pairs[i][j] = larger(pairs[i][j], pairs[i + 1][j - 1] + do_pair(bases[i], bases[j]));
            for (int k = i + 1; k < j; k++) pairs[i][j] = larger(pairs[i][j], pairs[i][k] + pairs[k + 1][j]);
        }
}

u32 run(u32 n) {
    char *bases = new_array(N, 1);
    i32(*pairs)[N] = new_array(N * N, sizeof(i32));
    print_start();
    while (n--) {
        init(bases, pairs, n + 1);
        timer_start();
        fold(bases, pairs);
        timer_stop();
        for (int i = 0; i < N; i++) print_int(pairs[i][N - 1]);
    }
    free(bases), free(pairs);
    return print_end();
}

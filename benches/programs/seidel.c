/* Big function with calls: a nine-point stencil over a plane, in place, so that each result needs the one before. */
#include "kernel.h"
enum { N = 200, STEPS = 5 };

static void init(double a[N][N], u32 seed) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) a[i][j] = (double)(next_random(&seed) % 1000) / 10;
}

static void relax(double a[N][N]) {
    for (int t = 0; t < STEPS; t++)
        for (int i = 1; i < N - 1; i++)
            for (int j = 1; j < N - 1; j++)
                a[i][j] = (a[i - 1][j - 1] + a[i - 1][j] + a[i - 1][j + 1] + a[i][j - 1] + a[i][j] + a[i][j + 1] +
                           a[i + 1][j - 1] + a[i + 1][j] + a[i + 1][j + 1]) / 9;
}

u32 run(u32 n) {
    double(*a)[N] = new_array(N * N, sizeof(double));
    print_start();
    while (n--) {
        init(a, n + 1);
        timer_start();
        relax(a);
        timer_stop();
        for (int i = 0; i < N; i++) print_double(a[i][N - 1 - i]);
    }
    free(a);
    return print_end();
}

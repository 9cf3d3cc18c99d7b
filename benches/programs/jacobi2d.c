/* Big function with calls: a five-point stencil over a plane, back and forth between two arrays. */
#include "kernel.h"
enum { N = 250, STEPS = 10 };

static void init(double a[N][N], double b[N][N], u32 seed) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) a[i][j] = b[i][j] = (double)(next_random(&seed) % 1000) / 10;
}

static void smooth(double a[N][N], double b[N][N]) {
    for (int t = 0; t < STEPS; t++) {
        for (int i = 1; i < N - 1; i++)
            for (int j = 1; j < N - 1; j++)
                b[i][j] = 0.2 * (a[i][j] + a[i][j - 1] + a[i][j + 1] + a[i + 1][j] + a[i - 1][j]);
        for (int i = 1; i < N - 1; i++)
            for (int j = 1; j < N - 1; j++)
                a[i][j] = 0.2 * (b[i][j] + b[i][j - 1] + b[i][j + 1] + b[i + 1][j] + b[i - 1][j]);
    }
}

u32 run(u32 n) {
    double(*a)[N] = new_array(N * N, sizeof(double)), (*b)[N] = new_array(N * N, sizeof(double));
    print_start();
    while (n--) {
        init(a, b, n + 1);
        timer_start();
        smooth(a, b);
        timer_stop();
        for (int i = 0; i < N; i++) print_double(a[i][i]);
    }
    free(a), free(b);
    return print_end();
}

/* Big function with calls: heat in a cube, by a seven-point stencil. */
#include "kernel.h"
enum { N = 40, STEPS = 5 };

static void init(double a[N][N][N], double b[N][N][N], u32 seed) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k++) a[i][j][k] = b[i][j][k] = (double)(next_random(&seed) % 1000) / 10;
}

static void spread_heat(double a[N][N][N], double b[N][N][N]) {
    for (int t = 0; t < STEPS; t++) {
        for (int i = 1; i < N - 1; i++)
            for (int j = 1; j < N - 1; j++)
                for (int k = 1; k < N - 1; k++)
                    b[i][j][k] = a[i][j][k] + 0.125 * (a[i + 1][j][k] - 2 * a[i][j][k] + a[i - 1][j][k]) +
                                 0.125 * (a[i][j + 1][k] - 2 * a[i][j][k] + a[i][j - 1][k]) +
                                 0.125 * (a[i][j][k + 1] - 2 * a[i][j][k] + a[i][j][k - 1]);
        for (int i = 1; i < N - 1; i++)
            for (int j = 1; j < N - 1; j++)
                for (int k = 1; k < N - 1; k++)
                    a[i][j][k] = b[i][j][k] + 0.125 * (b[i + 1][j][k] - 2 * b[i][j][k] + b[i - 1][j][k]) +
                                 0.125 * (b[i][j + 1][k] - 2 * b[i][j][k] + b[i][j - 1][k]) +
                                 0.125 * (b[i][j][k + 1] - 2 * b[i][j][k] + b[i][j][k - 1]);
    }
}

u32 run(u32 n) {
    double(*a)[N][N] = new_array(N * N * N, sizeof(double)), (*b)[N][N] = new_array(N * N * N, sizeof(double));
    print_start();
    while (n--) {
        init(a, b, n + 1);
        timer_start();
        spread_heat(a, b);
        timer_stop();
        for (int i = 0; i < N; i++) print_double(a[i][i][N - 1 - i]);
    }
    free(a), free(b);
    return print_end();
}

/* Big function with calls: QR decomposition by the modified method of Gram and Schmidt. */
#include "kernel.h"
#include <math.h>
enum { M = 160, N = 140 };

static void init(double a[M][N], u32 seed) {
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) a[i][j] = (double)(next_random(&seed) % 2000) / 1000 - 1 + (i == j ? 4 : 0);
}

static void decompose(double a[M][N], double r[N][N], double q[M][N]) {
    for (int k = 0; k < N; k++) {
        double square = 0;
        for (int i = 0; i < M; i++) square += a[i][k] * a[i][k];
        r[k][k] = sqrt(square);
        for (int i = 0; i < M; i++) q[i][k] = a[i][k] / r[k][k];
        for (int j = k + 1; j < N; j++) {
            r[k][j] = 0;
            for (int i = 0; i < M; i++) r[k][j] += q[i][k] * a[i][j];
            for (int i = 0; i < M; i++) a[i][j] -= q[i][k] * r[k][j];
        }
    }
}

u32 run(u32 n) {
    double(*a)[N] = new_array(M * N, sizeof(double));
    double(*r)[N] = new_array(N * N, sizeof(double));
    double(*q)[N] = new_array(M * N, sizeof(double));
    print_start();
    while (n--) {
        init(a, n + 1);
        timer_start();
        decompose(a, r, q);
        timer_stop();
        for (int i = 0; i < N; i++) print_double(r[i][N - 1] + q[i][i]);
    }
    free(a), free(r), free(q);
    return print_end();
}

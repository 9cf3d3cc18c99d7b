/* Big function with calls: a linear system by LU decomposition without pivoting, and both substitutions. */
#include "kernel.h"
enum { N = 200 };

/* The diagonal dominates, so that no pivot is needed. */
static void init(double a[N][N], double b[N], u32 seed) {
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) a[i][j] = (double)(next_random(&seed) % 1000) / 1000;
        a[i][i] += N;
        b[i] = (i + 1) * 0.5;
    }
}

static void solve(double a[N][N], const double b[N], double x[N], double y[N]) {
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < i; j++) {
            double w = a[i][j];
            for (int k = 0; k < j; k++) w -= a[i][k] * a[k][j];
            a[i][j] = w / a[j][j];
        }
        for (int j = i; j < N; j++) {
            double w = a[i][j];
            for (int k = 0; k < i; k++) w -= a[i][k] * a[k][j];
            a[i][j] = w;
        }
    }
    for (int i = 0; i < N; i++) {
        double w = b[i];
        for (int j = 0; j < i; j++) w -= a[i][j] * y[j];
        y[i] = w;
    }
    for (int i = N - 1; i >= 0; i--) {
        double w = y[i];
        for (int j = i + 1; j < N; j++) w -= a[i][j] * x[j];
        x[i] = w / a[i][i];
    }
}

u32 run(u32 n) {
    double(*a)[N] = new_array(N * N, sizeof(double));
    double *b = new_array(N, sizeof(double)), *x = new_array(N, sizeof(double)), *y = new_array(N, sizeof(double));
    print_start();
    while (n--) {
        init(a, b, n + 1);
        timer_start();
        solve(a, b, x, y);
        timer_stop();
        for (int i = 0; i < N; i++) print_double(x[i]);
    }
    free(a), free(b), free(x), free(y);
    return print_end();
}

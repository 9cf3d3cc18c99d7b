/* Numeric kernel: LU decomposition with partial pivoting, and the solution of a system. */
#include "bench.h"
enum { N = 160 };
static double m[N][N], x[N];

static void decompose_and_solve(void) {
    for (int k = 0; k < N; k++) {
        int best = k;
        for (int i = k + 1; i < N; i++)
            if (__builtin_fabs(m[i][k]) > __builtin_fabs(m[best][k])) best = i;
        if (best != k) {
            for (int j = 0; j < N; j++) {
                double t = m[k][j];
                m[k][j] = m[best][j];
                m[best][j] = t;
            }
            double t = x[k];
            x[k] = x[best];
            x[best] = t;
        }
        for (int i = k + 1; i < N; i++) {
            double factor = m[i][k] / m[k][k];
            for (int j = k; j < N; j++) m[i][j] -= factor * m[k][j];
            x[i] -= factor * x[k];
        }
    }
    for (int i = N - 1; i >= 0; i--) {
        for (int j = i + 1; j < N; j++) x[i] -= m[i][j] * x[j];
        x[i] /= m[i][i];
    }
}

u32 run(u32 n) {
    u32 sum = 0, seed = 1;
    while (n--) {
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) m[i][j] = next_random(&seed) % 1000 / 1000.0;
            x[i] = i;
        }
        decompose_and_solve();
        for (int i = 0; i < N; i++) sum = mix_double(sum, x[i]);
    }
    return sum;
}

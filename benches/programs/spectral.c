/* Numeric kernel: the largest eigenvalue of a matrix whose entries are computed as needed (divisions of
   doubles, conversions from integers, small calls). */
#include "bench.h"
enum { N = 500 };
static double u[N], v[N], w[N];

static double entry(u32 i, u32 j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static void times(const double *in, double *out, int transposed) {
    for (u32 i = 0; i < N; i++) {
        double sum = 0;
        for (u32 j = 0; j < N; j++) sum += (transposed ? entry(j, i) : entry(i, j)) * in[j];
        out[i] = sum;
    }
}

u32 run(u32 n) {
    for (int i = 0; i < N; i++) u[i] = 1;
    while (n--) {
        times(u, w, 0), times(w, v, 1);
        times(v, w, 0), times(w, u, 1);
    }
    double uv = 0, vv = 0;
    for (int i = 0; i < N; i++) uv += u[i] * v[i], vv += v[i] * v[i];
    return mix_double(0, __builtin_sqrt(uv / vv));
}

/* Numeric kernel: C = alpha A B + beta C, in doubles. */
#include "bench.h"
enum { N = 192 };
static double a[N][N], b[N][N], c[N][N];

u32 run(u32 n) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (i * j + 1) % 97 / 97.0;
            b[i][j] = (i * (j + 1)) % 89 / 89.0;
            c[i][j] = (i + j) % 83 / 83.0;
        }
    while (n--)
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) c[i][j] *= 0.25;
            for (int k = 0; k < N; k++)
                for (int j = 0; j < N; j++) c[i][j] += 0.5 * a[i][k] * b[k][j];
        }
    u32 sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) sum = mix_double(sum, c[i][j]);
    return sum;
}

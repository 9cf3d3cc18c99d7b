/* SIMD of four floats: a product of matrices, and a sum of squares, with vectors of the compiler's own. */
#include "bench.h"
typedef float Four __attribute__((vector_size(16)));
enum { N = 256 };
static float a[N][N];
static Four b[N][N / 4], c[N][N / 4];

u32 run(u32 n) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (float)((i * 3 + j) % 17) / 16.0f;
            b[i][j / 4][j % 4] = (float)((i + j * 5) % 13) / 8.0f;
        }
    u32 sum = 0;
    while (n--) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N / 4; j += 4) {
                Four s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
                for (int k = 0; k < N; k++) {
                    Four x = {a[i][k], a[i][k], a[i][k], a[i][k]};
                    s0 += x * b[k][j], s1 += x * b[k][j + 1], s2 += x * b[k][j + 2], s3 += x * b[k][j + 3];
                }
                c[i][j] = s0, c[i][j + 1] = s1, c[i][j + 2] = s2, c[i][j + 3] = s3;
            }
        Four squares = {0};
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N / 4; j++) squares += c[i][j] * c[i][j];
        float total = squares[0] + squares[1] + squares[2] + squares[3];
        sum = mix_bytes(sum, &total, sizeof total);
        a[n % N][(n * 7) % N] += 0.125f;
    }
    return sum;
}

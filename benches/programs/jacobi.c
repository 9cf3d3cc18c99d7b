/* Numeric kernel: a five-point stencil over a plane, in doubles. */
#include "bench.h"
enum { N = 400 };
static double now[N][N], then[N][N];

static void step(double from[N][N], double to[N][N]) {
    for (int i = 1; i < N - 1; i++)
        for (int j = 1; j < N - 1; j++)
            to[i][j] = 0.2 * (from[i][j] + from[i][j - 1] + from[i][j + 1] + from[i - 1][j] + from[i + 1][j]);
}

u32 run(u32 n) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) now[i][j] = then[i][j] = (i * 7 + j * 13) % 101;
    while (n--) {
        step(now, then);
        step(then, now);
    }
    u32 sum = 0;
    for (int i = 0; i < N; i += 3) sum = mix_double(sum, now[i][i]);
    return sum;
}

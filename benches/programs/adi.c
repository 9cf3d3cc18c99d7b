/* Big function with calls: heat in a plane by alternating directions (Peaceman and Rachford): a tridiagonal system
   for each column, then one for each row. */
#include "kernel.h"
enum { N = 120, STEPS = 10 };

static void init(double u[N][N], u32 seed) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) u[i][j] = (double)(next_random(&seed) % 1000) / 1000;
}

/* The edges are held at 1. `r` is conductivity * time step / square of distance; `p` and `q` are the factors of the
   elimination. */
static void spread_heat(double u[N][N], double v[N][N], double p[N][N], double q[N][N]) {
    double r = 10, side = -r / 2, middle = 1 + r, rest = 1 - r;
    for (int t = 0; t < STEPS; t++) {
        for (int i = 1; i < N - 1; i++) {
            v[0][i] = 1;
            p[i][0] = 0;
            q[i][0] = v[0][i];
            for (int j = 1; j < N - 1; j++) {
                double pivot = side * p[i][j - 1] + middle;
                p[i][j] = -side / pivot;
                q[i][j] = (-side * u[j][i - 1] + rest * u[j][i] - side * u[j][i + 1] - side * q[i][j - 1]) / pivot;
            }
            v[N - 1][i] = 1;
            for (int j = N - 2; j >= 1; j--) v[j][i] = p[i][j] * v[j + 1][i] + q[i][j];
        }
        for (int i = 1; i < N - 1; i++) {
            u[i][0] = 1;
            p[i][0] = 0;
            q[i][0] = u[i][0];
            for (int j = 1; j < N - 1; j++) {
                double pivot = side * p[i][j - 1] + middle;
                p[i][j] = -side / pivot;
                q[i][j] = (-side * v[i - 1][j] + rest * v[i][j] - side * v[i + 1][j] - side * q[i][j - 1]) / pivot;
            }
            u[i][N - 1] = 1;
            for (int j = N - 2; j >= 1; j--) u[i][j] = p[i][j] * u[i][j + 1] + q[i][j];
        }
    }
}

u32 run(u32 n) {
    double(*u)[N] = new_array(N * N, sizeof(double)), (*v)[N] = new_array(N * N, sizeof(double));
    double(*p)[N] = new_array(N * N, sizeof(double)), (*q)[N] = new_array(N * N, sizeof(double));
    print_start();
    while (n--) {
        init(u, n + 1);
        timer_start();
        spread_heat(u, v, p, q);
        timer_stop();
        for (int i = 0; i < N; i++) print_double(u[i][i]);
    }
    free(u), free(v), free(p), free(q);
    return print_end();
}

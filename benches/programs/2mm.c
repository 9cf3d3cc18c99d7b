/* Big function with calls: D = alpha A B C + beta D, by two matrix multiplications in doubles. */
#include "kernel.h"
enum { NI = 150, NJ = 160, NK = 170, NL = 180 };

static void init(double a[NI][NK], double b[NK][NJ], double c[NJ][NL], double d[NI][NL]) {
    for (int i = 0; i < NI; i++)
        for (int k = 0; k < NK; k++) a[i][k] = (double)((i * 3 + k) % 31) / 31;
    for (int k = 0; k < NK; k++)
        for (int j = 0; j < NJ; j++) b[k][j] = (double)((k + j * 5) % 37) / 37;
    for (int j = 0; j < NJ; j++)
        for (int l = 0; l < NL; l++) c[j][l] = (double)((j * l + 2) % 41) / 41;
    for (int i = 0; i < NI; i++)
        for (int l = 0; l < NL; l++) d[i][l] = (double)((i * 7 + l) % 43) / 43;
}

static void multiply(double alpha, double beta, double product[NI][NJ], double a[NI][NK], double b[NK][NJ],
                     double c[NJ][NL], double d[NI][NL]) {
    for (int i = 0; i < NI; i++)
        for (int j = 0; j < NJ; j++) {
            product[i][j] = 0;
            for (int k = 0; k < NK; k++) product[i][j] += alpha * a[i][k] * b[k][j];
        }
    for (int i = 0; i < NI; i++)
        for (int l = 0; l < NL; l++) {
            d[i][l] *= beta;
            for (int j = 0; j < NJ; j++) d[i][l] += product[i][j] * c[j][l];
        }
}

u32 run(u32 n) {
    double(*product)[NJ] = new_array(NI * NJ, sizeof(double));
    double(*a)[NK] = new_array(NI * NK, sizeof(double));
    double(*b)[NJ] = new_array(NK * NJ, sizeof(double));
    double(*c)[NL] = new_array(NJ * NL, sizeof(double));
    double(*d)[NL] = new_array(NI * NL, sizeof(double));
    print_start();
    init(a, b, c, d);
    while (n--) {
        timer_start();
        multiply(0.01, 0.5, product, a, b, c, d);
        timer_stop();
        for (int i = 0; i < NI; i++) print_double(d[i][i]);
    }
    free(product), free(a), free(b), free(c), free(d);
    return print_end();
}

/* Numeric kernel: a fast Fourier transform in place, there and back. */
#include "bench.h"
enum { BITS = 14, N = 1 << BITS };
typedef struct {
    double re, im;
} Complex;
static Complex data[N], roots[N / 2];

/* Roots of unity by halving angles, so that no sine of a library is needed. */
static void make_roots(void) {
    Complex step[BITS];
    double cosine = -1; /* of pi */
    step[BITS - 1] = (Complex){-1, 0};
    for (int k = BITS - 2; k >= 0; k--) {
        cosine = __builtin_sqrt((1 + cosine) / 2);
        step[k] = (Complex){cosine, __builtin_sqrt(1 - cosine * cosine)};
    }
    for (int i = 0; i < N / 2; i++) {
        Complex root = {1, 0};
        for (int k = 0; k < BITS - 1; k++)
            if (i >> k & 1)
                root = (Complex){root.re * step[k].re - root.im * step[k].im, root.re * step[k].im + root.im * step[k].re};
        roots[i] = root;
    }
}

static void transform(double sign) {
    for (u32 i = 0, j = 0; i < N; i++) {
        if (i < j) {
            Complex t = data[i];
            data[i] = data[j];
            data[j] = t;
        }
        u32 bit = N >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
    }
    for (u32 half = 1; half < N; half *= 2)
        for (u32 start = 0; start < N; start += 2 * half)
            for (u32 k = 0; k < half; k++) {
                Complex w = roots[k * (N / 2 / half)], *a = &data[start + k], *b = a + half;
                double re = b->re * w.re - b->im * sign * w.im, im = b->re * sign * w.im + b->im * w.re;
                b->re = a->re - re, b->im = a->im - im;
                a->re += re, a->im += im;
            }
}

u32 run(u32 n) {
    make_roots();
    u32 seed = 3, sum = 0;
    for (int i = 0; i < N; i++) data[i] = (Complex){next_random(&seed) % 1000 / 500.0 - 1, 0};
    while (n--) {
        transform(1), transform(-1);
        for (int i = 0; i < N; i++) data[i].re /= N, data[i].im /= N;
    }
    for (int i = 0; i < N; i += 17) sum = mix_double(sum, data[i].re);
    return sum;
}

/* Numeric kernel: gravitation among a few bodies, n steps of time. */
#include "bench.h"
enum { BODIES = 7 };
typedef struct {
    double x[3], v[3], mass;
} Body;

static void advance(Body *bodies, double dt) {
    for (int i = 0; i < BODIES; i++) {
        Body *a = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            Body *b = &bodies[j];
            double d[3], square = 0.01;
            for (int k = 0; k < 3; k++) {
                d[k] = a->x[k] - b->x[k];
                square += d[k] * d[k];
            }
            double pull = dt / (square * __builtin_sqrt(square));
            for (int k = 0; k < 3; k++) {
                a->v[k] -= d[k] * b->mass * pull;
                b->v[k] += d[k] * a->mass * pull;
            }
        }
    }
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++) bodies[i].x[k] += dt * bodies[i].v[k];
}

u32 run(u32 n) {
    Body bodies[BODIES];
    u32 seed = 5, sum = 0;
    for (int i = 0; i < BODIES; i++) {
        bodies[i].mass = i == 0 ? 40.0 : 0.01 * (i + 1);
        for (int k = 0; k < 3; k++) {
            bodies[i].x[k] = i * (next_random(&seed) % 1000) / 300.0;
            bodies[i].v[k] = i == 0 ? 0 : (next_random(&seed) % 1000) / 500.0 - 1.0;
        }
    }
    while (n--) advance(bodies, 0.001);
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++) sum = mix_double(sum, bodies[i].x[k]);
    return sum;
}

/* Numeric kernel: how many steps points of a plane take to escape; n rows of them. All in registers. */
#include "bench.h"
enum { SIZE = 720 };

u32 run(u32 n) {
    u32 sum = 0;
    for (u32 y = 0; y < n; y++)
        for (u32 x = 0; x < SIZE; x++) {
            double cr = -2.0 + 3.0 * x / SIZE, ci = -1.2 + 2.4 * (y * 7 % SIZE) / SIZE, r = 0, i = 0;
            u32 steps = 0;
            while (steps < 300 && r * r + i * i < 4) {
                double next = r * r - i * i + cr;
                i = 2 * r * i + ci;
                r = next;
                steps++;
            }
            sum = mix(sum, steps);
        }
    return sum;
}

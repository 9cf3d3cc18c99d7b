/* Memory in long strides: the sieve of Eratosthenes over a megabyte of bytes. */
#include "bench.h"
enum { N = 1 << 20 };
static u8 composite[N];

u32 run(u32 n) {
    u32 sum = 0;
    while (n--) {
        memset(composite, 0, sizeof composite);
        for (u32 i = 2; i * i < N; i++)
            if (!composite[i])
                for (u32 j = i * i; j < N; j += i) composite[j] = 1;
        u32 primes = 0;
        for (u32 i = 2 + n; i < N; i++) primes += !composite[i];
        sum = mix(sum, primes);
    }
    return sum;
}

/* Calls and little else: Fibonacci's, Takeuchi's and Ackermann's functions. */
#include "bench.h"

__attribute__((noinline)) static u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

__attribute__((noinline)) static i32 tak(i32 x, i32 y, i32 z) {
    return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

__attribute__((noinline)) static u32 ackermann(u32 m, u32 n) {
    if (m == 0) return n + 1;
    return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

u32 run(u32 n) {
    u32 sum = 0;
    while (n--) sum = mix(mix(mix(sum, fib(27 + n % 2)), (u32)tak(16, 9, 3 + (i32)n % 2)), ackermann(2, 300 + n));
    return sum;
}

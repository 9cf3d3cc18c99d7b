/* The library of the numeric kernels that have everything in one function: arrays on the heap, a timer around the
   kernel, and output of results. Real programs get these from another file, so the compiler must not inline them. */
#pragma once
#include "bench.h"
#include <time.h>

#define LIBRARY __attribute__((noinline, unused)) static

LIBRARY void *new_array(size_t count, size_t size) {
    void *array = NULL;
    if (posix_memalign(&array, 64, count * size)) abort();
    return memset(array, 0, count * size);
}

static double timer_started, timer_total;

LIBRARY double timer_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

LIBRARY void timer_start(void) { timer_started = timer_now(); }

LIBRARY void timer_stop(void) { timer_total += timer_now() - timer_started; }

/* Output is collected in lines. A full line goes into the checksum instead of a file. */
static char output[128];
static u32 output_length, output_sum;

LIBRARY void print_char(char c) {
    output[output_length++] = c;
    if (c != '\n' && output_length < sizeof output) return;
    output_sum = mix_bytes(output_sum, output, output_length);
    output_length = 0;
}

LIBRARY void print_unsigned(u64 value) {
    char digits[20];
    int count = 0;
    do digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count) print_char(digits[--count]);
    print_char(' ');
}

LIBRARY void print_int(i32 value) {
    if (value < 0) print_char('-');
    print_unsigned(value < 0 ? -(u64)(i64)value : (u64)value);
}

/* Prints all bits of the value, so that no difference between engines is lost to rounding. */
LIBRARY void print_double(double value) {
    u64 bits;
    memcpy(&bits, &value, sizeof bits);
    print_unsigned(bits);
}

LIBRARY void print_start(void) { output_length = output_sum = 0; }

LIBRARY u32 print_end(void) {
    print_char('\n');
    return output_sum;
}

/* Branches and calls between hot loops: the lines of a table are read, sorted, summed by group and printed, with the
   C library's functions. */
#include "bench.h"
#include <stdio.h>
enum { ROWS = 400, COLUMNS = 5, LINE = 64, GROUPS = 12 };

typedef struct {
    char name[12];
    i32 values[COLUMNS];
} Row;

static char input[ROWS * LINE];
static Row rows[ROWS];

static void make_input(u32 seed) {
    char *out = input;
    for (int i = 0; i < ROWS; i++) {
        u32 random = next_random(&seed);
        out += sprintf(out, "%c%c%u", (int)('a' + random % 3), (int)('a' + random / 8 % 4), (unsigned)(random / 64 % 90));
        for (int j = 0; j < COLUMNS; j++) out += sprintf(out, ";%d", (int)(next_random(&seed) % 20000) - 5000);
        *out++ = '\n';
    }
    *out = 0;
}

static int by_value(const void *a, const void *b) {
    const Row *left = a, *right = b;
    for (int j = 0; j < COLUMNS; j++)
        if (left->values[j] != right->values[j]) return left->values[j] < right->values[j] ? -1 : 1;
    return strcmp(left->name, right->name);
}

static int by_name(const void *a, const void *b) {
    int order = strcmp(((const Row *)a)->name, ((const Row *)b)->name);
    return order ? order : by_value(a, b);
}

u32 run(u32 n) {
    u32 sum = 0;
    make_input(4);
    while (n--) {
        int count = 0;
        for (char *at = input; *at; count++) {
            Row *row = &rows[count];
            size_t length = strcspn(at, ";\n");
            if (length >= sizeof row->name) length = sizeof row->name - 1;
            memcpy(row->name, at, length);
            row->name[length] = 0;
            at += length;
            for (int j = 0; j < COLUMNS; j++) row->values[j] = *at == ';' ? (i32)strtol(at + 1, &at, 10) : 0;
            at += *at == '\n';
        }
        qsort(rows, (size_t)count, sizeof *rows, n % 2 ? by_name : by_value);
        i64 totals[GROUPS][COLUMNS] = {{0}};
        for (int i = 0; i < count; i++) {
            int group = (rows[i].name[0] - 'a') * 4 + rows[i].name[1] - 'a';
            for (int j = 0; j < COLUMNS; j++) {
                i32 value = rows[i].values[j];
                if (i > 0 && j > 0 && strcmp(rows[i].name, rows[i - 1].name) == 0) value -= rows[i - 1].values[j];
                if (value > 0) totals[group][j] += value;
                else if (value < -4000) totals[group][j] -= 1;
            }
        }
        for (int i = 0; i < GROUPS; i++) {
            char line[128];
            int length = 0;
            for (int j = 0; j < COLUMNS; j++)
                length += snprintf(line + length, sizeof line - (size_t)length, "%6lld%c", (long long)totals[i][j],
                                   j + 1 < COLUMNS ? ' ' : '\n');
            sum = mix_bytes(sum, line, (size_t)length);
        }
    }
    return sum;
}

/* Recursive search: number places that are solved by trying, with the candidates as sets of bits. */
#include "bench.h"
static const char *const puzzles[] = {
    "..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9",
    "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
    ".....6....59.....82....8....45........3........6..3.54...325..6..................",
};
static u8 cells[81];
static u32 rows[9], columns[9], boxes[9], tried;

static int solve(u32 budget_end) {
    int best = -1;
    u32 fewest = 10, candidates = 0;
    for (int i = 0; i < 81; i++) {
        if (cells[i]) continue;
        u32 free = 0x1ff & ~(rows[i / 9] | columns[i % 9] | boxes[i / 27 * 3 + i % 9 / 3]);
        u32 count = (u32)__builtin_popcount(free);
        if (count < fewest) fewest = count, best = i, candidates = free;
        if (count < 2) break;
    }
    if (best < 0) return 1;
    for (; candidates; candidates &= candidates - 1) {
        if (++tried >= budget_end) return 1;
        u32 bit = candidates & -candidates;
        u32 *row = &rows[best / 9], *column = &columns[best % 9], *box = &boxes[best / 27 * 3 + best % 9 / 3];
        cells[best] = (u8)(__builtin_ctz(bit) + 1);
        *row |= bit, *column |= bit, *box |= bit;
        if (solve(budget_end)) return 1;
        cells[best] = 0;
        *row &= ~bit, *column &= ~bit, *box &= ~bit;
    }
    return 0;
}

u32 run(u32 n) {
    u32 sum = 0;
    for (u32 round = 0; round < n; round++)
        for (u32 p = 0; p < sizeof puzzles / sizeof *puzzles; p++) {
            memset(cells, 0, sizeof cells);
            memset(rows, 0, sizeof rows), memset(columns, 0, sizeof columns), memset(boxes, 0, sizeof boxes);
            for (int i = 0; i < 81; i++)
                if (puzzles[p][i] != '.') {
                    u32 bit = 1u << (puzzles[p][i] - '1');
                    cells[i] = (u8)(puzzles[p][i] - '0');
                    rows[i / 9] |= bit, columns[i % 9] |= bit, boxes[i / 27 * 3 + i % 9 / 3] |= bit;
                }
            tried = 0;
            solve(20000);
            sum = mix_bytes(mix(sum, tried), cells, sizeof cells);
        }
    return sum;
}

/* Branches and bytes: Conway's game of life on a torus, cell by cell. */
#include "bench.h"
enum { N = 128 };
static u8 cells[N][N], next[N][N];

u32 run(u32 n) {
    u32 seed = 2;
    for (int y = 0; y < N; y++)
        for (int x = 0; x < N; x++) cells[y][x] = next_random(&seed) % 3 == 0;
    while (n--) {
        for (u32 y = 0; y < N; y++)
            for (u32 x = 0; x < N; x++) {
                u32 neighbours = 0;
                for (u32 dy = N - 1; dy <= N + 1; dy++)
                    for (u32 dx = N - 1; dx <= N + 1; dx++)
                        if (dy != N || dx != N) neighbours += cells[(y + dy) % N][(x + dx) % N];
                if (cells[y][x])
                    next[y][x] = neighbours == 2 || neighbours == 3;
                else
                    next[y][x] = neighbours == 3;
            }
        memcpy(cells, next, sizeof cells);
    }
    return mix_bytes(0, cells, sizeof cells);
}

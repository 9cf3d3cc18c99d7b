/* Big function with calls: shortest paths between all pairs of nodes, by Floyd and Warshall. */
#include "kernel.h"
enum { N = 180, FAR = 100000 };

static void make_graph(i32 path[N][N], u32 seed) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            u32 random = next_random(&seed);
            path[i][j] = i == j ? 0 : random % 8 == 0 ? (i32)(random >> 8) % 1000 + 1 : FAR;
        }
}

static void find_paths(i32 path[N][N]) {
    for (int k = 0; k < N; k++)
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                path[i][j] = path[i][k] + path[k][j] < path[i][j] ? path[i][k] + path[k][j] : path[i][j];
}

u32 run(u32 n) {
    i32(*path)[N] = new_array(N * N, sizeof(i32));
    print_start();
    while (n--) {
        make_graph(path, n + 1);
        timer_start();
        find_paths(path);
        timer_stop();
        for (int i = 0; i < N; i++) print_int(path[i][N - 1 - i]);
    }
    free(path);
    return print_end();
}

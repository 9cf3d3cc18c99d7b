/* Branches: cheapest paths over a map of fields (Dijkstra), with a binary heap. */
#include "bench.h"
enum { SIDE = 96, FIELDS = SIDE * SIDE, WALL = 0, NEVER = 0x7fffffff };

typedef struct {
    u32 cost, field;
} Entry;

static u8 map[FIELDS];
static u32 cheapest[FIELDS], from[FIELDS];
static Entry heap[4 * FIELDS];
static u32 heap_size;

static void push(u32 cost, u32 field) {
    u32 at = heap_size++;
    while (at > 0 && heap[(at - 1) / 2].cost > cost) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = (Entry){cost, field};
}

static Entry pop(void) {
    Entry first = heap[0], last = heap[--heap_size];
    u32 at = 0;
    for (u32 child; (child = 2 * at + 1) < heap_size; at = child) {
        if (child + 1 < heap_size && heap[child + 1].cost < heap[child].cost) child++;
        if (heap[child].cost >= last.cost) break;
        heap[at] = heap[child];
    }
    heap[at] = last;
    return first;
}

static void make_map(u32 seed) {
    for (u32 field = 0; field < FIELDS; field++) {
        u32 random = next_random(&seed);
        map[field] = random % 4 == 0 ? WALL : (u8)(1 + (random >> 8) % 9);
    }
    /* Some walls are long. */
    for (int i = 0; i < 12; i++) {
        u32 random = next_random(&seed), x = random % (SIDE - 30), y = (random >> 8) % (SIDE - 30);
        for (u32 j = 0; j < 30; j++) map[i & 1 ? y * SIDE + x + j : (y + j) * SIDE + x] = WALL;
    }
}

static u32 search(u32 start, u32 end) {
    for (u32 i = 0; i < FIELDS; i++) cheapest[i] = NEVER;
    heap_size = 0;
    cheapest[start] = 0;
    push(0, start);
    while (heap_size) {
        Entry entry = pop();
        if (entry.field == end) return entry.cost;
        if (entry.cost > cheapest[entry.field]) continue;
        i32 x = (i32)entry.field % SIDE, y = (i32)entry.field / SIDE;
        for (i32 dy = -1; dy <= 1; dy++)
            for (i32 dx = -1; dx <= 1; dx++) {
                if ((dx == 0 && dy == 0) || x + dx < 0 || x + dx >= SIDE || y + dy < 0 || y + dy >= SIDE) continue;
                u32 next = (u32)((y + dy) * SIDE + x + dx);
                if (map[next] == WALL) continue;
                u32 cost = entry.cost + map[next] * (dx && dy ? 14u : 10u);
                if (cost < cheapest[next]) {
                    cheapest[next] = cost;
                    from[next] = entry.field;
                    push(cost, next);
                }
            }
    }
    return NEVER;
}

u32 run(u32 n) {
    u32 sum = 0, seed = 21;
    while (n--) {
        make_map(n + 1);
        u32 start = next_random(&seed) % FIELDS, end = next_random(&seed) % FIELDS;
        u32 cost = search(start, end), steps = 0;
        if (cost != NEVER)
            for (u32 at = end; at != start; at = from[at]) steps++;
        sum = mix(mix(sum, cost), steps);
    }
    return sum;
}

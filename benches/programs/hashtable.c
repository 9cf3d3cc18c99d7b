/* A hash table with open addressing: words are counted, removed and looked up. */
#include "bench.h"
enum { BITS = 16, SIZE = 1 << BITS };
typedef struct {
    u64 key;
    u32 count, used;
} Slot;
static Slot slots[SIZE];

static Slot *find(u64 key) {
    u32 at = (u32)((key * 0x9e3779b97f4a7c15u) >> (64 - BITS));
    while (slots[at].used && slots[at].key != key) at = (at + 1) % SIZE;
    return &slots[at];
}

static void erase(Slot *hole) {
    u32 at = (u32)(hole - slots), next = at;
    for (;;) {
        next = (next + 1) % SIZE;
        if (!slots[next].used) break;
        u32 home = (u32)((slots[next].key * 0x9e3779b97f4a7c15u) >> (64 - BITS));
        if (((next - home) % SIZE) >= ((next - at) % SIZE)) slots[at] = slots[next], at = next;
    }
    slots[at] = (Slot){0, 0, 0};
}

u32 run(u32 n) {
    u32 sum = 0, seed = 21, filled = 0;
    memset(slots, 0, sizeof slots);
    for (u32 step = 0; step < n; step++) {
        u64 key = (u64)(next_random(&seed) % 60000) << 20 | 5;
        Slot *slot = find(key);
        if (slot->used && slot->count > 3) {
            erase(slot), filled--;
        } else if (filled < SIZE * 3 / 4 || slot->used) {
            filled += !slot->used;
            slot->key = key, slot->used = 1, slot->count++;
        }
        sum += find(key + (1 << 20))->count;
    }
    return mix(sum, filled);
}

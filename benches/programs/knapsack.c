/* Dynamic programming over weights: the best filling of a knapsack, with the items that make it up, and the ways
   to pay a sum in coins. */
#include "bench.h"
enum { ITEMS = 100, CAPACITY = 5000 };

typedef struct {
    u32 weight, value;
} Item;

static u32 fill(const Item *items, u8 *chosen) {
    static u32 best[ITEMS + 1][CAPACITY + 1];
    for (u32 i = 0; i < ITEMS; i++)
        for (u32 room = 0; room <= CAPACITY; room++) {
            u32 without = best[i][room];
            if (room < items[i].weight) {
                best[i + 1][room] = without;
                continue;
            }
            u32 with = best[i][room - items[i].weight] + items[i].value;
            best[i + 1][room] = with > without ? with : without;
        }
    u32 room = CAPACITY;
    for (u32 i = ITEMS; i-- > 0;) {
        chosen[i] = best[i + 1][room] != best[i][room];
        if (chosen[i]) room -= items[i].weight;
    }
    return best[ITEMS][CAPACITY];
}

static u32 ways_to_pay(const u32 *coins, u32 count) {
    static u32 ways[CAPACITY + 1];
    memset(ways, 0, sizeof ways);
    ways[0] = 1;
    for (u32 i = 0; i < count; i++)
        for (u32 amount = coins[i]; amount <= CAPACITY; amount++) ways[amount] += ways[amount - coins[i]];
    return ways[CAPACITY];
}

u32 run(u32 n) {
    static const u32 coins[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
    u32 sum = 0, seed = 99;
    while (n--) {
        Item items[ITEMS];
        u8 chosen[ITEMS];
        for (u32 i = 0; i < ITEMS; i++) {
            items[i].weight = 20 + next_random(&seed) % 300;
            items[i].value = 10 + next_random(&seed) % 1000;
        }
        sum = mix(sum, fill(items, chosen));
        sum = mix_bytes(sum, chosen, sizeof chosen);
        sum = mix(sum, ways_to_pay(coins, sizeof coins / sizeof *coins));
    }
    return sum;
}

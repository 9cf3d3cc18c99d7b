/* Bits and tables: Huffman codes of a text are made, the text is packed by them and unpacked again. */
#include "bench.h"
enum { LENGTH = 1 << 15, SYMBOLS = 128, NONE = -1 };

typedef struct {
    u32 weight;
    int left, right;
} Node;

static char text[LENGTH], unpacked[LENGTH];
static u8 packed[LENGTH];
static Node nodes[2 * SYMBOLS];
static u32 codes[SYMBOLS];
static u8 lengths[SYMBOLS];

static int take_lightest(int *open, int *count) {
    int best = 0;
    for (int i = 1; i < *count; i++)
        if (nodes[open[i]].weight < nodes[open[best]].weight) best = i;
    int node = open[best];
    open[best] = open[--*count];
    return node;
}

static int make_tree(void) {
    int open[SYMBOLS], count = 0, used = SYMBOLS;
    for (int i = 0; i < SYMBOLS; i++) nodes[i] = (Node){0, NONE, NONE};
    for (int i = 0; i < LENGTH; i++) nodes[(u8)text[i]].weight++;
    for (int i = 0; i < SYMBOLS; i++)
        if (nodes[i].weight) open[count++] = i;
    while (count > 1) {
        int a = take_lightest(open, &count), b = take_lightest(open, &count);
        nodes[used] = (Node){nodes[a].weight + nodes[b].weight, a, b};
        open[count++] = used++;
    }
    return open[0];
}

static void assign(int node, u32 code, u8 length) {
    if (nodes[node].left == NONE) {
        codes[node] = code, lengths[node] = length;
        return;
    }
    assign(nodes[node].left, code, length + 1);
    assign(nodes[node].right, code | 1u << length, length + 1);
}

static u32 pack(void) {
    u64 bits = 0;
    u32 count = 0, out = 0;
    for (int i = 0; i < LENGTH; i++) {
        u8 symbol = (u8)text[i];
        bits |= (u64)codes[symbol] << count;
        for (count += lengths[symbol]; count >= 8; count -= 8) packed[out++] = (u8)bits, bits >>= 8;
    }
    packed[out++] = (u8)bits;
    return out;
}

static void unpack(int root) {
    u32 at = 0, bits = 0, count = 0;
    for (int i = 0; i < LENGTH; i++) {
        int node = root;
        while (nodes[node].left != NONE) {
            if (count == 0) bits = packed[at++], count = 8;
            node = bits & 1 ? nodes[node].right : nodes[node].left;
            bits >>= 1, count--;
        }
        unpacked[i] = (char)node;
    }
}

u32 run(u32 n) {
    u32 sum = 0;
    while (n--) {
        make_text(text, LENGTH, n + 1);
        int root = make_tree();
        assign(root, 0, 0);
        u32 length = pack();
        unpack(root);
        sum = mix(mix(sum, length), (u32)memcmp(text, unpacked, LENGTH));
        for (u32 i = 0; i < length; i += 64) sum = mix(sum, packed[i]);
    }
    return sum;
}

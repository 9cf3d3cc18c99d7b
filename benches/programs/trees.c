/* Memory in small pieces: binary trees are allocated, walked and freed. */
#include "bench.h"
typedef struct Node Node;
struct Node {
    Node *left, *right;
    u32 value;
};

static Node *build(u32 depth, u32 value) {
    Node *node = malloc(sizeof *node);
    *node = (Node){NULL, NULL, value};
    if (depth) {
        node->left = build(depth - 1, 2 * value + 1);
        node->right = build(depth - 1, 2 * value + 2);
    }
    return node;
}

static u32 walk(const Node *node) { return node ? node->value ^ (walk(node->left) + 3 * walk(node->right)) : 1; }

static void destroy(Node *node) {
    if (!node) return;
    destroy(node->left);
    destroy(node->right);
    free(node);
}

u32 run(u32 n) {
    u32 sum = 0;
    Node *kept = build(13, 1);
    for (u32 i = 0; i < n; i++) {
        Node *tree = build(6 + i % 6, i);
        sum = mix(sum, walk(tree));
        destroy(tree);
    }
    sum = mix(sum, walk(kept));
    destroy(kept);
    return sum;
}

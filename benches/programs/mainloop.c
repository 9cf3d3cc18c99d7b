/* Everything inlined into one function: lists, matrices, a state machine and checksums, as in small benchmarks for
   embedded processors. */
#include "bench.h"
enum { NODES = 200, SIZE = 24, TEXT = 600 };

typedef struct Node Node;
struct Node {
    Node *next;
    i32 key;
    u16 data;
};

static inline u16 crc16_byte(u16 crc, u8 byte) {
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
    return crc;
}

static inline u16 crc16(u16 crc, u32 value) {
    for (int i = 0; i < 4; i++) crc = crc16_byte(crc, (u8)(value >> 8 * i));
    return crc;
}

static inline Node *find(Node *list, i32 key) {
    while (list && list->key != key) list = list->next;
    return list;
}

static inline Node *reverse(Node *list) {
    Node *done = NULL;
    while (list) {
        Node *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

/* Merge sort from the bottom up: runs of one node, two, four, ... are merged until one is left. */
static inline Node *sort(Node *list, int by_data) {
    for (int width = 1;; width *= 2) {
        Node *rest = list, **tail = &list;
        int merges = 0;
        while (rest) {
            Node *left = rest, *right = rest;
            int lefts = 0, rights = width;
            merges++;
            while (lefts < width && right) right = right->next, lefts++;
            while (lefts > 0 || (rights > 0 && right)) {
                int takes_left = lefts > 0 && (rights == 0 || !right ||
                                               (by_data ? left->data <= right->data : left->key <= right->key));
                if (takes_left) *tail = left, left = left->next, lefts--;
                else *tail = right, right = right->next, rights--;
                tail = &(*tail)->next;
            }
            rest = right;
        }
        *tail = NULL;
        if (merges <= 1) return list;
    }
}

static inline u16 work_on_list(Node *nodes, u32 seed) {
    Node *list = NULL;
    for (int i = 0; i < NODES; i++) {
        nodes[i] = (Node){list, i, (u16)next_random(&seed)};
        list = &nodes[i];
    }
    u16 crc = 0;
    for (u32 i = 0; i < 40; i++) {
        Node *found = find(list, (i32)((i * 37 + seed) % (NODES + 10)));
        crc = crc16(crc, found ? found->data : i);
        if (i % 4 == 0) list = reverse(list);
        if (found && found->next) {
            /* The next node moves to the front. */
            Node *moved = found->next;
            found->next = moved->next;
            moved->next = list;
            list = moved;
        }
    }
    list = sort(list, 1);
    for (Node *at = list; at; at = at->next) crc = crc16(crc, at->data);
    list = sort(list, 0);
    return crc16(crc, (u32)list->key);
}

static inline u16 work_on_matrices(i16 a[SIZE][SIZE], i16 b[SIZE][SIZE], i32 c[SIZE][SIZE], i16 added) {
    u16 crc = 0;
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) a[i][j] = (i16)(a[i][j] + added);
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) c[i][j] = a[i][j] * added;
    for (int i = 0; i < SIZE; i++) {
        i32 sum = 0;
        for (int j = 0; j < SIZE; j++) sum += c[i][j] >> 2;
        crc = crc16(crc, (u32)sum);
    }
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            c[i][j] = 0;
            for (int k = 0; k < SIZE; k++) {
                i32 product = a[i][k] * b[k][j];
                c[i][j] += (product >> 2 & 15) * (product >> 5 & 127);
            }
        }
    for (int i = 0; i < SIZE; i++) crc = crc16(crc, (u32)c[i][SIZE - 1 - i]);
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) a[i][j] = (i16)(a[i][j] - added);
    return crc;
}

enum State { START, SIGN, INTEGER, FRACTION, EXPONENT, POWER, INVALID, STATES };

/* Counts how the numbers of a list separated by commas end. */
static inline u16 scan_numbers(const char *text, u32 counts[STATES]) {
    enum State state = START;
    u16 crc = 0;
    for (; *text; text++) {
        char c = *text;
        int is_digit = c >= '0' && c <= '9';
        if (c == ',') {
            counts[state]++;
            state = START;
            continue;
        }
        switch (state) {
        case START: state = is_digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? FRACTION : INVALID; break;
        case SIGN: state = is_digit ? INTEGER : c == '.' ? FRACTION : INVALID; break;
        case INTEGER: state = is_digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
        case FRACTION: state = is_digit ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
        case EXPONENT: state = is_digit || c == '-' || c == '+' ? POWER : INVALID; break;
        case POWER: state = is_digit ? POWER : INVALID; break;
        default: break;
        }
    }
    for (int i = 0; i < STATES; i++) crc = crc16(crc, counts[i]);
    return crc;
}

u32 run(u32 n) {
    static Node nodes[NODES];
    static i16 a[SIZE][SIZE], b[SIZE][SIZE];
    static i32 c[SIZE][SIZE];
    static char text[TEXT + 1];
    u32 seed = 77, sum = 0;
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) a[i][j] = (i16)next_random(&seed), b[i][j] = (i16)next_random(&seed);
    for (int i = 0; i < TEXT; i++) text[i] = "0123456789.e+-,,,0123456789x012"[next_random(&seed) % 31];
    while (n--) {
        u32 counts[STATES] = {0};
        u16 crc = work_on_list(nodes, n + 1);
        crc = crc16(crc, work_on_matrices(a, b, c, (i16)(n % 50)));
        /* A letter is damaged, and repaired. */
        char kept = text[n % TEXT];
        text[n % TEXT] = ',';
        crc = crc16(crc, scan_numbers(text, counts));
        text[n % TEXT] = kept;
        crc = crc16(crc, scan_numbers(text, counts));
        sum = mix(sum, crc);
    }
    return sum;
}

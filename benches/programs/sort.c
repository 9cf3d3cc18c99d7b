/* Sorting: quicksort of numbers, with a comparison that is inlined, and heapsort of records by a comparison
   that is called through a pointer. */
#include "bench.h"
enum { N = 1 << 16, RECORDS = 1 << 13 };
typedef struct {
    u32 key, other;
} Record;
static u32 numbers[N];
static Record records[RECORDS];

static void quicksort(u32 *from, u32 *to) {
    while (to - from > 12) {
        u32 pivot = from[(to - from) / 2], *left = from, *right = to - 1;
        for (;;) {
            while (*left < pivot) left++;
            while (*right > pivot) right--;
            if (left >= right) break;
            u32 t = *left;
            *left++ = *right, *right-- = t;
        }
        if (left - from < to - left) {
            quicksort(from, left);
            from = left;
        } else {
            quicksort(left, to);
            to = left;
        }
    }
    for (u32 *i = from + 1; i < to; i++) {
        u32 value = *i, *j = i;
        for (; j > from && j[-1] > value; j--) *j = j[-1];
        *j = value;
    }
}

static int by_key(const Record *a, const Record *b) { return a->key != b->key ? (a->key < b->key ? -1 : 1) : (a->other > b->other) - (a->other < b->other); }
static int by_other(const Record *a, const Record *b) { return (a->other > b->other) - (a->other < b->other); }
typedef int (*Compare)(const Record *, const Record *);

static void sift(u32 at, u32 length, Compare compare) {
    Record moving = records[at];
    for (u32 child; (child = 2 * at + 1) < length; at = child) {
        if (child + 1 < length && compare(&records[child], &records[child + 1]) < 0) child++;
        if (compare(&moving, &records[child]) >= 0) break;
        records[at] = records[child];
    }
    records[at] = moving;
}

static void heapsort_records(Compare compare) {
    for (u32 i = RECORDS / 2; i-- > 0;) sift(i, RECORDS, compare);
    for (u32 length = RECORDS; length-- > 1;) {
        Record t = records[0];
        records[0] = records[length], records[length] = t;
        sift(0, length, compare);
    }
}

u32 run(u32 n) {
    static Compare const ways[] = {by_key, by_other};
    u32 sum = 0, seed = 9;
    while (n--) {
        for (u32 i = 0; i < N; i++) numbers[i] = next_random(&seed);
        for (u32 i = 0; i < RECORDS; i++) records[i] = (Record){next_random(&seed) % 1000, i * 2654435761u};
        quicksort(numbers, numbers + N);
        for (u32 way = 0; way < 2; way++) {
            heapsort_records(ways[(way + seed) % 2]);
            for (u32 i = 0; i < RECORDS; i += 97) sum = mix(sum, records[i].key + records[i].other);
        }
        for (u32 i = 0; i < N; i += 97) sum = mix(sum, numbers[i]);
    }
    return sum;
}

/* Dynamic programming over strings: edit distances between words of a text, and the common subsequence of two
   long pieces of it. */
#include "bench.h"
enum { WORDS = 80, LONGEST = 24, PIECE = 600 };
static char text[1 << 14];
static const char *words[WORDS];
static u32 lengths[WORDS];

static u32 least(u32 a, u32 b) { return a < b ? a : b; }

static u32 distance(const char *a, u32 a_length, const char *b, u32 b_length) {
    u32 row[LONGEST + 1];
    for (u32 j = 0; j <= b_length; j++) row[j] = j;
    for (u32 i = 1; i <= a_length; i++) {
        u32 diagonal = row[0];
        row[0] = i;
        for (u32 j = 1; j <= b_length; j++) {
            u32 replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_length];
}

static u32 common(const char *a, const char *b) {
    static u16 table[PIECE + 1][PIECE + 1];
    for (u32 i = 1; i <= PIECE; i++)
        for (u32 j = 1; j <= PIECE; j++)
            if (a[i - 1] == b[j - 1]) table[i][j] = table[i - 1][j - 1] + 1;
            else table[i][j] = table[i - 1][j] > table[i][j - 1] ? table[i - 1][j] : table[i][j - 1];
    return table[PIECE][PIECE];
}

u32 run(u32 n) {
    u32 sum = 0;
    while (n--) {
        make_text(text, sizeof text, n + 1);
        u32 at = 0;
        for (u32 i = 0; i < WORDS; i++) {
            u32 end = at;
            while (text[end] != '\n' && end - at < LONGEST) end++;
            words[i] = text + at, lengths[i] = end - at, at = end + 1;
        }
        for (u32 i = 0; i < WORDS; i++) {
            u32 nearest = ~0u;
            for (u32 j = 0; j < WORDS; j++)
                if (j != i) nearest = least(nearest, distance(words[i], lengths[i], words[j], lengths[j]));
            sum = mix(sum, nearest);
        }
        sum = mix(sum, common(text, text + sizeof text / 2));
    }
    return sum;
}

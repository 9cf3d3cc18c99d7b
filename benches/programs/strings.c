/* Text: words are split, turned around, compared, searched for and joined, byte by byte and by the library. */
#include "bench.h"
#include <stdio.h>
enum { LENGTH = 1 << 16 };
static char text[LENGTH + 1], line[LENGTH + 1];

static u32 edit_distance(const char *a, u32 na, const char *b, u32 nb) {
    u32 row[64];
    for (u32 j = 0; j <= nb; j++) row[j] = j;
    for (u32 i = 0; i < na; i++) {
        u32 diagonal = row[0];
        row[0] = i + 1;
        for (u32 j = 0; j < nb; j++) {
            u32 change = diagonal + (a[i] != b[j]), least = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = change < least ? change : least;
        }
    }
    return row[nb];
}

u32 run(u32 n) {
    u32 sum = 0;
    make_text(text, LENGTH, 12);
    text[LENGTH] = 0;
    for (u32 round = 0; round < n; round++) {
        const char *last = "none";
        u32 last_length = 4, at = 0;
        strcpy(line, text);
        for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
            u32 length = (u32)strlen(word);
            if (length > 60) continue;
            for (u32 i = 0; i < length / 2; i++) {
                char t = word[i];
                word[i] = word[length - 1 - i], word[length - 1 - i] = t;
            }
            sum += edit_distance(word, length, last, last_length);
            if (strcmp(word, last) < 0) sum = mix(sum, at);
            char number[16];
            snprintf(number, sizeof number, "%u:%s", at++ % 1000, "x");
            sum += (u32)strlen(number) + (u8)number[0];
            last = word, last_length = length;
        }
        const char *found = text;
        for (char needle[3] = {(char)('a' + round % 26), 'e', 0}; (found = strstr(found, needle)); found++) sum++;
    }
    return sum;
}

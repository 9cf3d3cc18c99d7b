/* Branches and calls: regular expressions are compiled to small programs, which search a text by backtracking. */
#include "bench.h"
enum { LENGTH = 1 << 14, CODES = 64, SETS = 8 };

enum Kind { LITERAL, ANY, SET, SPLIT, JUMP, LINE_START, MATCH };

typedef struct {
    enum Kind kind;
    /* A character, a set, or the instructions to go on at. */
    int x, y;
} Code;

typedef struct {
    Code codes[CODES];
    int count, set_count;
    u32 sets[SETS][8];
    const char *at;
} Regex;

static void parse_alternatives(Regex *regex);

static int emit(Regex *regex, enum Kind kind, int x, int y) {
    regex->codes[regex->count] = (Code){kind, x, y};
    return regex->count++;
}

/* Makes room for an instruction at `place`; what jumps behind it moves along. */
static void insert(Regex *regex, int place, Code code) {
    for (int i = regex->count++; i > place; i--) {
        Code moved = regex->codes[i - 1];
        if (moved.kind == SPLIT || moved.kind == JUMP) {
            if (moved.x >= place) moved.x++;
            if (moved.y >= place) moved.y++;
        }
        regex->codes[i] = moved;
    }
    regex->codes[place] = code;
}

static void parse_set(Regex *regex) {
    int set = regex->set_count++, is_negated = *regex->at == '^';
    if (is_negated) regex->at++;
    memset(regex->sets[set], is_negated ? 255 : 0, sizeof regex->sets[set]);
    while (*regex->at != ']') {
        int first = *regex->at++, last = first;
        if (*regex->at == '-') last = regex->at[1], regex->at += 2;
        for (; first <= last; first++) regex->sets[set][first / 32] ^= 1u << first % 32;
    }
    regex->at++;
    emit(regex, SET, set, 0);
}

static void parse_sequence(Regex *regex) {
    while (*regex->at && *regex->at != '|' && *regex->at != ')') {
        int start = regex->count;
        char c = *regex->at++;
        switch (c) {
        case '.': emit(regex, ANY, 0, 0); break;
        case '^': emit(regex, LINE_START, 0, 0); break;
        case '[': parse_set(regex); break;
        case '(':
            parse_alternatives(regex);
            regex->at++;
            break;
        default: emit(regex, LITERAL, c, 0);
        }
        switch (*regex->at) {
        case '*':
            insert(regex, start, (Code){SPLIT, start + 1, regex->count + 2});
            emit(regex, JUMP, start, 0);
            regex->at++;
            break;
        case '+':
            emit(regex, SPLIT, start, regex->count + 1);
            regex->at++;
            break;
        case '?':
            insert(regex, start, (Code){SPLIT, start + 1, regex->count + 1});
            regex->at++;
            break;
        default: break;
        }
    }
}

static void parse_alternatives(Regex *regex) {
    int start = regex->count;
    parse_sequence(regex);
    if (*regex->at != '|') return;
    regex->at++;
    insert(regex, start, (Code){SPLIT, start + 1, regex->count + 2});
    int jump = emit(regex, JUMP, 0, 0);
    parse_alternatives(regex);
    regex->codes[jump].x = regex->count;
}

static void compile(Regex *regex, const char *pattern) {
    memset(regex, 0, sizeof *regex);
    regex->at = pattern;
    parse_alternatives(regex);
    emit(regex, MATCH, 0, 0);
}

/* Where the match that begins at `at` ends; NULL if there is none. */
static const char *match(const Regex *regex, int pc, const char *text, const char *at) {
    for (;;) {
        const Code *code = &regex->codes[pc];
        switch (code->kind) {
        case LITERAL:
            if (*at != code->x) return NULL;
            at++, pc++;
            break;
        case ANY:
            if (*at == 0 || *at == '\n') return NULL;
            at++, pc++;
            break;
        case SET:
            if (*at == 0 || !(regex->sets[code->x][(u8)*at / 32] >> (u8)*at % 32 & 1)) return NULL;
            at++, pc++;
            break;
        case LINE_START:
            if (at != text && at[-1] != '\n') return NULL;
            pc++;
            break;
        case JUMP: pc = code->x; break;
        case SPLIT: {
            const char *end = match(regex, code->x, text, at);
            if (end) return end;
            pc = code->y;
            break;
        }
        case MATCH: return at;
        }
    }
}

u32 run(u32 n) {
    static const char *const patterns[] = {
        "[a-f]+[x-z]", "(in|on|at) ", "^[^ ]* [aeiou]", "q.*z ", "([bcd][aeiou])+[^a-z]", "ab?c*d|e+f", "^(.[aeiou])*\n",
    };
    static char text[LENGTH + 1];
    u32 sum = 0;
    while (n--) {
        make_text(text, LENGTH, n + 1);
        for (u32 i = 0; i < sizeof patterns / sizeof *patterns; i++) {
            Regex regex;
            compile(&regex, patterns[i]);
            u32 matches = 0, length = 0;
            for (const char *at = text; *at;) {
                const char *end = match(&regex, 0, text, at);
                if (end) matches++, length += (u32)(end - at);
                at = end && end > at ? end : at + 1;
            }
            sum = mix(mix(sum, matches), length);
        }
    }
    return sum;
}

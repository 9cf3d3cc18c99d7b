/* A parser: JSON text becomes a tree of values, whose numbers and strings are summed, and which is written
   out again. */
#include "bench.h"
typedef struct Value Value;
struct Value {
    enum { NUL, FALSE_, TRUE_, NUMBER, STRING, ARRAY, OBJECT } kind;
    double number;
    char *string, *name;
    Value *first, *next;
};
static const char *at;

static void *allocate(size_t size) { return memset(malloc(size), 0, size); }
static void skip_space(void) { while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') at++; }

static char *parse_string(void) {
    const char *end = ++at;
    while (*end != '"') end += *end == '\\' ? 2 : 1;
    char *string = malloc((size_t)(end - at) + 1), *to = string;
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        switch (*++at) {
        case 'n': *to++ = '\n'; break;
        case 't': *to++ = '\t'; break;
        case 'u': *to++ = (char)((at[3] & 15) << 4 | (at[4] & 15)), at += 4; break;
        default: *to++ = *at;
        }
        at++;
    }
    *to = 0, at = end + 1;
    return string;
}

static double parse_number(void) {
    double value = 0, scale = 1;
    int negative = *at == '-', exponent = 0;
    if (negative) at++;
    while (*at >= '0' && *at <= '9') value = value * 10 + (*at++ - '0');
    if (*at == '.') for (at++; *at >= '0' && *at <= '9'; scale *= 10) value = value * 10 + (*at++ - '0');
    if (*at == 'e') {
        int down = *++at == '-';
        if (down) at++;
        while (*at >= '0' && *at <= '9') exponent = exponent * 10 + (*at++ - '0');
        while (exponent--) scale = down ? scale * 10 : scale / 10;
    }
    return (negative ? -value : value) / scale;
}

static Value *parse(void) {
    Value *value = allocate(sizeof *value), **end = &value->first;
    skip_space();
    switch (*at) {
    case 'n': value->kind = NUL, at += 4; break;
    case 'f': value->kind = FALSE_, at += 5; break;
    case 't': value->kind = TRUE_, at += 4; break;
    case '"': value->kind = STRING, value->string = parse_string(); break;
    case '[':
    case '{': {
        char close = *at == '[' ? ']' : '}';
        value->kind = *at == '[' ? ARRAY : OBJECT;
        for (at++, skip_space(); *at != close; skip_space()) {
            char *name = NULL;
            if (value->kind == OBJECT) {
                skip_space(), name = parse_string(), skip_space();
                at++;
            }
            *end = parse(), (*end)->name = name, end = &(*end)->next;
            skip_space();
            if (*at == ',') at++, skip_space();
        }
        at++;
        break;
    }
    default: value->kind = NUMBER, value->number = parse_number();
    }
    return value;
}

static char *write_string(char *to, const char *string) {
    *to++ = '"';
    for (; *string; string++) {
        if (*string == '"' || *string == '\\' || *string == '\n') *to++ = '\\';
        *to++ = *string == '\n' ? 'n' : *string;
    }
    *to++ = '"';
    return to;
}

static char *write_value(char *to, const Value *value) {
    static const char *const words[] = {"null", "false", "true"};
    char digits[24];
    int count = 0;
    switch (value->kind) {
    case NUMBER: {
        i64 hundredths = (i64)(value->number * 100);
        if (hundredths < 0) *to++ = '-', hundredths = -hundredths;
        do digits[count++] = (char)('0' + hundredths % 10); while (hundredths /= 10);
        while (count) *to++ = digits[--count];
        break;
    }
    case STRING: to = write_string(to, value->string); break;
    case ARRAY:
    case OBJECT:
        *to++ = value->kind == ARRAY ? '[' : '{';
        for (const Value *it = value->first; it; it = it->next) {
            if (it->name) to = write_string(to, it->name), *to++ = ':';
            to = write_value(to, it);
            if (it->next) *to++ = ',';
        }
        *to++ = value->kind == ARRAY ? ']' : '}';
        break;
    default: strcpy(to, words[value->kind]), to += strlen(to);
    }
    return to;
}

static void destroy(Value *value) {
    while (value) {
        Value *next = value->next;
        destroy(value->first);
        free(value->string), free(value->name), free(value);
        value = next;
    }
}

static char *put(char *to, const char *text) { return strcpy(to, text), to + strlen(text); }
static char *put_number(char *to, u32 number) {
    char digits[12];
    int count = 0;
    do digits[count++] = (char)('0' + number % 10); while (number /= 10);
    while (count) *to++ = digits[--count];
    return to;
}

u32 run(u32 n) {
    enum { ITEMS = 700 };
    static char text[ITEMS * 200], out[ITEMS * 200];
    char *to = put(text, "{\"items\": [\n");
    u32 seed = 8, sum = 0;
    for (u32 i = 0; i < ITEMS; i++) {
        to = put(to, i ? ",\n  {\"id\": " : "  {\"id\": ");
        to = put_number(to, i * 7919);
        to = put(to, ", \"name\": \"an item \\\"of\\\" \\u0041 ");
        to = put_number(to, next_random(&seed));
        to = put(to, "\", \"price\": -");
        to = put_number(to, next_random(&seed) % 1000), *to++ = '.';
        to = put_number(to, next_random(&seed) % 100);
        to = put(to, "e2, \"tags\": [\"red\", \"green\\n\", true, false, null, [], {}, [1, 2.5, 3e1]]}");
    }
    put(to, "\n]}");
    while (n--) {
        at = text;
        Value *value = parse();
        u32 length = (u32)(write_value(out, value) - out);
        destroy(value);
        sum = mix(mix_bytes(sum, out + n % 64, 256), length);
    }
    return mix_bytes(sum, out, 20000);
}

/* State machines and small decisions: a tokenizer of a language like C, and an evaluator of its
   expressions by precedence. */
#include "bench.h"
enum { LENGTH = 1 << 15 };
static char text[LENGTH + 2];
static const char *at;
static u32 number;

static int token(void) {
    for (;;) switch (*at) {
        case ' ': at++; continue;
        case '/':
            if (at[1] != '*') return *at++;
            for (at += 2; at[0] != '*' || at[1] != '/';) at++;
            at += 2;
            continue;
        case '0' ... '9':
            for (number = 0; *at >= '0' && *at <= '9';) number = number * 10 + (u32)(*at++ - '0');
            return 'n';
        case 'a' ... 'z':
            for (number = 5381; *at >= 'a' && *at <= 'z';) number = number * 33 + (u8)*at++;
            return 'i';
        case '<':
        case '>':
            if (at[1] == *at) return at += 2, at[-1] + 128;
            return *at++;
        case 0: return 0;
        default: return *at++;
        }
}

static int precedence(int operator) {
    switch (operator) {
    case '*': case '/': case '%': return 6;
    case '+': case '-': return 5;
    case '<' + 128: case '>' + 128: return 4;
    case '<': case '>': return 3;
    case '&': return 2;
    case '^': return 1;
    default: return 0;
    }
}

static int ahead;
static u32 expression(int least);

static u32 operand(void) {
    u32 value = number;
    int kind = ahead;
    ahead = token();
    switch (kind) {
    case 'n': case 'i': return value;
    case '-': return -operand();
    case '~': return ~operand();
    case '(':
        value = expression(1);
        ahead = token();
        return value;
    default: return 0;
    }
}

static u32 expression(int least) {
    u32 left = operand();
    for (int level; (level = precedence(ahead)) >= least;) {
        int operator = ahead;
        ahead = token();
        u32 right = expression(level + 1);
        switch (operator) {
        case '*': left *= right; break;
        case '/': left = right ? left / right : 0; break;
        case '%': left = right ? left % right : 0; break;
        case '+': left += right; break;
        case '-': left -= right; break;
        case '<' + 128: left <<= right & 31; break;
        case '>' + 128: left >>= right & 31; break;
        case '<': left = left < right; break;
        case '>': left = left > right; break;
        case '&': left &= right; break;
        default: left ^= right;
        }
    }
    return left;
}

u32 run(u32 n) {
    static const char *const operators[] = {"+", " - ", "*", " / ", "%", "<<", " >> ", "&", "^", " /* so */ + ", "<", ">"};
    u32 seed = 31, length = 0, open = 0, sum = 0;
    while (length < LENGTH - 100) {
        u32 random = next_random(&seed);
        if (random % 5 == 0 && open < 6) text[length++] = '(', open++;
        if (random % 7 == 0) text[length++] = random & 1024 ? '-' : '~';
        if (random % 3) for (u32 i = 0; i < 1 + random % 4; i++) text[length++] = (char)('1' + (random >> (8 + i)) % 9);
        else for (u32 i = 0; i < 1 + random % 6; i++) text[length++] = (char)('a' + (random >> (9 + i)) % 26);
        if (random % 11 < 3 && open) text[length++] = ')', open--;
        if (random % 13 == 0) {
            while (open) text[length++] = ')', open--;
            text[length++] = ';';
            continue;
        }
        const char *operator = operators[(random >> 5) % 12];
        strcpy(text + length, operator), length += (u32)strlen(operator);
    }
    strcpy(text + length, "1)))))));");
    while (n--)
        for (at = text, ahead = token(); ahead; ahead = token()) sum = mix(sum, expression(1) + n);
    return sum;
}

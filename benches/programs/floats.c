/* Decimal numbers: parsing and printing of doubles, by big integers where doubles are not exact. */
#include "bench.h"
enum { LIMBS = 40, NUMBERS = 600, LONGEST = 32 };

/* An unsigned integer, the least limb first. */
typedef struct {
    u32 limbs[LIMBS];
    int count;
} Big;

static void set(Big *big, u64 value) {
    big->count = 0;
    for (; value; value >>= 32) big->limbs[big->count++] = (u32)value;
}

static void multiply_add(Big *big, u32 by, u32 add) {
    u64 carry = add;
    for (int i = 0; i < big->count; i++) {
        carry += (u64)big->limbs[i] * by;
        big->limbs[i] = (u32)carry;
        carry >>= 32;
    }
    if (carry) big->limbs[big->count++] = (u32)carry;
}

static void multiply_by_power(Big *big, u32 base, int power) {
    for (; power >= 9; power -= 9) {
        u32 step = 1;
        for (int i = 0; i < 9; i++) step *= base;
        multiply_add(big, step, 0);
    }
    while (power-- > 0) multiply_add(big, base, 0);
}

static void shift_left(Big *big, int by) {
    int limbs = by / 32, bits = by % 32;
    if (big->count == 0) return;
    if (bits) multiply_add(big, 1u << bits, 0);
    memmove(big->limbs + limbs, big->limbs, (size_t)big->count * sizeof(u32));
    memset(big->limbs, 0, (size_t)limbs * sizeof(u32));
    big->count += limbs;
}

static int compare(const Big *a, const Big *b) {
    if (a->count != b->count) return a->count < b->count ? -1 : 1;
    for (int i = a->count - 1; i >= 0; i--)
        if (a->limbs[i] != b->limbs[i]) return a->limbs[i] < b->limbs[i] ? -1 : 1;
    return 0;
}

static void subtract(Big *a, const Big *b) {
    i64 borrow = 0;
    for (int i = 0; i < a->count; i++) {
        borrow += (i64)a->limbs[i] - (i < b->count ? b->limbs[i] : 0);
        a->limbs[i] = (u32)borrow;
        borrow >>= 32;
    }
    while (a->count && a->limbs[a->count - 1] == 0) a->count--;
}

/* The value of `bits`, which are those of a positive double, is `*mantissa` * 2^result. */
static int split(u64 bits, u64 *mantissa) {
    int exponent = (int)(bits >> 52);
    *mantissa = bits & 0xfffffffffffff;
    if (exponent == 0) return -1074;
    *mantissa |= 1ull << 52;
    return exponent - 1075;
}

/* Compares digits * 10^power with the number half way between the doubles of `bits` and `bits` + 1. */
static int compare_with_half(u64 digits, int power, u64 bits) {
    Big decimal, half;
    u64 mantissa;
    int exponent = split(bits, &mantissa) - 1;
    set(&decimal, digits);
    set(&half, 2 * mantissa + 1);
    if (power >= 0) multiply_by_power(&decimal, 10, power);
    else multiply_by_power(&half, 10, -power);
    if (exponent >= 0) shift_left(&half, exponent);
    else shift_left(&decimal, -exponent);
    return compare(&decimal, &half);
}

static double parse(const char *text) {
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int is_negative = *text == '-', power = 0, exponent = 0;
    u64 digits = 0;
    text += is_negative;
    for (; *text >= '0' && *text <= '9'; text++) digits = digits * 10 + (u64)(*text - '0');
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++, power--) digits = digits * 10 + (u64)(*text - '0');
    if (*text == 'e') {
        int is_below = *++text == '-';
        text += is_below;
        while (*text >= '0' && *text <= '9') exponent = exponent * 10 + (*text++ - '0');
        power += is_below ? -exponent : exponent;
    }
    double value = (double)digits;
    if (digits < 1ull << 53 && power >= -22 && power <= 22) {
        value = power < 0 ? value / powers[-power] : value * powers[power];
    } else if (digits) {
        /* An estimate, and steps to the nearest double. */
        int left = power;
        for (; left > 22; left -= 22) value *= 1e22;
        for (; left < -22; left += 22) value /= 1e22;
        value = left < 0 ? value / powers[-left] : value * powers[left];
        u64 bits;
        memcpy(&bits, &value, sizeof bits);
        while (compare_with_half(digits, power, bits) > 0) bits++;
        while (compare_with_half(digits, power, bits - 1) < 0) bits--;
        memcpy(&value, &bits, sizeof bits);
    }
    return is_negative ? -value : value;
}

/* Prints 17 significant digits, rounded down. */
static u32 print(char *out, double value) {
    u32 length = 0;
    u64 bits, mantissa;
    memcpy(&bits, &value, sizeof bits);
    if (bits >> 63) out[length++] = '-';
    bits &= ~(1ull << 63);
    if (bits == 0) {
        out[length++] = '0';
        return length;
    }
    int exponent = split(bits, &mantissa), power = 0;
    double size = value < 0 ? -value : value;
    for (; size >= 1e10; size /= 1e10) power += 10;
    for (; size >= 10; size /= 10) power++;
    for (; size < 1e-10; size *= 1e10) power -= 10;
    for (; size < 1; size *= 10) power--;
    /* above / below = value / 10^power */
    Big above, below;
    set(&above, mantissa);
    set(&below, 1);
    if (power >= 0) multiply_by_power(&below, 10, power);
    else multiply_by_power(&above, 10, -power);
    if (exponent >= 0) shift_left(&above, exponent);
    else shift_left(&below, -exponent);
    /* `power` is an estimate: one too small or too large. */
    Big ten = below;
    multiply_add(&ten, 10, 0);
    if (compare(&above, &ten) >= 0) below = ten, power++;
    if (compare(&above, &below) < 0) multiply_add(&above, 10, 0), power--;
    for (int i = 0; i < 17; i++) {
        int digit = 0;
        while (compare(&above, &below) >= 0) subtract(&above, &below), digit++;
        out[length++] = (char)('0' + digit);
        if (i == 0) out[length++] = '.';
        multiply_add(&above, 10, 0);
    }
    out[length++] = 'e';
    if (power < 0) out[length++] = '-';
    u32 left = (u32)(power < 0 ? -power : power);
    for (u32 unit = 100; unit; unit /= 10)
        if (left >= unit || unit == 1) out[length++] = (char)('0' + left / unit % 10);
    out[length] = 0;
    return length;
}

/* A number as people write them: most are short, some have many digits or an exponent. */
static void make_number(char *out, u32 *seed) {
    u32 random = next_random(seed), whole = 1 + random % 5, fraction = (random >> 3) % 7;
    if ((random >> 6) % 8 == 0) whole = 3, fraction = 13;
    if ((random >> 9) % 4 == 0) *out++ = '-';
    for (u32 i = 0; i < whole; i++) *out++ = (char)('0' + next_random(seed) % 10);
    if (fraction) *out++ = '.';
    for (u32 i = 0; i < fraction; i++) *out++ = (char)('0' + next_random(seed) % 10);
    if ((random >> 12) % 8 == 0) {
        *out++ = 'e';
        if ((random >> 15) & 1) *out++ = '-';
        *out++ = (char)('1' + (random >> 16) % 9);
        *out++ = (char)('0' + (random >> 20) % 10);
    }
    *out = 0;
}

u32 run(u32 n) {
    static char texts[NUMBERS][LONGEST];
    u32 seed = 17, sum = 0;
    for (int i = 0; i < NUMBERS; i++) make_number(texts[i], &seed);
    while (n--) {
        double total = 0;
        for (int i = 0; i < NUMBERS; i++) {
            double value = parse(texts[i]);
            total += value;
            sum = mix_double(sum, value);
            if (i % 8 == 0) {
                char text[LONGEST];
                sum = mix_bytes(sum, text, print(text, value * (n + 1)));
            }
        }
        sum = mix_double(sum, total);
    }
    return sum;
}

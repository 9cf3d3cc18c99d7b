/* An interpreter whose loop is one big switch (br_table): a register machine that runs a sieve and a
   sum of divisors. */
#include "bench.h"
enum { HALT, LOADI, MOVE, ADD, SUB, MUL, DIV, REM, AND, XOR, SHL, SHR, LOAD, STORE, JUMP, JLT, JEQ, JNE, INC, ADDI, MULI, ANDI };
typedef struct {
    u8 op, a, b, c;
    i32 imm;
} Ins;
static u32 heap[1 << 14];

/* The registers: 0 is i, 1 is j, 2 the sum, 3 the limit, 4 and 5 for the moment, 6 is zero. */
static const Ins code[] = {
    /* for i = 0..limit: heap[i] = 1 */
    {LOADI, 0, 0, 0, 0},
    {LOADI, 5, 0, 0, 1},
    {STORE, 5, 0, 0, 0},
    {INC, 0, 0, 0, 0},
    {JLT, 0, 3, 0, 2},
    /* for i = 2..limit: if heap[i] then for j = 2i.. step i: heap[j] = 0 */
    {LOADI, 0, 0, 0, 2},
    {LOAD, 4, 0, 0, 0},
    {JEQ, 4, 6, 0, 13},
    {ADD, 1, 0, 0, 0},
    {JLT, 3, 1, 0, 13},
    {STORE, 6, 1, 0, 0},
    {ADD, 1, 1, 0, 0},
    {JLT, 1, 3, 0, 10},
    {INC, 0, 0, 0, 0},
    {JLT, 0, 3, 0, 6},
    /* for i = 1..limit: sum = (sum * 31 ^ heap[i]) + (limit % i) << (i & 3) */
    {LOADI, 0, 0, 0, 1},
    {LOAD, 4, 0, 0, 0},
    {MULI, 2, 2, 0, 31},
    {XOR, 2, 2, 4, 0},
    {REM, 4, 3, 0, 0},
    {ANDI, 5, 0, 0, 3},
    {SHL, 4, 4, 5, 0},
    {ADD, 2, 2, 4, 0},
    {INC, 0, 0, 0, 0},
    {JLT, 0, 3, 0, 16},
    {HALT, 0, 0, 0, 0},
};

static u32 interpret(const Ins *program, u32 *r) {
    for (const Ins *at = program;; at++) {
        switch (at->op) {
        case HALT: return r[2];
        case LOADI: r[at->a] = (u32)at->imm; break;
        case MOVE: r[at->a] = r[at->b]; break;
        case ADD: r[at->a] = r[at->b] + r[at->c]; break;
        case SUB: r[at->a] = r[at->b] - r[at->c]; break;
        case MUL: r[at->a] = r[at->b] * r[at->c]; break;
        case DIV: r[at->a] = r[at->c] ? r[at->b] / r[at->c] : 0; break;
        case REM: r[at->a] = r[at->c] ? r[at->b] % r[at->c] : 0; break;
        case AND: r[at->a] = r[at->b] & r[at->c]; break;
        case XOR: r[at->a] = r[at->b] ^ r[at->c]; break;
        case SHL: r[at->a] = r[at->b] << (r[at->c] & 31); break;
        case SHR: r[at->a] = r[at->b] >> (r[at->c] & 31); break;
        case LOAD: r[at->a] = heap[r[at->b] & 0x3fff]; break;
        case STORE: heap[r[at->b] & 0x3fff] = r[at->a]; break;
        case JUMP: at = program + at->imm - 1; break;
        case JLT: if (r[at->a] < r[at->b]) at = program + at->imm - 1; break;
        case JEQ: if (r[at->a] == r[at->b]) at = program + at->imm - 1; break;
        case JNE: if (r[at->a] != r[at->b]) at = program + at->imm - 1; break;
        case INC: r[at->a]++; break;
        case ADDI: r[at->a] = r[at->b] + (u32)at->imm; break;
        case MULI: r[at->a] = r[at->b] * (u32)at->imm; break;
        case ANDI: r[at->a] = r[at->b] & (u32)at->imm; break;
        default: return 0;
        }
    }
}

u32 run(u32 n) {
    u32 sum = 0;
    while (n--) {
        u32 registers[8] = {[3] = 16000 - n % 7};
        sum = mix(sum, interpret(code, registers));
    }
    return sum;
}

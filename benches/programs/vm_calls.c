/* An interpreter that calls a function of a table for each instruction (call_indirect): a stack machine that
   computes Collatz sequences and a checksum of them. */
#include "bench.h"
typedef struct Vm Vm;
typedef void (*Handler)(Vm *, i32);
typedef struct {
    u32 op;
    i32 imm;
} Ins;
struct Vm {
    u32 stack[64], *top, locals[8];
    const Ins *at;
    u32 running;
};

static void op_halt(Vm *vm, i32 imm) { (void)imm, vm->running = 0; }
static void op_push(Vm *vm, i32 imm) { *++vm->top = (u32)imm; }
static void op_get(Vm *vm, i32 imm) { *++vm->top = vm->locals[imm]; }
static void op_set(Vm *vm, i32 imm) { vm->locals[imm] = *vm->top--; }
static void op_add(Vm *vm, i32 imm) { (void)imm, vm->top--, vm->top[0] += vm->top[1]; }
static void op_mul(Vm *vm, i32 imm) { (void)imm, vm->top--, vm->top[0] *= vm->top[1]; }
static void op_xor(Vm *vm, i32 imm) { (void)imm, vm->top--, vm->top[0] ^= vm->top[1]; }
static void op_and(Vm *vm, i32 imm) { (void)imm, vm->top--, vm->top[0] &= vm->top[1]; }
static void op_shr(Vm *vm, i32 imm) { vm->top[0] >>= imm; }
static void op_lt(Vm *vm, i32 imm) { (void)imm, vm->top--, vm->top[0] = vm->top[0] < vm->top[1]; }
static void op_jump(Vm *vm, i32 imm) { vm->at += imm; }
static void op_if(Vm *vm, i32 imm) { if (*vm->top--) vm->at += imm; }
enum { HALT, PUSH, GET, SET, ADD, MUL, XOR, AND, SHR, LT, JUMP, IF };
static const Handler handlers[] = {op_halt, op_push, op_get, op_set, op_add, op_mul, op_xor, op_and, op_shr, op_lt, op_jump, op_if};

/* Locals: 0 is the start, 1 the value, 2 the sum, 3 the end. A jump counts from the next instruction. */
static const Ins code[] = {
    {PUSH, 1}, {SET, 0},
    {GET, 0}, {SET, 1},                                       /* 2: value = start */
    {GET, 2}, {PUSH, 33}, {MUL, 0}, {GET, 1}, {XOR, 0}, {SET, 2}, /* 4: sum = sum * 33 ^ value */
    {GET, 1}, {PUSH, 2}, {LT, 0}, {IF, 13},                    /* 10: value < 2: next start, at 27 */
    {GET, 1}, {PUSH, 1}, {AND, 0}, {IF, 4},                    /* 14: odd: at 22 */
    {GET, 1}, {SHR, 1}, {SET, 1}, {JUMP, -18},                 /* 18: value /= 2, at 4 */
    {GET, 1}, {PUSH, 3}, {MUL, 0}, {PUSH, 1}, {JUMP, 6},       /* 22: value = 3 value + 1, by way of 33 */
    {GET, 0}, {PUSH, 1}, {ADD, 0}, {SET, 0}, {GET, 0}, {JUMP, 3}, /* 27: start++, at 36 */
    {ADD, 0}, {SET, 1}, {JUMP, -32},                           /* 33: at 4 */
    {GET, 3}, {LT, 0}, {IF, -37},                              /* 36: start < end: at 2 */
    {HALT, 0},
};

u32 run(u32 n) {
    Vm vm = {.top = vm.stack, .at = code, .running = 1, .locals = {[3] = n}};
    while (vm.running) {
        const Ins *now = vm.at++;
        handlers[now->op](&vm, now->imm);
    }
    return vm.locals[2];
}

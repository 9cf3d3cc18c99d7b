;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! options = "-O1 --traps explicit"
;;! func = "recurse"
;;! func = "leaf"
;;! func = "prefab_stub.prefab_rt_memory_grow"

;; A function that calls others compares the stack pointer with the limit; one that does not is
;; covered by the room below the limit. Stubs trap by a call, too.
(module
  (memory 1)
  (func $recurse (export "recurse")
    call $recurse
    call $recurse)
  (func (export "leaf") (param i32) (result i32)
    local.get 0
    i32.load)
  (func (export "grow") (result i32)
    i32.const 1
    memory.grow))

;;= x86_64: recurse
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: sub rsp, 0x10
;;    8: mov qword ptr [rsp], r12
;;    c: mov rsi, qword ptr [rdi - 0x18]
;;   10: mov r12, rdi
;;   13: mov rsi, qword ptr [rsi]
;;   16: mov rdi, rsp
;;   19: cmp rdi, rsi
;;   1c: jb 3f
;;   22: mov rdi, r12
;;   25: call func 0 <recurse>
;;   2a: mov rdi, r12
;;   2d: call func 0 <recurse>
;;   32: mov r12, qword ptr [rsp]
;;   36: add rsp, 0x10
;;   3a: mov rsp, rbp
;;   3d: pop rbp
;;   3e: ret
;;   3f: mov rdi, r12
;;   42: call prefab_trap.StackOverflow
;;   47: ud2

;;= x86_64: leaf
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov r8, qword ptr [rdi - 8]
;;    8: mov esi, esi
;;    a: lea r9, [rsi + 4]
;;    e: cmp r9, r8
;;   11: ja 1f
;;   17: mov eax, dword ptr [rdi + rsi]
;;   1a: mov rsp, rbp
;;   1d: pop rbp
;;   1e: ret
;;   1f: call prefab_trap.MemoryOutOfBounds
;;   24: ud2

;;= x86_64: prefab_stub.prefab_rt_memory_grow
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: sub rsp, 0x20
;;    8: mov qword ptr [rsp + 0x10], rbx
;;    d: mov qword ptr [rsp + 0x18], r12
;;   12: mov rax, qword ptr [rdi - 0x18]
;;   16: mov rcx, rbp
;;   19: mov qword ptr [rax + 0x20], rcx
;;   1d: mov rcx, qword ptr [rax]
;;   20: mov r12, rax
;;   23: mov rax, rsp
;;   26: cmp rax, rcx
;;   29: jb 6e
;;   2f: mov qword ptr [rsp], rdi
;;   33: mov rax, qword ptr [rdi - 0x20]
;;   37: mov rax, qword ptr [rax + 0x10]
;;   3b: call rax
;;   3d: cmp rax, -2
;;   41: je 5a
;;   47: mov rbx, qword ptr [rsp + 0x10]
;;   4c: mov r12, qword ptr [rsp + 0x18]
;;   51: add rsp, 0x20
;;   55: mov rsp, rbp
;;   58: pop rbp
;;   59: ret
;;   5a: mov rax, qword ptr [rsp]
;;   5e: mov rdi, qword ptr [rax - 0x18]
;;   62: mov rax, qword ptr [rax - 0x20]
;;   66: mov rax, qword ptr [rax + 8]
;;   6a: call rax
;;   6c: ud2
;;   6e: mov rax, qword ptr [rdi - 0x20]
;;   72: mov rbx, rdi
;;   75: mov rax, qword ptr [rax]
;;   78: mov esi, 0xa
;;   7d: mov rdi, r12
;;   80: call rax
;;   82: mov rdi, rbx
;;   85: mov rax, qword ptr [rdi - 0x20]
;;   89: mov rax, qword ptr [rax + 8]
;;   8d: mov rdi, r12
;;   90: call rax
;;   92: ud2

;;= aarch64: recurse
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: str x19, [sp, #-0x10]!
;;    c: ldur x4, [x2, #-0x18]
;;   10: mov x19, x2
;;   14: ldr x4, [x4]
;;   18: mov x5, sp
;;   1c: cmp x5, x4
;;   20: b.lo 40
;;   24: mov x2, x19
;;   28: bl func 0 <recurse>
;;   2c: mov x2, x19
;;   30: bl func 0 <recurse>
;;   34: ldr x19, [sp], #0x10
;;   38: ldp x29, x30, [sp], #0x10
;;   3c: ret
;;   40: mov x2, x19
;;   44: bl prefab_trap.StackOverflow
;;   48: udf #0xc11f

;;= aarch64: leaf
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x6, [x2, #-8]
;;    c: mov w7, w3
;;   10: add x7, x7, #4
;;   14: cmp x7, x6
;;   18: b.hi 28
;;   1c: ldr w2, [x2, w3, uxtw]
;;   20: ldp x29, x30, [sp], #0x10
;;   24: ret
;;   28: bl prefab_trap.MemoryOutOfBounds
;;   2c: udf #0xc11f

;;= aarch64: prefab_stub.prefab_rt_memory_grow
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: stp x21, x23, [sp, #-0x10]!
;;    c: sub sp, sp, #0x10
;;   10: ldur x0, [x2, #-0x18]
;;   14: mov x1, x29
;;   18: str x1, [x0, #0x20]
;;   1c: ldr x1, [x0]
;;   20: mov x23, x0
;;   24: mov x0, sp
;;   28: cmp x0, x1
;;   2c: b.lo 88
;;   30: stur x2, [sp]
;;   34: ldur x0, [x2, #-0x20]
;;   38: mov x21, x2
;;   3c: ldr x5, [x0, #0x10]
;;   40: mov x0, x21
;;   44: mov x1, x3
;;   48: mov x2, x4
;;   4c: blr x5
;;   50: mov x1, #-2
;;   54: cmp x0, x1
;;   58: b.eq 70
;;   5c: mov x2, x0
;;   60: add sp, sp, #0x10
;;   64: ldp x21, x23, [sp], #0x10
;;   68: ldp x29, x30, [sp], #0x10
;;   6c: ret
;;   70: ldur x1, [sp]
;;   74: ldur x0, [x1, #-0x18]
;;   78: ldur x1, [x1, #-0x20]
;;   7c: ldr x1, [x1, #8]
;;   80: blr x1
;;   84: udf #0xc11f
;;   88: mov x0, x2
;;   8c: ldur x1, [x0, #-0x20]
;;   90: mov x21, x0
;;   94: ldr x2, [x1]
;;   98: mov w1, #0xa
;;   9c: mov x0, x23
;;   a0: blr x2
;;   a4: mov x0, x21
;;   a8: ldur x0, [x0, #-0x20]
;;   ac: ldr x1, [x0, #8]
;;   b0: mov x0, x23
;;   b4: blr x1
;;   b8: udf #0xc11f

;;= riscv64: recurse
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x10
;;    a: c.sdsp s1, 8(sp)
;;    c: ld a1, -0x18(a0)
;;   10: c.mv s1, a0
;;   12: c.ld a0, 0(a1)
;;   14: c.mv a1, sp
;;   16: bltu a1, a0, 24                          ; to 3a
;;   1a: c.mv a0, s1
;;   1c: auipc ra, 0
;;   20: jalr func 0 <recurse>
;;   24: c.mv a0, s1
;;   26: auipc ra, 0
;;   2a: jalr func 0 <recurse>
;;   2e: c.ldsp s1, 8(sp)
;;   30: c.addi16sp sp, 0x10
;;   32: c.ldsp ra, 8(sp)
;;   34: c.ldsp s0, 0(sp)
;;   36: c.addi16sp sp, 0x10
;;   38: c.jr ra
;;   3a: c.mv a0, s1
;;   3c: auipc ra, 0
;;   40: jalr prefab_trap.StackOverflow
;;   44: c.unimp

;;= riscv64: leaf
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: ld a3, -8(a0)
;;    c: c.slli a1, 0x20
;;    e: srli a2, a1, 0x20
;;   12: addi a1, a2, 4
;;   16: bltu a3, a1, 0x10                        ; to 26
;;   1a: c.add a0, a2
;;   1c: c.lw a0, 0(a0)
;;   1e: c.ldsp ra, 8(sp)
;;   20: c.ldsp s0, 0(sp)
;;   22: c.addi16sp sp, 0x10
;;   24: c.jr ra
;;   26: auipc ra, 0
;;   2a: jalr prefab_trap.MemoryOutOfBounds
;;   2e: c.unimp

;;= riscv64: prefab_stub.prefab_rt_memory_grow
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x20
;;    a: c.sdsp s5, 0x18(sp)
;;    c: c.sdsp s7, 0x10(sp)
;;    e: ld a3, -0x18(a0)
;;   12: c.mv a4, s0
;;   14: c.sd a4, 0x20(a3)
;;   16: c.ld a4, 0(a3)
;;   18: c.mv s7, a3
;;   1a: c.mv a3, sp
;;   1c: bltu a3, a4, 0x32                        ; to 4e
;;   20: c.sdsp a0, 0(sp)
;;   22: ld a3, -0x20(a0)
;;   26: c.ld a3, 0x10(a3)
;;   28: c.jalr a3
;;   2a: c.li a1, -2
;;   2c: beq a0, a1, 0x12                         ; to 3e
;;   30: c.ldsp s5, 0x18(sp)
;;   32: c.ldsp s7, 0x10(sp)
;;   34: c.addi16sp sp, 0x20
;;   36: c.ldsp ra, 8(sp)
;;   38: c.ldsp s0, 0(sp)
;;   3a: c.addi16sp sp, 0x10
;;   3c: c.jr ra
;;   3e: c.ldsp a1, 0(sp)
;;   40: ld a0, -0x18(a1)
;;   44: ld a1, -0x20(a1)
;;   48: c.ld a1, 8(a1)
;;   4a: c.jalr a1
;;   4c: c.unimp
;;   4e: ld a1, -0x20(a0)
;;   52: c.mv s5, a0
;;   54: c.ld a2, 0(a1)
;;   56: c.li a1, 0xa
;;   58: c.mv a0, s7
;;   5a: c.jalr a2
;;   5c: c.mv a0, s5
;;   5e: ld a0, -0x20(a0)
;;   62: c.ld a1, 8(a0)
;;   64: c.mv a0, s7
;;   66: c.jalr a1
;;   68: c.unimp

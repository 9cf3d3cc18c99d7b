;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! options = "--traps explicit"
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
;;    4: sub rsp, 0x10
;;    8: mov qword ptr [rsp], rbx
;;    c: mov qword ptr [rsp + 8], r12
;;   11: mov rax, qword ptr [rdi - 0x18]
;;   15: mov rcx, rbp
;;   18: mov qword ptr [rax + 0x20], rcx
;;   1c: mov rcx, qword ptr [rax]
;;   1f: mov r12, rax
;;   22: mov rax, rsp
;;   25: cmp rax, rcx
;;   28: jb 66
;;   2e: mov rax, qword ptr [rdi - 0x20]
;;   32: mov rbx, rdi
;;   35: mov rax, qword ptr [rax + 0x10]
;;   39: call rax
;;   3b: cmp rax, -2
;;   3f: je 57
;;   45: mov rbx, qword ptr [rsp]
;;   49: mov r12, qword ptr [rsp + 8]
;;   4e: add rsp, 0x10
;;   52: mov rsp, rbp
;;   55: pop rbp
;;   56: ret
;;   57: mov rax, qword ptr [rbx - 0x20]
;;   5b: mov rax, qword ptr [rax + 8]
;;   5f: mov rdi, r12
;;   62: call rax
;;   64: ud2
;;   66: mov rbx, rdi
;;   69: mov rax, qword ptr [rbx - 0x20]
;;   6d: mov rax, qword ptr [rax]
;;   70: mov esi, 0xa
;;   75: mov rdi, r12
;;   78: call rax
;;   7a: mov rax, qword ptr [rbx - 0x20]
;;   7e: mov rax, qword ptr [rax + 8]
;;   82: mov rdi, r12
;;   85: call rax
;;   87: ud2

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
;;    8: stp x19, x20, [sp, #-0x10]!
;;    c: ldur x0, [x2, #-0x18]
;;   10: mov x1, x29
;;   14: str x1, [x0, #0x20]
;;   18: ldr x1, [x0]
;;   1c: mov x20, x0
;;   20: mov x0, sp
;;   24: cmp x0, x1
;;   28: b.lo 78
;;   2c: ldur x0, [x2, #-0x20]
;;   30: mov x19, x2
;;   34: ldr x5, [x0, #0x10]
;;   38: mov x1, x3
;;   3c: mov x2, x4
;;   40: mov x0, x19
;;   44: blr x5
;;   48: mov x1, #-2
;;   4c: cmp x0, x1
;;   50: b.eq 64
;;   54: mov x2, x0
;;   58: ldp x19, x20, [sp], #0x10
;;   5c: ldp x29, x30, [sp], #0x10
;;   60: ret
;;   64: ldur x0, [x19, #-0x20]
;;   68: ldr x1, [x0, #8]
;;   6c: mov x0, x20
;;   70: blr x1
;;   74: udf #0xc11f
;;   78: mov x19, x2
;;   7c: ldur x0, [x19, #-0x20]
;;   80: ldr x2, [x0]
;;   84: mov w1, #0xa
;;   88: mov x0, x20
;;   8c: blr x2
;;   90: ldur x0, [x19, #-0x20]
;;   94: ldr x1, [x0, #8]
;;   98: mov x0, x20
;;   9c: blr x1
;;   a0: udf #0xc11f

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
;;    8: c.addi16sp sp, -0x10
;;    a: c.sdsp s1, 8(sp)
;;    c: c.sdsp s3, 0(sp)
;;    e: ld a3, -0x18(a0)
;;   12: c.mv a4, s0
;;   14: c.sd a4, 0x20(a3)
;;   16: c.ld a4, 0(a3)
;;   18: c.mv s3, a3
;;   1a: c.mv a3, sp
;;   1c: bltu a3, a4, 0x2e                        ; to 4a
;;   20: ld a3, -0x20(a0)
;;   24: c.mv s1, a0
;;   26: c.ld a3, 0x10(a3)
;;   28: c.jalr a3
;;   2a: c.li a1, -2
;;   2c: beq a0, a1, 0x12                         ; to 3e
;;   30: c.ldsp s1, 8(sp)
;;   32: c.ldsp s3, 0(sp)
;;   34: c.addi16sp sp, 0x10
;;   36: c.ldsp ra, 8(sp)
;;   38: c.ldsp s0, 0(sp)
;;   3a: c.addi16sp sp, 0x10
;;   3c: c.jr ra
;;   3e: ld a0, -0x20(s1)
;;   42: c.ld a1, 8(a0)
;;   44: c.mv a0, s3
;;   46: c.jalr a1
;;   48: c.unimp
;;   4a: c.mv s1, a0
;;   4c: ld a0, -0x20(s1)
;;   50: c.ld a2, 0(a0)
;;   52: c.li a1, 0xa
;;   54: c.mv a0, s3
;;   56: c.jalr a2
;;   58: ld a0, -0x20(s1)
;;   5c: c.ld a1, 8(a0)
;;   5e: c.mv a0, s3
;;   60: c.jalr a1
;;   62: c.unimp

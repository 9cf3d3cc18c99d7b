;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! options = "--fuel"
;;! func = "sum"
;;! func = "forever"
;;! func = "calls"
;;! func = "leaf"

;; The fuel is in a register; what is left is stored with each run of instructions, which is paid
;; for when it begins. The stub that is called where it does not suffice keeps all registers.

(module
  (memory 1 1)
  (func $sum (export "sum") (param $i i32) (result i32)
    (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (i32.load (local.get $i))))
      (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 4)))))
    (local.get $s))
  (func $forever (export "forever") (loop (br 0)))
  (func $calls (export "calls") (call $leaf) (call $forever))
  (func $leaf (export "leaf") (i32.store (i32.const 0) (i32.const 1))))

;;= x86_64: sum
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rcx, qword ptr [rdi - 0x18]
;;    8: mov rdx, qword ptr [rcx + 0x38]
;;    c: xor eax, eax
;;    e: sub rdx, 0xa
;;   12: mov qword ptr [rcx + 0x38], rdx
;;   16: test rdx, rdx
;;   19: jl 4a
;;   1f: mov r8d, esi
;;   22: mov r8d, dword ptr [rdi + r8]            ; trap: out of bounds memory access
;;   26: sub esi, 4
;;   29: add eax, r8d
;;   2c: test esi, esi
;;   2e: jne e
;;   34: sub rdx, 1
;;   38: mov qword ptr [rcx + 0x38], rdx
;;   3c: test rdx, rdx
;;   3f: jl 58
;;   45: mov rsp, rbp
;;   48: pop rbp
;;   49: ret
;;   4a: call prefab_stub.prefab_rt_out_of_fuel
;;   4f: mov rdx, qword ptr [rcx + 0x38]
;;   53: jmp 1f
;;   58: call prefab_stub.prefab_rt_out_of_fuel
;;   5d: mov rcx, qword ptr [rcx + 0x38]
;;   61: jmp 45

;;= x86_64: forever
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov r8, qword ptr [rdi - 0x18]
;;    8: mov rsi, qword ptr [r8 + 0x38]
;;    c: sub rsi, 1
;;   10: mov qword ptr [r8 + 0x38], rsi
;;   14: test rsi, rsi
;;   17: jge c
;;   1d: call prefab_stub.prefab_rt_out_of_fuel
;;   22: mov rsi, qword ptr [r8 + 0x38]
;;   26: jmp c

;;= x86_64: calls
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: sub rsp, 0x10
;;    8: mov qword ptr [rsp], r12
;;    c: mov qword ptr [rsp + 8], r13
;;   11: mov r12, qword ptr [rdi - 0x18]
;;   15: mov r8, qword ptr [r12 + 0x38]
;;   1a: sub r8, 1
;;   1e: mov qword ptr [r12 + 0x38], r8
;;   23: test r8, r8
;;   26: jl 6d
;;   2c: mov r13, rdi
;;   2f: mov rdi, r13
;;   32: call func 3 <leaf>
;;   37: mov rax, qword ptr [r12 + 0x38]
;;   3c: sub rax, 1
;;   40: mov qword ptr [r12 + 0x38], rax
;;   45: test rax, rax
;;   48: jl 7f
;;   4e: mov rdi, r13
;;   51: call func 1 <forever>
;;   56: mov rax, qword ptr [r12 + 0x38]
;;   5b: mov r12, qword ptr [rsp]
;;   5f: mov r13, qword ptr [rsp + 8]
;;   64: add rsp, 0x10
;;   68: mov rsp, rbp
;;   6b: pop rbp
;;   6c: ret
;;   6d: call prefab_stub.prefab_rt_out_of_fuel
;;   72: mov r13, rdi
;;   75: mov rax, qword ptr [r12 + 0x38]
;;   7a: jmp 2f
;;   7f: mov rdi, r13
;;   82: call prefab_stub.prefab_rt_out_of_fuel
;;   87: mov rax, qword ptr [r12 + 0x38]
;;   8c: jmp 51

;;= x86_64: leaf
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rsi, qword ptr [rdi - 0x18]
;;    8: mov r8, qword ptr [rsi + 0x38]
;;    c: sub r8, 3
;;   10: mov qword ptr [rsi + 0x38], r8
;;   14: test r8, r8
;;   17: jl 28
;;   1d: mov dword ptr [rdi], 1                   ; trap: out of bounds memory access
;;   23: mov rsp, rbp
;;   26: pop rbp
;;   27: ret
;;   28: call prefab_stub.prefab_rt_out_of_fuel
;;   2d: mov r10, qword ptr [rsi + 0x38]
;;   31: jmp 1d

;;= aarch64: sum
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x1, [x2, #-0x18]
;;    c: mov x0, x2
;;   10: ldr x4, [x1, #0x38]
;;   14: mov w2, #0
;;   18: sub x4, x4, #0xa
;;   1c: str x4, [x1, #0x38]
;;   20: cmp x4, #0
;;   24: b.lt 50
;;   28: ldr w5, [x0, w3, uxtw]                   ; trap: out of bounds memory access
;;   2c: sub w3, w3, #4
;;   30: add w2, w2, w5
;;   34: cbnz w3, 18
;;   38: sub x3, x4, #1
;;   3c: str x3, [x1, #0x38]
;;   40: cmp x3, #0
;;   44: b.lt 5c
;;   48: ldp x29, x30, [sp], #0x10
;;   4c: ret
;;   50: bl prefab_stub.prefab_rt_out_of_fuel
;;   54: ldr x4, [x1, #0x38]
;;   58: b 28
;;   5c: bl prefab_stub.prefab_rt_out_of_fuel
;;   60: ldr x0, [x1, #0x38]
;;   64: b 48

;;= aarch64: forever
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x7, [x2, #-0x18]
;;    c: ldr x3, [x7, #0x38]
;;   10: sub x3, x3, #1
;;   14: str x3, [x7, #0x38]
;;   18: cmp x3, #0
;;   1c: b.lt 2c
;;   20: mov x0, x2
;;   24: mov x2, x0
;;   28: b 10
;;   2c: mov x0, x2
;;   30: bl prefab_stub.prefab_rt_out_of_fuel
;;   34: ldr x3, [x7, #0x38]
;;   38: b 24

;;= aarch64: calls
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: stp x19, x20, [sp, #-0x10]!
;;    c: ldur x19, [x2, #-0x18]
;;   10: ldr x9, [x19, #0x38]
;;   14: sub x9, x9, #1
;;   18: str x9, [x19, #0x38]
;;   1c: cmp x9, #0
;;   20: b.lt 5c
;;   24: mov x20, x2
;;   28: mov x2, x20
;;   2c: bl func 3 <leaf>
;;   30: ldr x0, [x19, #0x38]
;;   34: sub x0, x0, #1
;;   38: str x0, [x19, #0x38]
;;   3c: cmp x0, #0
;;   40: b.lt 70
;;   44: mov x2, x20
;;   48: bl func 1 <forever>
;;   4c: ldr x0, [x19, #0x38]
;;   50: ldp x19, x20, [sp], #0x10
;;   54: ldp x29, x30, [sp], #0x10
;;   58: ret
;;   5c: mov x0, x2
;;   60: mov x20, x2
;;   64: bl prefab_stub.prefab_rt_out_of_fuel
;;   68: ldr x14, [x19, #0x38]
;;   6c: b 28
;;   70: mov x0, x20
;;   74: bl prefab_stub.prefab_rt_out_of_fuel
;;   78: ldr x0, [x19, #0x38]
;;   7c: mov x2, x20
;;   80: b 48

;;= aarch64: leaf
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x6, [x2, #-0x18]
;;    c: ldr x7, [x6, #0x38]
;;   10: sub x7, x7, #3
;;   14: str x7, [x6, #0x38]
;;   18: cmp x7, #0
;;   1c: b.lt 34
;;   20: mov x0, x2
;;   24: mov w12, #1
;;   28: str w12, [x0]                            ; trap: out of bounds memory access
;;   2c: ldp x29, x30, [sp], #0x10
;;   30: ret
;;   34: mov x0, x2
;;   38: bl prefab_stub.prefab_rt_out_of_fuel
;;   3c: ldr x11, [x6, #0x38]
;;   40: b 24

;;= riscv64: sum
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x20
;;    a: c.sdsp s3, 0x18(sp)
;;    c: c.sdsp s4, 0x10(sp)
;;    e: c.sdsp s6, 8(sp)
;;   10: c.sdsp s8, 0(sp)
;;   12: c.mv s8, a1
;;   14: ld s3, -0x18(a0)
;;   18: c.mv s6, a0
;;   1a: ld a0, 0x38(s3)
;;   1e: c.li a1, 0
;;   20: c.mv s4, a1
;;   22: c.addi a0, -0xa
;;   24: sd a0, 0x38(s3)
;;   28: bltz a0, 40                              ; to 68
;;   2c: c.mv a1, s8
;;   2e: slli a2, a1, 0x20
;;   32: c.srli a2, 0x20
;;   34: c.mv a3, s6
;;   36: c.add a2, a3
;;   38: c.lw a2, 0(a2)                           ; trap: out of bounds memory access
;;   3a: c.addiw a1, -4
;;   3c: c.mv a3, s4
;;   3e: c.addw a3, a2
;;   40: c.mv s4, a3
;;   42: beqz a1, 8                               ; to 4a
;;   46: c.mv s8, a1
;;   48: c.j -0x26                                ; to 22
;;   4a: c.addi a0, -1
;;   4c: sd a0, 0x38(s3)
;;   50: bltz a0, 0x2a                            ; to 7a
;;   54: c.mv a0, s4
;;   56: c.ldsp s3, 0x18(sp)
;;   58: c.ldsp s4, 0x10(sp)
;;   5a: c.ldsp s6, 8(sp)
;;   5c: c.ldsp s8, 0(sp)
;;   5e: c.addi16sp sp, 0x20
;;   60: c.ldsp ra, 8(sp)
;;   62: c.ldsp s0, 0(sp)
;;   64: c.addi16sp sp, 0x10
;;   66: c.jr ra
;;   68: c.mv a0, s6
;;   6a: auipc ra, 0
;;   6e: jalr prefab_stub.prefab_rt_out_of_fuel
;;   72: ld a0, 0x38(s3)
;;   76: c.mv a1, s8
;;   78: c.j -0x4a                                ; to 2e
;;   7a: c.mv a0, s6
;;   7c: auipc ra, 0
;;   80: jalr prefab_stub.prefab_rt_out_of_fuel
;;   84: ld a0, 0x38(s3)
;;   88: c.j -0x34                                ; to 54

;;= riscv64: forever
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x10
;;    a: c.sdsp s1, 8(sp)
;;    c: c.sdsp s2, 0(sp)
;;    e: ld s1, -0x18(a0)
;;   12: c.mv s2, a0
;;   14: c.ld a0, 0x38(s1)
;;   16: c.addi a0, -1
;;   18: c.sd a0, 0x38(s1)
;;   1a: bgez a0, -4                              ; to 16
;;   1e: c.mv a0, s2
;;   20: auipc ra, 0
;;   24: jalr prefab_stub.prefab_rt_out_of_fuel
;;   28: c.ld a0, 0x38(s1)
;;   2a: c.j -0x14                                ; to 16

;;= riscv64: calls
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x10
;;    a: c.sdsp s1, 8(sp)
;;    c: c.sdsp s2, 0(sp)
;;    e: ld s1, -0x18(a0)
;;   12: c.mv s2, a0
;;   14: c.ld a0, 0x38(s1)
;;   16: c.addi a0, -1
;;   18: c.sd a0, 0x38(s1)
;;   1a: bltz a0, 0x32                            ; to 4c
;;   1e: c.mv a0, s2
;;   20: auipc ra, 0
;;   24: jalr func 3 <leaf>
;;   28: c.ld a5, 0x38(s1)
;;   2a: c.addi a5, -1
;;   2c: c.sd a5, 0x38(s1)
;;   2e: bltz a5, 0x2c                            ; to 5a
;;   32: c.mv a0, s2
;;   34: auipc ra, 0
;;   38: jalr func 1 <forever>
;;   3c: c.ld a0, 0x38(s1)
;;   3e: c.ldsp s1, 8(sp)
;;   40: c.ldsp s2, 0(sp)
;;   42: c.addi16sp sp, 0x10
;;   44: c.ldsp ra, 8(sp)
;;   46: c.ldsp s0, 0(sp)
;;   48: c.addi16sp sp, 0x10
;;   4a: c.jr ra
;;   4c: c.mv a0, s2
;;   4e: auipc ra, 0
;;   52: jalr prefab_stub.prefab_rt_out_of_fuel
;;   56: c.ld a3, 0x38(s1)
;;   58: c.j -0x3a                                ; to 1e
;;   5a: c.mv a0, s2
;;   5c: auipc ra, 0
;;   60: jalr prefab_stub.prefab_rt_out_of_fuel
;;   64: c.ld a0, 0x38(s1)
;;   66: c.mv a0, s2
;;   68: c.j -0x34                                ; to 34

;;= riscv64: leaf
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x10
;;    a: c.sdsp s1, 8(sp)
;;    c: c.sdsp s2, 0(sp)
;;    e: ld s1, -0x18(a0)
;;   12: c.mv a1, a0
;;   14: c.ld a0, 0x38(s1)
;;   16: c.addi a0, -3
;;   18: c.sd a0, 0x38(s1)
;;   1a: bltz a0, 0x1a                            ; to 34
;;   1e: c.mv s2, a1
;;   20: c.li a1, 1
;;   22: sw a1, 0(s2)                             ; trap: out of bounds memory access
;;   26: c.ldsp s1, 8(sp)
;;   28: c.ldsp s2, 0(sp)
;;   2a: c.addi16sp sp, 0x10
;;   2c: c.ldsp ra, 8(sp)
;;   2e: c.ldsp s0, 0(sp)
;;   30: c.addi16sp sp, 0x10
;;   32: c.jr ra
;;   34: c.mv s2, a1
;;   36: c.mv a0, s2
;;   38: auipc ra, 0
;;   3c: jalr prefab_stub.prefab_rt_out_of_fuel
;;   40: c.ld a0, 0x38(s1)
;;   42: c.j -0x22                                ; to 20

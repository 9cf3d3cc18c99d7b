;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! options = "--fuel"
;;! func = "sum"
;;! func = "forever"
;;! func = "calls"
;;! func = "leaf"

;; The fuel is in a register, and is stored at the head of a loop, before calls and at returns. It is
;; looked at when a function starts and in each loop; the stub that is called then keeps all registers.

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
;;    e: mov esi, esi
;;   10: sub rdx, 0xa
;;   14: mov qword ptr [rcx + 0x38], rdx
;;   18: test rdx, rdx
;;   1b: jl 4b
;;   21: mov r9, rdi
;;   24: mov r8d, dword ptr [r9 + rsi]            ; trap: out of bounds memory access
;;   28: sub esi, 4
;;   2b: add eax, r8d
;;   2e: test esi, esi
;;   30: je 3e
;;   36: mov rdi, r9
;;   39: jmp 10
;;   3e: sub rdx, 1
;;   42: mov qword ptr [rcx + 0x38], rdx
;;   46: mov rsp, rbp
;;   49: pop rbp
;;   4a: ret
;;   4b: mov r9, rdi
;;   4e: lea rdi, [r9]
;;   51: call prefab_stub.prefab_rt_out_of_fuel
;;   56: mov rdx, qword ptr [rcx + 0x38]
;;   5a: jmp 24

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
;;   1a: mov rsi, r8
;;   1d: sub rsi, 1
;;   21: test rsi, rsi
;;   24: jl 5f
;;   2a: mov r13, rdi
;;   2d: mov qword ptr [r12 + 0x38], rsi
;;   32: mov rdi, r13
;;   35: call func 3 <leaf>
;;   3a: sub qword ptr [r12 + 0x38], 1
;;   40: mov rdi, r13
;;   43: call func 1 <forever>
;;   48: mov rax, qword ptr [r12 + 0x38]
;;   4d: mov r12, qword ptr [rsp]
;;   51: mov r13, qword ptr [rsp + 8]
;;   56: add rsp, 0x10
;;   5a: mov rsp, rbp
;;   5d: pop rbp
;;   5e: ret
;;   5f: sub r8, 1
;;   63: mov qword ptr [r12 + 0x38], r8
;;   68: call prefab_stub.prefab_rt_out_of_fuel
;;   6d: mov r13, rdi
;;   70: mov rsi, qword ptr [r12 + 0x38]
;;   75: jmp 2d

;;= x86_64: leaf
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov r9, qword ptr [rdi - 0x18]
;;    8: mov r8, qword ptr [r9 + 0x38]
;;    c: mov rsi, r8
;;    f: sub rsi, 3
;;   13: test rsi, rsi
;;   16: jl 2b
;;   1c: mov dword ptr [rdi], 1                   ; trap: out of bounds memory access
;;   22: mov qword ptr [r9 + 0x38], rsi
;;   26: mov rsp, rbp
;;   29: pop rbp
;;   2a: ret
;;   2b: sub r8, 3
;;   2f: mov qword ptr [r9 + 0x38], r8
;;   33: call prefab_stub.prefab_rt_out_of_fuel
;;   38: mov rsi, qword ptr [r9 + 0x38]
;;   3c: jmp 1c

;;= aarch64: sum
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x6, [x2, #-0x18]
;;    c: mov x0, x2
;;   10: ldr x4, [x6, #0x38]
;;   14: mov w2, #0
;;   18: sub x4, x4, #0xa
;;   1c: str x4, [x6, #0x38]
;;   20: cmp x4, #0
;;   24: b.lt 54
;;   28: mov x1, x0
;;   2c: ldr w5, [x1, w3, uxtw]                   ; trap: out of bounds memory access
;;   30: sub w3, w3, #4
;;   34: add w2, w2, w5
;;   38: cbz w3, 44
;;   3c: mov x0, x1
;;   40: b 18
;;   44: sub x0, x4, #1
;;   48: str x0, [x6, #0x38]
;;   4c: ldp x29, x30, [sp], #0x10
;;   50: ret
;;   54: mov x1, x0
;;   58: add x0, x1, #0
;;   5c: bl prefab_stub.prefab_rt_out_of_fuel
;;   60: ldr x4, [x6, #0x38]
;;   64: b 2c

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
;;   10: ldr x10, [x19, #0x38]
;;   14: sub x4, x10, #1
;;   18: cmp x4, #0
;;   1c: b.lt 54
;;   20: mov x20, x2
;;   24: str x4, [x19, #0x38]
;;   28: mov x2, x20
;;   2c: bl func 3 <leaf>
;;   30: ldr x0, [x19, #0x38]
;;   34: sub x0, x0, #1
;;   38: str x0, [x19, #0x38]
;;   3c: mov x2, x20
;;   40: bl func 1 <forever>
;;   44: ldr x0, [x19, #0x38]
;;   48: ldp x19, x20, [sp], #0x10
;;   4c: ldp x29, x30, [sp], #0x10
;;   50: ret
;;   54: sub x13, x10, #1
;;   58: str x13, [x19, #0x38]
;;   5c: mov x0, x2
;;   60: mov x20, x2
;;   64: bl prefab_stub.prefab_rt_out_of_fuel
;;   68: ldr x4, [x19, #0x38]
;;   6c: b 24

;;= aarch64: leaf
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x8, [x2, #-0x18]
;;    c: ldr x9, [x8, #0x38]
;;   10: sub x4, x9, #3
;;   14: cmp x4, #0
;;   18: b.lt 34
;;   1c: mov x0, x2
;;   20: mov w14, #1
;;   24: str w14, [x0]                            ; trap: out of bounds memory access
;;   28: str x4, [x8, #0x38]
;;   2c: ldp x29, x30, [sp], #0x10
;;   30: ret
;;   34: sub x11, x9, #3
;;   38: str x11, [x8, #0x38]
;;   3c: mov x0, x2
;;   40: bl prefab_stub.prefab_rt_out_of_fuel
;;   44: ldr x4, [x8, #0x38]
;;   48: b 20

;;= riscv64: sum
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x20
;;    a: c.sdsp s1, 0x18(sp)
;;    c: c.sdsp s3, 0x10(sp)
;;    e: c.sdsp s4, 8(sp)
;;   10: c.sdsp s6, 0(sp)
;;   12: c.mv s6, a1
;;   14: ld s3, -0x18(a0)
;;   18: c.mv a1, a0
;;   1a: ld a2, 0x38(s3)
;;   1e: c.li a0, 0
;;   20: c.mv s4, a0
;;   22: c.addi a2, -0xa
;;   24: sd a2, 0x38(s3)
;;   28: bltz a2, 3e                              ; to 66
;;   2c: c.mv s1, a1
;;   2e: c.mv a1, s6
;;   30: slli a0, a1, 0x20
;;   34: c.srli a0, 0x20
;;   36: c.add a0, s1
;;   38: c.lw a3, 0(a0)                           ; trap: out of bounds memory access
;;   3a: c.addiw a1, -4
;;   3c: c.mv a0, s4
;;   3e: c.addw a0, a3
;;   40: beqz a1, c                               ; to 4c
;;   44: c.mv s6, a1
;;   46: c.mv s4, a0
;;   48: c.mv a1, s1
;;   4a: c.j -0x28                                ; to 22
;;   4c: addi a1, a2, -1
;;   50: sd a1, 0x38(s3)
;;   54: c.ldsp s1, 0x18(sp)
;;   56: c.ldsp s3, 0x10(sp)
;;   58: c.ldsp s4, 8(sp)
;;   5a: c.ldsp s6, 0(sp)
;;   5c: c.addi16sp sp, 0x20
;;   5e: c.ldsp ra, 8(sp)
;;   60: c.ldsp s0, 0(sp)
;;   62: c.addi16sp sp, 0x10
;;   64: c.jr ra
;;   66: c.mv s1, a1
;;   68: c.mv a0, s1
;;   6a: auipc ra, 0
;;   6e: jalr prefab_stub.prefab_rt_out_of_fuel
;;   72: ld a2, 0x38(s3)
;;   76: c.mv a1, s6
;;   78: c.j -0x48                                ; to 30

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
;;    a: c.sdsp s2, 8(sp)
;;    c: c.sdsp s3, 0(sp)
;;    e: ld s2, -0x18(a0)
;;   12: c.mv s3, a0
;;   14: ld a1, 0x38(s2)
;;   18: addi a0, a1, -1
;;   1c: bltz a0, 0x38                            ; to 54
;;   20: sd a0, 0x38(s2)
;;   24: c.mv a0, s3
;;   26: auipc ra, 0
;;   2a: jalr func 3 <leaf>
;;   2e: ld a0, 0x38(s2)
;;   32: c.addi a0, -1
;;   34: sd a0, 0x38(s2)
;;   38: c.mv a0, s3
;;   3a: auipc ra, 0
;;   3e: jalr func 1 <forever>
;;   42: ld a0, 0x38(s2)
;;   46: c.ldsp s2, 8(sp)
;;   48: c.ldsp s3, 0(sp)
;;   4a: c.addi16sp sp, 0x10
;;   4c: c.ldsp ra, 8(sp)
;;   4e: c.ldsp s0, 0(sp)
;;   50: c.addi16sp sp, 0x10
;;   52: c.jr ra
;;   54: addi a2, a1, -1
;;   58: sd a2, 0x38(s2)
;;   5c: c.mv a0, s3
;;   5e: auipc ra, 0
;;   62: jalr prefab_stub.prefab_rt_out_of_fuel
;;   66: ld a0, 0x38(s2)
;;   6a: c.j -0x4a                                ; to 20

;;= riscv64: leaf
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x10
;;    a: c.sdsp s1, 8(sp)
;;    c: c.sdsp s2, 0(sp)
;;    e: ld s1, -0x18(a0)
;;   12: c.mv a2, a0
;;   14: c.ld a1, 0x38(s1)
;;   16: addi a0, a1, -3
;;   1a: bltz a0, 0x1c                            ; to 36
;;   1e: c.mv s2, a2
;;   20: c.li a3, 1
;;   22: sw a3, 0(s2)                             ; trap: out of bounds memory access
;;   26: c.sd a0, 0x38(s1)
;;   28: c.ldsp s1, 8(sp)
;;   2a: c.ldsp s2, 0(sp)
;;   2c: c.addi16sp sp, 0x10
;;   2e: c.ldsp ra, 8(sp)
;;   30: c.ldsp s0, 0(sp)
;;   32: c.addi16sp sp, 0x10
;;   34: c.jr ra
;;   36: addi a0, a1, -3
;;   3a: c.sd a0, 0x38(s1)
;;   3c: c.mv s2, a2
;;   3e: c.mv a0, s2
;;   40: auipc ra, 0
;;   44: jalr prefab_stub.prefab_rt_out_of_fuel
;;   48: c.ld a0, 0x38(s1)
;;   4a: c.j -0x2a                                ; to 20

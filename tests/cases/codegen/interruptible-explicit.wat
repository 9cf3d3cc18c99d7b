;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! options = "-O1 --interruptible --traps explicit"
;;! func = "sum"
;;! func = "forever"
;;! func = "calls"
;;! func = "leaf"

;; The flag that is looked at changes behind the back of the compiler: it is loaded each time.

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
;;    4: xor eax, eax
;;    6: mov rcx, qword ptr [rdi - 0x18]
;;    a: mov rcx, qword ptr [rcx + 0x30]
;;    e: mov edx, dword ptr [rcx]
;;   10: test edx, edx
;;   12: jne 4e
;;   18: mov edx, esi
;;   1a: lea r8, [rdx + 4]
;;   1e: cmp r8, 0x10000
;;   25: ja 40
;;   2b: mov edx, dword ptr [rdi + rdx]
;;   2e: sub esi, 4
;;   31: add eax, edx
;;   33: test esi, esi
;;   35: jne e
;;   3b: mov rsp, rbp
;;   3e: pop rbp
;;   3f: ret
;;   40: add rdi, 0
;;   47: call prefab_trap.MemoryOutOfBounds
;;   4c: ud2
;;   4e: add rdi, 0
;;   55: call prefab_trap.Interrupted
;;   5a: ud2

;;= x86_64: forever
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rsi, qword ptr [rdi - 0x18]
;;    8: mov rsi, qword ptr [rsi + 0x30]
;;    c: mov r8d, dword ptr [rsi]
;;    f: test r8d, r8d
;;   12: je c
;;   18: call prefab_trap.Interrupted
;;   1d: ud2

;;= x86_64: calls
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: sub rsp, 0x10
;;    8: mov qword ptr [rsp], r12
;;    c: mov rsi, qword ptr [rdi - 0x18]
;;   10: mov r12, rdi
;;   13: mov rdi, qword ptr [rsi]
;;   16: mov r8, rsp
;;   19: cmp r8, rdi
;;   1c: jb 59
;;   22: mov r9, qword ptr [rsi + 0x30]
;;   26: mov r9d, dword ptr [r9]
;;   29: test r9d, r9d
;;   2c: jne 4f
;;   32: mov rdi, r12
;;   35: call func 3 <leaf>
;;   3a: mov rdi, r12
;;   3d: call func 1 <forever>
;;   42: mov r12, qword ptr [rsp]
;;   46: add rsp, 0x10
;;   4a: mov rsp, rbp
;;   4d: pop rbp
;;   4e: ret
;;   4f: mov rdi, r12
;;   52: call prefab_trap.Interrupted
;;   57: ud2
;;   59: mov rdi, r12
;;   5c: call prefab_trap.StackOverflow
;;   61: ud2

;;= x86_64: leaf
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov dword ptr [rdi], 1
;;    a: mov rsp, rbp
;;    d: pop rbp
;;    e: ret

;;= aarch64: sum
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: mov x0, x2
;;    c: mov w2, #0
;;   10: ldur x15, [x0, #-0x18]
;;   14: ldr x15, [x15, #0x30]
;;   18: ldr w1, [x15]
;;   1c: cbnz w1, 54
;;   20: mov w1, w3
;;   24: add x1, x1, #4
;;   28: cmp x1, #0x10, lsl #12
;;   2c: b.hi 48
;;   30: ldr w1, [x0, w3, uxtw]
;;   34: sub w3, w3, #4
;;   38: add w2, w2, w1
;;   3c: cbnz w3, 18
;;   40: ldp x29, x30, [sp], #0x10
;;   44: ret
;;   48: add x2, x0, #0
;;   4c: bl prefab_trap.MemoryOutOfBounds
;;   50: udf #0xc11f
;;   54: add x2, x0, #0
;;   58: bl prefab_trap.Interrupted
;;   5c: udf #0xc11f

;;= aarch64: forever
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x4, [x2, #-0x18]
;;    c: ldr x4, [x4, #0x30]
;;   10: ldr w6, [x4]
;;   14: cbz w6, 10
;;   18: bl prefab_trap.Interrupted
;;   1c: udf #0xc11f

;;= aarch64: calls
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: str x19, [sp, #-0x10]!
;;    c: ldur x6, [x2, #-0x18]
;;   10: mov x19, x2
;;   14: ldr x7, [x6]
;;   18: mov x8, sp
;;   1c: cmp x8, x7
;;   20: b.lo 58
;;   24: ldr x9, [x6, #0x30]
;;   28: ldr w9, [x9]
;;   2c: cbnz w9, 4c
;;   30: mov x2, x19
;;   34: bl func 3 <leaf>
;;   38: mov x2, x19
;;   3c: bl func 1 <forever>
;;   40: ldr x19, [sp], #0x10
;;   44: ldp x29, x30, [sp], #0x10
;;   48: ret
;;   4c: mov x2, x19
;;   50: bl prefab_trap.Interrupted
;;   54: udf #0xc11f
;;   58: mov x2, x19
;;   5c: bl prefab_trap.StackOverflow
;;   60: udf #0xc11f

;;= aarch64: leaf
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: mov w3, #1
;;    c: str w3, [x2]
;;   10: ldp x29, x30, [sp], #0x10
;;   14: ret

;;= riscv64: sum
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x10
;;    a: c.sdsp s6, 8(sp)
;;    c: c.mv a2, a0
;;    e: c.li a0, 0
;;   10: ld a3, -0x18(a2)
;;   14: c.ld a3, 0x30(a3)
;;   16: c.lw a4, 0(a3)
;;   18: c.addiw a4, 0
;;   1a: bnez a4, 0x38                            ; to 52
;;   1e: slli a4, a1, 0x20
;;   22: c.srli a4, 0x20
;;   24: addi a5, a4, 4
;;   28: c.lui s6, 0x10
;;   2a: bltu s6, a5, 0x1c                        ; to 46
;;   2e: c.add a4, a2
;;   30: c.lw a4, 0(a4)
;;   32: c.addiw a1, -4
;;   34: c.addw a0, a4
;;   36: bnez a1, -0x20                           ; to 16
;;   3a: c.ldsp s6, 8(sp)
;;   3c: c.addi16sp sp, 0x10
;;   3e: c.ldsp ra, 8(sp)
;;   40: c.ldsp s0, 0(sp)
;;   42: c.addi16sp sp, 0x10
;;   44: c.jr ra
;;   46: c.mv a0, a2
;;   48: auipc ra, 0
;;   4c: jalr prefab_trap.MemoryOutOfBounds
;;   50: c.unimp
;;   52: c.mv a0, a2
;;   54: auipc ra, 0
;;   58: jalr prefab_trap.Interrupted
;;   5c: c.unimp

;;= riscv64: forever
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: ld a1, -0x18(a0)
;;    c: c.ld a1, 0x30(a1)
;;    e: c.lw a2, 0(a1)
;;   10: c.addiw a2, 0
;;   12: beqz a2, -4                              ; to e
;;   16: auipc ra, 0
;;   1a: jalr prefab_trap.Interrupted
;;   1e: c.unimp

;;= riscv64: calls
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x10
;;    a: c.sdsp s1, 8(sp)
;;    c: ld a2, -0x18(a0)
;;   10: c.mv s1, a0
;;   12: c.ld a1, 0(a2)
;;   14: c.mv a0, sp
;;   16: bltu a0, a1, 0x3a                        ; to 50
;;   1a: c.ld a0, 0x30(a2)
;;   1c: c.lw a0, 0(a0)
;;   1e: c.addiw a0, 0
;;   20: bnez a0, 0x24                            ; to 44
;;   24: c.mv a0, s1
;;   26: auipc ra, 0
;;   2a: jalr func 3 <leaf>
;;   2e: c.mv a0, s1
;;   30: auipc ra, 0
;;   34: jalr func 1 <forever>
;;   38: c.ldsp s1, 8(sp)
;;   3a: c.addi16sp sp, 0x10
;;   3c: c.ldsp ra, 8(sp)
;;   3e: c.ldsp s0, 0(sp)
;;   40: c.addi16sp sp, 0x10
;;   42: c.jr ra
;;   44: c.mv a0, s1
;;   46: auipc ra, 0
;;   4a: jalr prefab_trap.Interrupted
;;   4e: c.unimp
;;   50: c.mv a0, s1
;;   52: auipc ra, 0
;;   56: jalr prefab_trap.StackOverflow
;;   5a: c.unimp

;;= riscv64: leaf
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.li a1, 1
;;    a: c.sw a1, 0(a0)
;;    c: c.ldsp ra, 8(sp)
;;    e: c.ldsp s0, 0(sp)
;;   10: c.addi16sp sp, 0x10
;;   12: c.jr ra

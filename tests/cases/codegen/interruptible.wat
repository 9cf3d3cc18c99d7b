;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! options = "-O1 --interruptible"
;;! func = "sum"
;;! func = "forever"
;;! func = "calls"
;;! func = "leaf"

;; A loop pays one load, which stays in it although nothing there is stored and the value is not
;; used. A function that calls others loads once; one that does neither, not at all.
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
;;    a: mov rcx, qword ptr [rcx + 0x28]
;;    e: mov edx, dword ptr [rcx]                 ; trap: interrupted
;;   10: mov edx, esi
;;   12: mov edx, dword ptr [rdi + rdx]           ; trap: out of bounds memory access
;;   15: sub esi, 4
;;   18: add eax, edx
;;   1a: test esi, esi
;;   1c: jne e
;;   22: mov rsp, rbp
;;   25: pop rbp
;;   26: ret

;;= x86_64: forever
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rsi, qword ptr [rdi - 0x18]
;;    8: mov rsi, qword ptr [rsi + 0x28]
;;    c: mov edi, dword ptr [rsi]                 ; trap: interrupted
;;    e: jmp c

;;= x86_64: calls
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: sub rsp, 0x10
;;    8: mov qword ptr [rsp], r12
;;    c: mov rsi, qword ptr [rdi - 0x18]
;;   10: mov r12, rdi
;;   13: mov rsi, qword ptr [rsi + 0x28]
;;   17: mov esi, dword ptr [rsi]                 ; trap: interrupted
;;   19: call func 3 <leaf>
;;   1e: mov rdi, r12
;;   21: call func 1 <forever>
;;   26: mov r12, qword ptr [rsp]
;;   2a: add rsp, 0x10
;;   2e: mov rsp, rbp
;;   31: pop rbp
;;   32: ret

;;= x86_64: leaf
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov dword ptr [rdi], 1                   ; trap: out of bounds memory access
;;    a: mov rsp, rbp
;;    d: pop rbp
;;    e: ret

;;= aarch64: sum
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: mov x12, x2
;;    c: mov w2, #0
;;   10: mov x13, x12
;;   14: ldur x11, [x13, #-0x18]
;;   18: ldr x11, [x11, #0x28]
;;   1c: ldr w14, [x11]                           ; trap: interrupted
;;   20: ldr w14, [x13, w3, uxtw]                 ; trap: out of bounds memory access
;;   24: sub w3, w3, #4
;;   28: add w2, w2, w14
;;   2c: cbnz w3, 1c
;;   30: ldp x29, x30, [sp], #0x10
;;   34: ret

;;= aarch64: forever
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x4, [x2, #-0x18]
;;    c: ldr x4, [x4, #0x28]
;;   10: ldr w6, [x4]                             ; trap: interrupted
;;   14: b 10

;;= aarch64: calls
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: str x19, [sp, #-0x10]!
;;    c: ldur x5, [x2, #-0x18]
;;   10: mov x19, x2
;;   14: ldr x5, [x5, #0x28]
;;   18: ldr w5, [x5]                             ; trap: interrupted
;;   1c: bl func 3 <leaf>
;;   20: mov x2, x19
;;   24: bl func 1 <forever>
;;   28: ldr x19, [sp], #0x10
;;   2c: ldp x29, x30, [sp], #0x10
;;   30: ret

;;= aarch64: leaf
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: mov w3, #1
;;    c: str w3, [x2]                             ; trap: out of bounds memory access
;;   10: ldp x29, x30, [sp], #0x10
;;   14: ret

;;= riscv64: sum
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.mv a5, a0
;;    a: c.li a0, 0
;;    c: c.mv a2, a5
;;    e: ld a4, -0x18(a2)
;;   12: c.ld a4, 0x28(a4)
;;   14: c.lw a3, 0(a4)                           ; trap: interrupted
;;   16: slli a5, a1, 0x20
;;   1a: srli a3, a5, 0x20
;;   1e: c.add a3, a2
;;   20: c.lw a3, 0(a3)                           ; trap: out of bounds memory access
;;   22: c.addiw a1, -4
;;   24: c.addw a0, a3
;;   26: bnez a1, -12                             ; to 14
;;   2a: c.ldsp ra, 8(sp)
;;   2c: c.ldsp s0, 0(sp)
;;   2e: c.addi16sp sp, 0x10
;;   30: c.jr ra

;;= riscv64: forever
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: ld a0, -0x18(a0)
;;    c: c.ld a0, 0x28(a0)
;;    e: c.lw a1, 0(a0)                           ; trap: interrupted
;;   10: c.j -2                                   ; to e

;;= riscv64: calls
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x10
;;    a: c.sdsp s1, 8(sp)
;;    c: ld a1, -0x18(a0)
;;   10: c.mv s1, a0
;;   12: c.ld a0, 0x28(a1)
;;   14: c.lw a0, 0(a0)                           ; trap: interrupted
;;   16: c.mv a0, s1
;;   18: auipc ra, 0
;;   1c: jalr func 3 <leaf>
;;   20: c.mv a0, s1
;;   22: auipc ra, 0
;;   26: jalr func 1 <forever>
;;   2a: c.ldsp s1, 8(sp)
;;   2c: c.addi16sp sp, 0x10
;;   2e: c.ldsp ra, 8(sp)
;;   30: c.ldsp s0, 0(sp)
;;   32: c.addi16sp sp, 0x10
;;   34: c.jr ra

;;= riscv64: leaf
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.li a1, 1
;;    a: c.sw a1, 0(a0)                           ; trap: out of bounds memory access
;;    c: c.ldsp ra, 8(sp)
;;    e: c.ldsp s0, 0(sp)
;;   10: c.addi16sp sp, 0x10
;;   12: c.jr ra

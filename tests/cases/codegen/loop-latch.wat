;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! func = "sum"

;; The counter and the next one are one register, and the loop ends with one branch.
(module
  (memory 1)
  (func $sum (export "sum") (param $n i32) (result i32)
    (local $i i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.shl (local.get $i) (i32.const 2)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.ne (local.get $i) (i32.const 100))))
    (local.get $sum)))

;;= x86_64: sum
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: xor eax, eax
;;    6: mov rsi, rax
;;    9: mov r10, rsi
;;    c: shl r10d, 2
;;   10: mov r10d, dword ptr [rdi + r10]          ; trap: out of bounds memory access
;;   14: add eax, r10d
;;   17: add esi, 1
;;   1d: cmp esi, 0x64
;;   20: jne 9                                    ; to 9
;;   26: mov rsp, rbp
;;   29: pop rbp
;;   2a: ret

;;= aarch64: sum
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: mov x10, x2
;;    c: mov w2, #0
;;   10: mov x5, x2
;;   14: lsl w9, w5, #2
;;   18: mov x12, x10
;;   1c: ldr w9, [x12, w9, uxtw]                  ; trap: out of bounds memory access
;;   20: add w2, w2, w9
;;   24: add w5, w5, #1
;;   28: cmp w5, #0x64
;;   2c: b.eq 38
;;   30: mov x10, x12
;;   34: b 14
;;   38: ldp x29, x30, [sp], #0x10
;;   3c: ret

;;= riscv64: sum
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.mv a2, a0
;;    a: c.li a0, 0
;;    c: c.mv a1, a0
;;    e: slliw a4, a1, 2
;;   12: slli a3, a4, 0x20
;;   16: srli a5, a3, 0x20
;;   1a: add a4, a2, a5
;;   1e: c.lw a4, 0(a4)                           ; trap: out of bounds memory access
;;   20: c.addw a0, a4
;;   22: c.addiw a1, 1
;;   24: addi a4, zero, 0x64
;;   28: c.addiw a4, 0
;;   2a: bne a1, a4, -0x1c                        ; to e
;;   2e: c.ldsp ra, 8(sp)
;;   30: c.ldsp s0, 0(sp)
;;   32: c.addi16sp sp, 0x10
;;   34: c.jr ra

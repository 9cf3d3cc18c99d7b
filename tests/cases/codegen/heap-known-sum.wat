;;! target = "x86_64"
;;! target = "riscv64"
;;! func = "masked"
;;! func = "wraps"

;; The sum of a number of few bits and a constant cannot wrap: the constant is part of the address.
(module
  (memory 1)
  (func $masked (export "masked") (param i32) (result i32)
    (i32.load8_u
      (i32.add (i32.shl (i32.and (local.get 0) (i32.const 63)) (i32.const 2)) (i32.const 1024))))
  (func $wraps (export "wraps") (param i32) (result i32)
    (i32.load8_u (i32.add (local.get 0) (i32.const 1024)))))

;;= x86_64: masked
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: and esi, 0x3f
;;    7: shl esi, 2
;;    a: movzx rax, byte ptr [rdi + rsi + 0x400]  ; trap: out of bounds memory access
;;   13: mov rsp, rbp
;;   16: pop rbp
;;   17: ret

;;= x86_64: wraps
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: add esi, 0x400
;;    a: movzx rax, byte ptr [rdi + rsi]          ; trap: out of bounds memory access
;;    f: mov rsp, rbp
;;   12: pop rbp
;;   13: ret

;;= riscv64: masked
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: andi a1, a1, 0x3f
;;    c: slliw a1, a1, 2
;;   10: c.slli a1, 0x20
;;   12: c.srli a1, 0x20
;;   14: c.add a0, a1
;;   16: lbu a0, 0x400(a0)                        ; trap: out of bounds memory access
;;   1a: c.ldsp ra, 8(sp)
;;   1c: c.ldsp s0, 0(sp)
;;   1e: c.addi16sp sp, 0x10
;;   20: c.jr ra

;;= riscv64: wraps
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: addiw a1, a1, 0x400
;;    c: c.slli a1, 0x20
;;    e: c.srli a1, 0x20
;;   10: c.add a0, a1
;;   12: lbu a0, 0(a0)                            ; trap: out of bounds memory access
;;   16: c.ldsp ra, 8(sp)
;;   18: c.ldsp s0, 0(sp)
;;   1a: c.addi16sp sp, 0x10
;;   1c: c.jr ra

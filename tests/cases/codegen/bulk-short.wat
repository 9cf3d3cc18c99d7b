;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! func = "copy"
;;! func = "fill"

;; What is short is loaded whole, then stored from its end: nothing is written if some is outside.
(module
  (memory 1)
  (func $copy (export "copy") (param i32 i32)
    (memory.copy (local.get 0) (local.get 1) (i32.const 27)))
  (func $fill (export "fill") (param i32 i32)
    (memory.fill (local.get 0) (local.get 1) (i32.const 27))))

;;= x86_64: copy
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov r8d, edx
;;    7: movdqu xmm7, xmmword ptr [rdi + r8]      ; trap: out of bounds memory access
;;    d: movdqu xmm0, xmmword ptr [rdi + r8 + 0xb] ; trap: out of bounds memory access
;;   14: mov r8d, esi
;;   17: movdqu xmmword ptr [rdi + r8 + 0xb], xmm0 ; trap: out of bounds memory access
;;   1e: movdqu xmmword ptr [rdi + r8], xmm7      ; trap: out of bounds memory access
;;   24: mov rsp, rbp
;;   27: pop rbp
;;   28: ret

;;= x86_64: fill
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: movd xmm0, edx
;;    8: pxor xmm1, xmm1
;;    c: pshufb xmm0, xmm1
;;   11: mov r8d, esi
;;   14: movdqu xmmword ptr [rdi + r8 + 0xb], xmm0 ; trap: out of bounds memory access
;;   1b: movdqu xmmword ptr [rdi + r8], xmm0      ; trap: out of bounds memory access
;;   21: mov rsp, rbp
;;   24: pop rbp
;;   25: ret

;;= aarch64: copy
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldr q7, [x2, w4, uxtw]                   ; trap: out of bounds memory access
;;    c: add x6, x2, #0xb
;;   10: ldr q16, [x6, w4, uxtw]                  ; trap: out of bounds memory access
;;   14: add x7, x2, #0xb
;;   18: str q16, [x7, w3, uxtw]                  ; trap: out of bounds memory access
;;   1c: str q7, [x2, w3, uxtw]                   ; trap: out of bounds memory access
;;   20: ldp x29, x30, [sp], #0x10
;;   24: ret

;;= aarch64: fill
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: dup v5.16b, w4
;;    c: add x5, x2, #0xb
;;   10: str q5, [x5, w3, uxtw]                   ; trap: out of bounds memory access
;;   14: str q5, [x2, w3, uxtw]                   ; trap: out of bounds memory access
;;   18: ldp x29, x30, [sp], #0x10
;;   1c: ret

;;= riscv64: copy
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.slli a2, 0x20
;;    a: srli a4, a2, 0x20
;;    e: add a2, a0, a4
;;   12: c.ld a3, 0(a2)                           ; trap: out of bounds memory access
;;   14: c.ld a4, 8(a2)                           ; trap: out of bounds memory access
;;   16: c.ld a5, 0x10(a2)                        ; trap: out of bounds memory access
;;   18: lw a2, 0x17(a2)                          ; trap: out of bounds memory access
;;   1c: c.slli a1, 0x20
;;   1e: c.srli a1, 0x20
;;   20: c.add a0, a1
;;   22: sw a2, 0x17(a0)                          ; trap: out of bounds memory access
;;   26: c.sd a5, 0x10(a0)                        ; trap: out of bounds memory access
;;   28: c.sd a4, 8(a0)                           ; trap: out of bounds memory access
;;   2a: c.sd a3, 0(a0)                           ; trap: out of bounds memory access
;;   2c: c.ldsp ra, 8(sp)
;;   2e: c.ldsp s0, 0(sp)
;;   30: c.addi16sp sp, 0x10
;;   32: c.jr ra

;;= riscv64: fill
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: andi a3, a2, 0xff
;;    c: lui a4, 0x1010
;;   10: addi a4, a4, 0x101
;;   14: mulw a4, a3, a4
;;   18: slli a3, a1, 0x20
;;   1c: srli a5, a3, 0x20
;;   20: add a3, a0, a5
;;   24: sw a4, 0x17(a3)                          ; trap: out of bounds memory access
;;   28: andi a4, a2, 0xff
;;   2c: auipc a5, 0
;;   30: ld a5, 0x1c(a5)
;;   34: mul a4, a4, a5
;;   38: c.sd a4, 0x10(a3)                        ; trap: out of bounds memory access
;;   3a: c.sd a4, 8(a3)                           ; trap: out of bounds memory access
;;   3c: c.sd a4, 0(a3)                           ; trap: out of bounds memory access
;;   3e: c.ldsp ra, 8(sp)
;;   40: c.ldsp s0, 0(sp)
;;   42: c.addi16sp sp, 0x10
;;   44: c.jr ra
;;   46: .bytes [00, 00, 01, 01, 01, 01, 01, 01]
;;   4e: .bytes [01, 01]

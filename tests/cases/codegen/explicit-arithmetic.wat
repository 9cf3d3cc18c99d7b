;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! options = "--traps explicit"
;;! func = "div_s"
;;! func = "div_u_constant"
;;! func = "trunc"

;; Traps that are explicit are comparisons and calls. Some targets' divisions still compare the
;; divisor before an instruction that traps and is never reached.
(module
  (func (export "div_s") (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.div_s)
  (func (export "div_u_constant") (param i32) (result i32)
    local.get 0
    i32.const 7
    i32.div_u)
  (func (export "trunc") (param f64) (result i32)
    local.get 0
    i32.trunc_f64_s))

;;= x86_64: div_s
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: test edx, edx
;;    6: je 42
;;    c: cmp edx, -1
;;    f: mov rcx, rdx
;;   12: sete r11b
;;   16: cmp esi, 0x80000000
;;   1c: sete al
;;   1f: test al, r11b
;;   22: jne 3b
;;   28: mov rax, rsi
;;   2b: cdq
;;   2c: test ecx, ecx
;;   2e: je 49
;;   34: idiv ecx
;;   36: mov rsp, rbp
;;   39: pop rbp
;;   3a: ret
;;   3b: call prefab_trap.IntegerOverflow
;;   40: ud2
;;   42: call prefab_trap.IntegerDivideByZero
;;   47: ud2
;;   49: ud2

;;= x86_64: div_u_constant
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rax, rsi
;;    7: mul dword ptr [rip + 0x13]
;;    d: sub esi, edx
;;    f: shr esi, 1
;;   11: lea eax, [rdx + rsi]
;;   14: shr eax, 2
;;   17: mov rsp, rbp
;;   1a: pop rbp
;;   1b: ret
;;   1c: .bytes [00, 00, 00, 00, 25, 49, 92, 24]
;;   24: .bytes [00, 00, 00, 00]

;;= x86_64: trunc
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: ucomisd xmm0, qword ptr [rip + 0x84]
;;    c: seta r10b
;;   10: movabs r9, 0x41e0000000000000
;;   1a: movq xmm1, r9
;;   1f: ucomisd xmm1, xmm0
;;   23: seta r11b
;;   27: test r11b, r10b
;;   2a: je 69
;;   30: cvttsd2si ecx, xmm0
;;   34: cmp ecx, 1
;;   37: jno 61
;;   3d: ucomisd xmm0, xmm0
;;   41: jnp 4e
;;   47: xor ecx, ecx
;;   49: jmp 61
;;   4e: xorpd xmm1, xmm1
;;   52: ucomisd xmm1, xmm0
;;   56: jae 61
;;   5c: mov ecx, 0x7fffffff
;;   61: mov rax, rcx
;;   64: mov rsp, rbp
;;   67: pop rbp
;;   68: ret
;;   69: ucomisd xmm0, xmm0
;;   6d: jp 7a
;;   73: call prefab_trap.IntegerOverflow
;;   78: ud2
;;   7a: call prefab_trap.InvalidConversionToInteger
;;   7f: ud2
;;   81: .bytes [00, 00, 00, 00, 00, 00, 00, 00]
;;   89: .bytes [00, 00, 00, 00, 00, 00, 00, 00]
;;   91: .bytes [00, 20, 00, 00, 00, e0, c1, 00]
;;   99: .bytes [00, 00, 00, 00, 00, 00, 00]

;;= aarch64: div_s
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: cbz w4, 54
;;    c: mov w10, #-1
;;   10: cmp w4, w10
;;   14: cset x11, eq
;;   18: mov w12, #-0x80000000
;;   1c: cmp w3, w12
;;   20: cset x12, eq
;;   24: and w12, w11, w12
;;   28: tst w12, #0xff
;;   2c: b.ne 4c
;;   30: cbz w4, 5c
;;   34: cmn w4, #1
;;   38: ccmp w3, #1, #0, eq
;;   3c: b.vs 60
;;   40: sdiv w2, w3, w4
;;   44: ldp x29, x30, [sp], #0x10
;;   48: ret
;;   4c: bl prefab_trap.IntegerOverflow
;;   50: udf #0xc11f
;;   54: bl prefab_trap.IntegerDivideByZero
;;   58: udf #0xc11f
;;   5c: udf #0xc11f
;;   60: udf #0xc11f

;;= aarch64: div_u_constant
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: mov w12, #0x4925
;;    c: movk w12, #0x2492, lsl #16
;;   10: mov w9, w3
;;   14: mov w11, w12
;;   18: mul x13, x9, x11
;;   1c: lsr x15, x13, #0x20
;;   20: sub w12, w3, w15
;;   24: lsr w12, w12, #1
;;   28: add w12, w15, w12
;;   2c: lsr w2, w12, #2
;;   30: ldp x29, x30, [sp], #0x10
;;   34: ret

;;= aarch64: trunc
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldr d16, #0x118
;;    c: fcmp d0, d16
;;   10: cset x10, gt
;;   14: mov x9, #0x41e0000000000000
;;   18: fmov d16, x9
;;   1c: fcmp d0, d16
;;   20: cset x11, mi
;;   24: and w11, w10, w11
;;   28: tst w11, #0xff
;;   2c: b.eq 3c
;;   30: fcvtzs w2, d0
;;   34: ldp x29, x30, [sp], #0x10
;;   38: ret
;;   3c: fcmp d0, d0
;;   40: b.vs 4c
;;   44: bl prefab_trap.IntegerOverflow
;;   48: udf #0xc11f
;;   4c: bl prefab_trap.InvalidConversionToInteger
;;   50: udf #0xc11f
;;   54: .bytes [00, 00, 00, 00, 00, 00, 20, 00]
;;   5c: .bytes [00, 00, e0, c1]

;;= riscv64: div_s
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: sext.w a3, a2
;;    c: beqz a3, 60                              ; to 6c
;;   10: sext.w a3, a2
;;   14: not a3, a3
;;   18: seqz a3, a3
;;   1c: lui a4, 0x80000
;;   20: sext.w a5, a1
;;   24: c.addiw a4, 0
;;   26: c.xor a4, a5
;;   28: seqz a4, a4
;;   2c: c.and a3, a4
;;   2e: andi a3, a3, 0xff
;;   32: bnez a3, 0x30                            ; to 62
;;   36: sext.w a0, a1
;;   3a: sext.w a1, a2
;;   3e: bnez a1, 6                               ; to 44
;;   42: c.unimp
;;   44: lui a2, 0x80000
;;   48: c.xor a2, a0
;;   4a: not a3, a1
;;   4e: c.or a2, a3
;;   50: bnez a2, 6                               ; to 56
;;   54: c.unimp
;;   56: divw a0, a0, a1
;;   5a: c.ldsp ra, 8(sp)
;;   5c: c.ldsp s0, 0(sp)
;;   5e: c.addi16sp sp, 0x10
;;   60: c.jr ra
;;   62: auipc ra, 0
;;   66: jalr prefab_trap.IntegerOverflow
;;   6a: c.unimp
;;   6c: auipc ra, 0
;;   70: jalr prefab_trap.IntegerDivideByZero
;;   74: c.unimp

;;= riscv64: div_u_constant
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: lui a3, 0x24925
;;    c: addi a5, a3, -0x6db
;;   10: slli a0, a1, 0x20
;;   14: srli a2, a0, 0x20
;;   18: slli a3, a5, 0x20
;;   1c: srli a5, a3, 0x20
;;   20: mul a0, a2, a5
;;   24: c.srli a0, 0x20
;;   26: subw a4, a1, a0
;;   2a: srliw a4, a4, 1
;;   2e: c.addw a4, a0
;;   30: srliw a0, a4, 2
;;   34: c.ldsp ra, 8(sp)
;;   36: c.ldsp s0, 0(sp)
;;   38: c.addi16sp sp, 0x10
;;   3a: c.jr ra

;;= riscv64: trunc
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: auipc a1, 0
;;    c: ld a1, 0x60(a1)
;;   10: fmv.d.x fa1, a1
;;   14: flt.d a1, fa1, fa0
;;   18: lui a2, 0x20f
;;   1c: c.slli a2, 0x29
;;   1e: fmv.d.x fa1, a2
;;   22: flt.d a2, fa0, fa1
;;   26: c.and a1, a2
;;   28: andi a1, a1, 0xff
;;   2c: beqz a1, 0x1a                            ; to 46
;;   30: fcvt.w.d a0, fa0, rtz
;;   34: feq.d a1, fa0, fa0
;;   38: neg a1, a1
;;   3c: c.and a0, a1
;;   3e: c.ldsp ra, 8(sp)
;;   40: c.ldsp s0, 0(sp)
;;   42: c.addi16sp sp, 0x10
;;   44: c.jr ra
;;   46: feq.d a1, fa0, fa0
;;   4a: feq.d a2, fa0, fa0
;;   4e: c.and a1, a2
;;   50: beqz a1, 0xe                             ; to 5e
;;   54: auipc ra, 0
;;   58: jalr prefab_trap.IntegerOverflow
;;   5c: c.unimp
;;   5e: auipc ra, 0
;;   62: jalr prefab_trap.InvalidConversionToInteger
;;   66: c.unimp
;;   68: .bytes [00, 00, 20, 00, 00, 00, e0, c1]

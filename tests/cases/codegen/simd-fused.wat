;;! target = "x86_64"
;;! target = "aarch64"
;;! func = "dot"
;;! func = "extend"
;;! func = "sum"

;; Operators that are several of Cranelift's come out as one instruction or two, also when one
;; takes the result of another.
(module
  (func (export "dot") (param v128 v128 v128) (result v128)
    local.get 0
    local.get 1
    i32x4.dot_i16x8_s
    local.get 2
    i32x4.add)
  (func (export "extend") (param v128 v128) (result v128)
    local.get 0
    local.get 1
    i32x4.extmul_low_i16x8_s)
  (func (export "sum") (param v128) (result v128)
    local.get 0
    i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_u))

;;= x86_64: dot
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: pmaddwd xmm0, xmm1
;;    8: paddd xmm0, xmm2
;;    c: mov rsp, rbp
;;    f: pop rbp
;;   10: ret

;;= x86_64: extend
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: movdqa xmm2, xmm0
;;    8: pmullw xmm0, xmm1
;;    c: pmulhw xmm2, xmm1
;;   10: punpcklwd xmm0, xmm2
;;   14: mov rsp, rbp
;;   17: pop rbp
;;   18: ret

;;= x86_64: sum
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: pmaddubsw xmm0, xmmword ptr [rip + 0x23]
;;    d: pxor xmm0, xmmword ptr [rip + 0x2b]
;;   15: pmaddwd xmm0, xmmword ptr [rip + 0x33]
;;   1d: paddd xmm0, xmmword ptr [rip + 0x3b]
;;   25: mov rsp, rbp
;;   28: pop rbp
;;   29: ret
;;   2a: .bytes [00, 00, 00, 00, 00, 00, 01, 01]
;;   32: .bytes [01, 01, 01, 01, 01, 01, 01, 01]
;;   3a: .bytes [01, 01, 01, 01, 01, 01, 00, 80]
;;   42: .bytes [00, 80, 00, 80, 00, 80, 00, 80]
;;   4a: .bytes [00, 80, 00, 80, 00, 80, 01, 00]
;;   52: .bytes [01, 00, 01, 00, 01, 00, 01, 00]
;;   5a: .bytes [01, 00, 01, 00, 01, 00, 00, 00]
;;   62: .bytes [01, 00, 00, 00, 01, 00, 00, 00]
;;   6a: .bytes [01, 00, 00, 00, 01, 00]

;;= aarch64: dot
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: smull v16.4s, v0.4h, v1.4h
;;    c: smull2 v17.4s, v0.8h, v1.8h
;;   10: addp v16.4s, v16.4s, v17.4s
;;   14: add v0.4s, v16.4s, v2.4s
;;   18: ldp x29, x30, [sp], #0x10
;;   1c: ret

;;= aarch64: extend
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: smull v0.4s, v0.4h, v1.4h
;;    c: ldp x29, x30, [sp], #0x10
;;   10: ret

;;= aarch64: sum
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: uaddlp v4.8h, v0.16b
;;    c: uaddlp v0.4s, v4.8h
;;   10: ldp x29, x30, [sp], #0x10
;;   14: ret

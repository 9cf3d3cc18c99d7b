;;! target = "x86_64"
;;! target = "aarch64"
;;! func = "blend"
;;! func = "pmin"

;; A selection by a comparison is a blend; the lesser of two floats is what the machine means by it.
(module
  (func (export "blend") (param v128 v128 v128) (result v128)
    local.get 0
    local.get 1
    local.get 0
    local.get 2
    i16x8.gt_s
    v128.bitselect)
  (func (export "pmin") (param v128 v128) (result v128)
    local.get 0
    local.get 1
    f32x4.pmin))

;;= x86_64: blend
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: movdqa xmm3, xmm0
;;    8: pcmpgtw xmm0, xmm2
;;    c: movdqa xmm2, xmm3
;;   10: movdqa xmm6, xmm1
;;   14: pblendvb xmm6, xmm2, xmm0
;;   19: movdqa xmm0, xmm6
;;   1d: mov rsp, rbp
;;   20: pop rbp
;;   21: ret

;;= x86_64: pmin
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: movdqa xmm5, xmm0
;;    8: movdqa xmm0, xmm1
;;    c: minps xmm0, xmm5
;;    f: mov rsp, rbp
;;   12: pop rbp
;;   13: ret

;;= aarch64: blend
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: mov v16.16b, v0.16b
;;    c: cmgt v0.8h, v16.8h, v2.8h
;;   10: bsl v0.16b, v16.16b, v1.16b
;;   14: ldp x29, x30, [sp], #0x10
;;   18: ret

;;= aarch64: pmin
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: mov v7.16b, v0.16b
;;    c: fcmgt v0.4s, v7.4s, v1.4s
;;   10: bsl v0.16b, v1.16b, v7.16b
;;   14: ldp x29, x30, [sp], #0x10
;;   18: ret

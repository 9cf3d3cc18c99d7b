;;! target = "x86_64"
;;! target = "aarch64"
;;! func = "divide"
;;! func = "unreachable"

;; `unreachable` calls a stub, which raises no signal. The division traps by itself.
(module
  (func (export "divide") (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.div_s)
  (func (export "unreachable") (param i32)
    local.get 0
    if
      unreachable
    end))

;;= x86_64: divide
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rax, rsi
;;    7: mov r11, rdx
;;    a: cdq
;;    b: test r11d, r11d
;;    e: je 1c
;;   14: idiv r11d                                ; trap: integer overflow
;;   17: mov rsp, rbp
;;   1a: pop rbp
;;   1b: ret
;;   1c: ud2                                      ; trap: integer divide by zero

;;= x86_64: unreachable
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: test esi, esi
;;    6: jne 11
;;    c: mov rsp, rbp
;;    f: pop rbp
;;   10: ret
;;   11: call prefab_trap.Unreachable
;;   16: ud2

;;= aarch64: divide
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: cbz w4, 24
;;    c: cmn w4, #1
;;   10: ccmp w3, #1, #0, eq
;;   14: b.vs 28
;;   18: sdiv w2, w3, w4
;;   1c: ldp x29, x30, [sp], #0x10
;;   20: ret
;;   24: udf #0xc11f                              ; trap: integer divide by zero
;;   28: udf #0xc11f                              ; trap: integer overflow

;;= aarch64: unreachable
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: cbnz w3, 14
;;    c: ldp x29, x30, [sp], #0x10
;;   10: ret
;;   14: bl prefab_trap.Unreachable
;;   18: udf #0xc11f

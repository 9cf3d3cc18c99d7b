;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! func = "load"
;;! func = "store"

;; The context is the base of memory 0: an access needs no other register and no check.
(module
  (memory 1)
  (func (export "load") (param i32) (result i32)
    local.get 0
    i32.load offset=16)
  (func (export "store") (param i32 i64)
    local.get 0
    local.get 1
    i64.store offset=4096))

;;= x86_64: load
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov esi, esi
;;    6: mov eax, dword ptr [rdi + rsi + 0x10]    ; trap: out of bounds memory access
;;    a: mov rsp, rbp
;;    d: pop rbp
;;    e: ret

;;= x86_64: store
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov esi, esi
;;    6: mov qword ptr [rdi + rsi + 0x1000], rdx  ; trap: out of bounds memory access
;;    e: mov rsp, rbp
;;   11: pop rbp
;;   12: ret

;;= aarch64: load
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: add x4, x2, w3, uxtw
;;    c: ldr w2, [x4, #0x10]                      ; trap: out of bounds memory access
;;   10: ldp x29, x30, [sp], #0x10
;;   14: ret

;;= aarch64: store
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: add x5, x2, w3, uxtw
;;    c: str x4, [x5, #0x1000]                    ; trap: out of bounds memory access
;;   10: ldp x29, x30, [sp], #0x10
;;   14: ret

;;= riscv64: load
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.slli a1, 0x20
;;    a: c.srli a1, 0x20
;;    c: c.add a0, a1
;;    e: c.lw a0, 0x10(a0)                        ; trap: out of bounds memory access
;;   10: c.ldsp ra, 8(sp)
;;   12: c.ldsp s0, 0(sp)
;;   14: c.addi16sp sp, 0x10
;;   16: c.jr ra

;;= riscv64: store
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.slli a1, 0x20
;;    a: c.srli a1, 0x20
;;    c: c.add a0, a1
;;    e: c.lui t6, 1
;;   10: c.add t6, a0
;;   12: sd a2, 0(t6)                             ; trap: out of bounds memory access
;;   16: c.ldsp ra, 8(sp)
;;   18: c.ldsp s0, 0(sp)
;;   1a: c.addi16sp sp, 0x10
;;   1c: c.jr ra

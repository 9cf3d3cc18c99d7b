;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! options = "--memory bounded"
;;! func = "load"
;;! func = "imported"

;; A memory whose size cannot change is compared with a constant; an imported one has its size where
;; its definition is.
(module
  (import "env" "memory" (memory 1))
  (memory $fixed 2 2)
  (func (export "load") (param i32) (result i32)
    local.get 0
    i32.load $fixed)
  (func (export "imported") (param i32) (result i32)
    local.get 0
    i32.load))

;;= x86_64: load
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov esi, esi
;;    6: lea r8, [rsi + 4]
;;    a: cmp r8, 0x20000
;;   11: ja 24
;;   17: mov r8, qword ptr [rdi - 0x50]
;;   1b: mov eax, dword ptr [r8 + rsi]
;;   1f: mov rsp, rbp
;;   22: pop rbp
;;   23: ret
;;   24: ud2                                      ; trap: out of bounds memory access

;;= x86_64: imported
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rdi, qword ptr [rdi - 0x60]
;;    8: mov r8d, esi
;;    b: lea r9, [r8 + 4]
;;    f: cmp r9, qword ptr [rdi + 8]
;;   13: ja 25
;;   19: mov r9, qword ptr [rdi]
;;   1c: mov eax, dword ptr [r9 + r8]
;;   20: mov rsp, rbp
;;   23: pop rbp
;;   24: ret
;;   25: ud2                                      ; trap: out of bounds memory access

;;= aarch64: load
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: mov w6, w3
;;    c: add x6, x6, #4
;;   10: cmp x6, #0x20, lsl #12
;;   14: b.hi 28
;;   18: ldur x8, [x2, #-0x50]
;;   1c: ldr w2, [x8, w3, uxtw]
;;   20: ldp x29, x30, [sp], #0x10
;;   24: ret
;;   28: udf #0xc11f                              ; trap: out of bounds memory access

;;= aarch64: imported
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x8, [x2, #-0x60]
;;    c: ldr x9, [x8, #8]
;;   10: mov w10, w3
;;   14: add x10, x10, #4
;;   18: cmp x10, x9
;;   1c: b.hi 30
;;   20: ldr x10, [x8]
;;   24: ldr w2, [x10, w3, uxtw]
;;   28: ldp x29, x30, [sp], #0x10
;;   2c: ret
;;   30: udf #0xc11f                              ; trap: out of bounds memory access

;;= riscv64: load
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.slli a1, 0x20
;;    a: c.srli a1, 0x20
;;    c: addi a2, a1, 4
;;   10: lui a3, 0x20
;;   14: bgeu a3, a2, 6                           ; to 1a
;;   18: c.unimp                                  ; trap: out of bounds memory access
;;   1a: ld a0, -0x50(a0)
;;   1e: c.add a0, a1
;;   20: c.lw a0, 0(a0)
;;   22: c.ldsp ra, 8(sp)
;;   24: c.ldsp s0, 0(sp)
;;   26: c.addi16sp sp, 0x10
;;   28: c.jr ra

;;= riscv64: imported
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: ld a0, -0x60(a0)
;;    c: c.ld a3, 8(a0)
;;    e: c.slli a1, 0x20
;;   10: srli a2, a1, 0x20
;;   14: addi a1, a2, 4
;;   18: bgeu a3, a1, 6                           ; to 1e
;;   1c: c.unimp                                  ; trap: out of bounds memory access
;;   1e: c.ld a1, 0(a0)
;;   20: c.add a1, a2
;;   22: c.lw a0, 0(a1)
;;   24: c.ldsp ra, 8(sp)
;;   26: c.ldsp s0, 0(sp)
;;   28: c.addi16sp sp, 0x10
;;   2a: c.jr ra

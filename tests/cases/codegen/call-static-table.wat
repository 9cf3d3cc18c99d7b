;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! func = "call"

;; A table that nobody writes lies in read-only data; the type is compared with an immediate. It has too
;; many functions of the type for comparisons of the index.
(module
  (type $unary (func (param i32) (result i32)))
  (table funcref (elem $double $square $nothing $double $square $nothing $double $square $double $double $double $double))
  (func $double (type $unary)
    local.get 0
    i32.const 1
    i32.shl)
  (func $square (type $unary)
    local.get 0
    local.get 0
    i32.mul)
  (func $nothing)
  (func (export "call") (param i32 i32) (result i32)
    local.get 1
    local.get 0
    call_indirect (type $unary)))

;;= x86_64: call
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: cmp esi, 0xc
;;    7: jae 49
;;    d: mov r11, qword ptr [rdi - 0x30]
;;   11: mov eax, esi
;;   13: mov ecx, dword ptr [r11 + rax*8 + 4]
;;   18: test ecx, ecx
;;   1a: jne 32
;;   20: mov eax, dword ptr [r11 + rax*8]
;;   24: add rax, qword ptr [rdi - 0x28]
;;   28: mov rsi, rdx
;;   2b: call rax
;;   2d: mov rsp, rbp
;;   30: pop rbp
;;   31: ret
;;   32: cmp ecx, -1
;;   35: je 42
;;   3b: call prefab_trap.IndirectCallTypeMismatch
;;   40: ud2
;;   42: call prefab_trap.UninitializedElement
;;   47: ud2
;;   49: call prefab_trap.UndefinedElement
;;   4e: ud2

;;= aarch64: call
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: cmp w3, #0xc
;;    c: b.hs 60
;;   10: ldur x15, [x2, #-0x30]
;;   14: mov w1, w3
;;   18: lsl x0, x1, #3
;;   1c: add x1, x15, x1, lsl #3
;;   20: ldr w1, [x1, #4]
;;   24: cbnz w1, 44
;;   28: ldr w0, [x15, x0]
;;   2c: ldur x1, [x2, #-0x28]
;;   30: add x0, x1, w0, uxtw
;;   34: mov x3, x4
;;   38: blr x0
;;   3c: ldp x29, x30, [sp], #0x10
;;   40: ret
;;   44: mov w0, #-1
;;   48: cmp w1, w0
;;   4c: b.eq 58
;;   50: bl prefab_trap.IndirectCallTypeMismatch
;;   54: udf #0xc11f
;;   58: bl prefab_trap.UninitializedElement
;;   5c: udf #0xc11f
;;   60: bl prefab_trap.UndefinedElement
;;   64: udf #0xc11f

;;= riscv64: call
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.li a3, 0xc
;;    a: slli a4, a1, 0x20
;;    e: c.srli a4, 0x20
;;   10: c.slli a3, 0x20
;;   12: c.srli a3, 0x20
;;   14: bgeu a4, a3, 0x52                        ; to 66
;;   18: ld a3, -0x30(a0)
;;   1c: c.slli a1, 0x20
;;   1e: c.srli a1, 0x20
;;   20: c.slli a1, 3
;;   22: c.add a1, a3
;;   24: c.lw a3, 4(a1)
;;   26: sext.w a4, a3
;;   2a: bnez a4, 0x1c                            ; to 46
;;   2e: c.lw a3, 0(a1)
;;   30: ld a1, -0x28(a0)
;;   34: c.slli a3, 0x20
;;   36: c.srli a3, 0x20
;;   38: c.add a3, a1
;;   3a: c.mv a1, a2
;;   3c: c.jalr a3
;;   3e: c.ldsp ra, 8(sp)
;;   40: c.ldsp s0, 0(sp)
;;   42: c.addi16sp sp, 0x10
;;   44: c.jr ra
;;   46: c.li a1, -1
;;   48: sext.w a2, a3
;;   4c: c.addiw a1, 0
;;   4e: beq a2, a1, 0xe                          ; to 5c
;;   52: auipc ra, 0
;;   56: jalr prefab_trap.IndirectCallTypeMismatch
;;   5a: c.unimp
;;   5c: auipc ra, 0
;;   60: jalr prefab_trap.UninitializedElement
;;   64: c.unimp
;;   66: auipc ra, 0
;;   6a: jalr prefab_trap.UndefinedElement
;;   6e: c.unimp

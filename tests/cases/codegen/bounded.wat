;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! options = "--memory bounded"
;;! func = "load"
;;! func = "constant"
;;! func = "far"
;;! func = "twice"

;; A checked access compares its end with the memory's size, which lies before the context; an
;; address that is known to lie in the least size is not compared. What is read twice is read once.
(module
  (memory 1)
  (func (export "load") (param i32) (result i32)
    local.get 0
    i32.load offset=16)
  (func (export "constant") (result i64)
    i32.const 65528
    i64.load)
  (func (export "far") (param i32 i32)
    local.get 0
    local.get 1
    i32.store8 offset=4294967295)
  (func (export "twice") (param i32) (result i32)
    local.get 0
    i32.load
    local.get 0
    i32.load offset=4
    i32.add))

;;= x86_64: load
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov esi, esi
;;    6: lea r8, [rsi + 0x14]
;;    a: cmp r8, qword ptr [rdi - 8]
;;    e: ja 1d
;;   14: mov eax, dword ptr [rdi + rsi + 0x10]
;;   18: mov rsp, rbp
;;   1b: pop rbp
;;   1c: ret
;;   1d: ud2                                      ; trap: out of bounds memory access

;;= x86_64: constant
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rax, qword ptr [rdi + 0xfff8]
;;    b: mov rsp, rbp
;;    e: pop rbp
;;    f: ret

;;= x86_64: far
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov r8d, esi
;;    7: movabs r9, 0x100000000
;;   11: add r9, r8
;;   14: cmp r9, qword ptr [rdi - 8]
;;   18: ja 30
;;   1e: mov r10d, 0xffffffff
;;   24: add r10, r8
;;   27: mov byte ptr [rdi + r10], dl
;;   2b: mov rsp, rbp
;;   2e: pop rbp
;;   2f: ret
;;   30: ud2                                      ; trap: out of bounds memory access

;;= x86_64: twice
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov r10, qword ptr [rdi - 8]
;;    8: mov r9d, esi
;;    b: lea r11, [r9 + 4]
;;    f: cmp r11, r10
;;   12: ja 36
;;   18: mov r11d, dword ptr [rdi + r9]
;;   1c: lea rax, [r9 + 8]
;;   20: cmp rax, r10
;;   23: ja 38
;;   29: mov eax, dword ptr [rdi + r9 + 4]
;;   2e: add eax, r11d
;;   31: mov rsp, rbp
;;   34: pop rbp
;;   35: ret
;;   36: ud2                                      ; trap: out of bounds memory access
;;   38: ud2                                      ; trap: out of bounds memory access

;;= aarch64: load
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x7, [x2, #-8]
;;    c: mov w8, w3
;;   10: add x8, x8, #0x14
;;   14: cmp x8, x7
;;   18: b.hi 2c
;;   1c: add x9, x2, w3, uxtw
;;   20: ldr w2, [x9, #0x10]
;;   24: ldp x29, x30, [sp], #0x10
;;   28: ret
;;   2c: udf #0xc11f                              ; trap: out of bounds memory access

;;= aarch64: constant
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: mov x3, #0xfff8
;;    c: ldr x2, [x2, x3]
;;   10: ldp x29, x30, [sp], #0x10
;;   14: ret

;;= aarch64: far
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x8, [x2, #-8]
;;    c: mov x9, #0x100000000
;;   10: add x9, x9, w3, uxtw
;;   14: cmp x9, x8
;;   18: b.hi 30
;;   1c: mov x10, #0xffffffff
;;   20: add x10, x10, w3, uxtw
;;   24: strb w4, [x2, x10]
;;   28: ldp x29, x30, [sp], #0x10
;;   2c: ret
;;   30: udf #0xc11f                              ; trap: out of bounds memory access

;;= aarch64: twice
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x10, [x2, #-8]
;;    c: mov w11, w3
;;   10: add x12, x11, #4
;;   14: cmp x12, x10
;;   18: b.hi 40
;;   1c: add x13, x2, w3, uxtw
;;   20: ldr w12, [x2, w3, uxtw]
;;   24: add x14, x11, #8
;;   28: cmp x14, x10
;;   2c: b.hi 44
;;   30: ldr w14, [x13, #4]
;;   34: add w2, w12, w14
;;   38: ldp x29, x30, [sp], #0x10
;;   3c: ret
;;   40: udf #0xc11f                              ; trap: out of bounds memory access
;;   44: udf #0xc11f                              ; trap: out of bounds memory access

;;= riscv64: load
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: ld a3, -8(a0)
;;    c: c.slli a1, 0x20
;;    e: srli a2, a1, 0x20
;;   12: addi a1, a2, 0x14
;;   16: bgeu a3, a1, 6                           ; to 1c
;;   1a: c.unimp                                  ; trap: out of bounds memory access
;;   1c: c.add a0, a2
;;   1e: c.lw a0, 0x10(a0)
;;   20: c.ldsp ra, 8(sp)
;;   22: c.ldsp s0, 0(sp)
;;   24: c.addi16sp sp, 0x10
;;   26: c.jr ra

;;= riscv64: constant
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.lui t6, 0x10
;;    a: c.addi t6, -8
;;    c: c.add t6, a0
;;    e: ld a0, 0(t6)
;;   12: c.ldsp ra, 8(sp)
;;   14: c.ldsp s0, 0(sp)
;;   16: c.addi16sp sp, 0x10
;;   18: c.jr ra

;;= riscv64: far
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: ld a3, -8(a0)
;;    c: c.slli a1, 0x20
;;    e: srli a4, a1, 0x20
;;   12: c.lui a1, 1
;;   14: slli a5, a1, 0x14
;;   18: c.add a5, a4
;;   1a: bgeu a3, a5, 6                           ; to 20
;;   1e: c.unimp                                  ; trap: out of bounds memory access
;;   20: auipc a3, 0
;;   24: ld a3, 0x18(a3)
;;   28: c.add a3, a4
;;   2a: c.add a3, a0
;;   2c: sb a2, 0(a3)
;;   30: c.ldsp ra, 8(sp)
;;   32: c.ldsp s0, 0(sp)
;;   34: c.addi16sp sp, 0x10
;;   36: c.jr ra
;;   38: .bytes [ff, ff, ff, ff, 00, 00, 00, 00]

;;= riscv64: twice
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: ld a5, -8(a0)
;;    c: c.slli a1, 0x20
;;    e: srli a2, a1, 0x20
;;   12: addi a1, a2, 4
;;   16: bgeu a5, a1, 6                           ; to 1c
;;   1a: c.unimp                                  ; trap: out of bounds memory access
;;   1c: add a4, a0, a2
;;   20: c.lw a3, 0(a4)
;;   22: c.addi a2, 8
;;   24: bgeu a5, a2, 6                           ; to 2a
;;   28: c.unimp                                  ; trap: out of bounds memory access
;;   2a: c.lw a4, 4(a4)
;;   2c: addw a0, a3, a4
;;   30: c.ldsp ra, 8(sp)
;;   32: c.ldsp s0, 0(sp)
;;   34: c.addi16sp sp, 0x10
;;   36: c.jr ra

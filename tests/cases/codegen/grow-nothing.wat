;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! func = "nothing"
;;! func = "some"

;; Growing by nothing is asking for the size: no call. What grows is out of the way.
(module
  (memory 1)
  (func (export "nothing") (result i32)
    i32.const 0
    memory.grow)
  (func (export "some") (param i32) (result i32)
    local.get 0
    memory.grow))

;;= x86_64: nothing
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rax, qword ptr [rdi - 8]
;;    8: shr rax, 0x10
;;    c: mov rsp, rbp
;;    f: pop rbp
;;   10: ret

;;= x86_64: some
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rax, qword ptr [rdi - 8]
;;    8: shr rax, 0x10
;;    c: test esi, esi
;;    e: mov r11, rsi
;;   11: jne 1c
;;   17: mov rsp, rbp
;;   1a: pop rbp
;;   1b: ret
;;   1c: xor esi, esi
;;   1e: mov rax, r11
;;   21: mov edx, eax
;;   23: call prefab_stub.prefab_rt_memory_grow
;;   28: jmp 17

;;= aarch64: nothing
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x3, [x2, #-8]
;;    c: lsr x2, x3, #0x10
;;   10: ldp x29, x30, [sp], #0x10
;;   14: ret

;;= aarch64: some
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldur x9, [x2, #-8]
;;    c: mov x10, x2
;;   10: lsr x2, x9, #0x10
;;   14: cbnz w3, 20
;;   18: ldp x29, x30, [sp], #0x10
;;   1c: ret
;;   20: mov x0, x3
;;   24: mov w3, #0
;;   28: mov w4, w0
;;   2c: mov x2, x10
;;   30: bl prefab_stub.prefab_rt_memory_grow
;;   34: b 18

;;= riscv64: nothing
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: ld a0, -8(a0)
;;    c: c.srli a0, 0x10
;;    e: c.ldsp ra, 8(sp)
;;   10: c.ldsp s0, 0(sp)
;;   12: c.addi16sp sp, 0x10
;;   14: c.jr ra

;;= riscv64: some
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: ld a2, -8(a0)
;;    c: c.mv a3, a0
;;    e: srli a0, a2, 0x10
;;   12: sext.w a2, a1
;;   16: c.mv a4, a1
;;   18: bnez a2, 0xc                             ; to 24
;;   1c: c.ldsp ra, 8(sp)
;;   1e: c.ldsp s0, 0(sp)
;;   20: c.addi16sp sp, 0x10
;;   22: c.jr ra
;;   24: c.li a1, 0
;;   26: c.mv a0, a4
;;   28: slli a2, a0, 0x20
;;   2c: c.srli a2, 0x20
;;   2e: c.mv a0, a3
;;   30: auipc ra, 0
;;   34: jalr prefab_stub.prefab_rt_memory_grow
;;   38: c.j -0x1c                                ; to 1c

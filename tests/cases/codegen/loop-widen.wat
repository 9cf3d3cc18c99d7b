;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! func = "translated"
;;! func = "last"

;; Pointers that a loop carries, and bytes that are indices, are held extended: no access extends
;; one.
(module
  (memory 1)
  (func $translated (export "translated") (param $from i32) (param $to i32) (param $n i32)
    (loop $next
      (i32.store8 (local.get $to)
        (i32.load8_u offset=1024 (i32.load8_u (local.get $from))))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; A pointer that is loaded, and that is also a result of 32 bits.
  (func $last (export "last") (param $node i32) (result i32)
    (local $next i32)
    (local.set $next (i32.load (local.get $node)))
    (loop $again
      (local.set $node (local.get $next))
      (br_if $again (local.tee $next (i32.load (local.get $node)))))
    (local.get $node)))

;;= x86_64: translated
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov r9d, edx
;;    7: mov r8d, esi
;;    a: movzx rax, byte ptr [rdi + r8]           ; trap: out of bounds memory access
;;    f: movzx rax, byte ptr [rdi + rax + 0x400]  ; trap: out of bounds memory access
;;   18: mov byte ptr [rdi + r9], al              ; trap: out of bounds memory access
;;   1c: sub ecx, 1
;;   1f: add r9d, 1
;;   26: add r8d, 1
;;   2d: test ecx, ecx
;;   2f: jne a
;;   35: mov rsp, rbp
;;   38: pop rbp
;;   39: ret

;;= x86_64: last
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov r8d, esi
;;    7: mov eax, dword ptr [rdi + r8]            ; trap: out of bounds memory access
;;    b: mov r8d, dword ptr [rdi + rax]           ; trap: out of bounds memory access
;;    f: test r8d, r8d
;;   12: je 20
;;   18: mov rax, r8
;;   1b: jmp b
;;   20: mov rsp, rbp
;;   23: pop rbp
;;   24: ret

;;= aarch64: translated
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldrb w14, [x2, w3, uxtw]                 ; trap: out of bounds memory access
;;    c: add x14, x2, w14, uxtw
;;   10: ldrb w14, [x14, #0x400]                  ; trap: out of bounds memory access
;;   14: strb w14, [x2, w4, uxtw]                 ; trap: out of bounds memory access
;;   18: sub w5, w5, #1
;;   1c: add w4, w4, #1
;;   20: add w3, w3, #1
;;   24: cbnz w5, #8                              ; to 8
;;   28: ldp x29, x30, [sp], #0x10
;;   2c: ret

;;= aarch64: last
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: ldr w4, [x2, w3, uxtw]                   ; trap: out of bounds memory access
;;    c: mov x9, x2
;;   10: mov x2, x4
;;   14: ldr w7, [x9, w2, uxtw]                   ; trap: out of bounds memory access
;;   18: cbz w7, 24
;;   1c: mov x2, x7
;;   20: b 14
;;   24: ldp x29, x30, [sp], #0x10
;;   28: ret

;;= riscv64: translated
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: slli a4, a1, 0x20
;;    c: c.srli a4, 0x20
;;    e: c.add a4, a0
;;   10: lbu a4, 0(a4)                            ; trap: out of bounds memory access
;;   14: c.slli a4, 0x20
;;   16: c.srli a4, 0x20
;;   18: c.add a4, a0
;;   1a: lbu a4, 0x400(a4)                        ; trap: out of bounds memory access
;;   1e: slli a5, a2, 0x20
;;   22: c.srli a5, 0x20
;;   24: c.add a5, a0
;;   26: sb a4, 0(a5)                             ; trap: out of bounds memory access
;;   2a: c.addiw a3, -1
;;   2c: c.addiw a2, 1
;;   2e: c.addiw a1, 1
;;   30: bnez a3, -0x28                           ; to 8
;;   34: c.ldsp ra, 8(sp)
;;   36: c.ldsp s0, 0(sp)
;;   38: c.addi16sp sp, 0x10
;;   3a: c.jr ra

;;= riscv64: last
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: slli a2, a1, 0x20
;;    c: srli a4, a2, 0x20
;;   10: add a3, a0, a4
;;   14: c.mv a4, a0
;;   16: c.lw a0, 0(a3)                           ; trap: out of bounds memory access
;;   18: slli a3, a0, 0x20
;;   1c: srli a5, a3, 0x20
;;   20: c.mv a1, a4
;;   22: add a4, a1, a5
;;   26: c.lw a4, 0(a4)                           ; trap: out of bounds memory access
;;   28: sext.w a5, a4
;;   2c: beqz a5, 0xa                             ; to 36
;;   30: c.mv a0, a4
;;   32: c.mv a4, a1
;;   34: c.j -0x1c                                ; to 18
;;   36: c.ldsp ra, 8(sp)
;;   38: c.ldsp s0, 0(sp)
;;   3a: c.addi16sp sp, 0x10
;;   3c: c.jr ra

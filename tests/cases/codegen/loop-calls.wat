;;! target = "x86_64"
;;! target = "aarch64"
;;! target = "riscv64"
;;! func = "relax"

;; The calls need the context in the register of the first argument. They get copies: the inner loop keeps
;; the base of memory 0 in a register and does not reload it from the stack.
(module
  (memory 1)
  (global $a (mut i64) (i64.const 0))
  (global $b (mut i64) (i64.const 0))
  (global $c (mut i64) (i64.const 0))
  (func $note (param $value i32)
    (global.set $a (i64.add (global.get $b) (i64.extend_i32_u (local.get $value))))
    (global.set $b (i64.mul (global.get $c) (global.get $a)))
    (global.set $c (i64.xor (global.get $a) (global.get $b)))
    (global.set $a (i64.xor (global.get $c) (global.get $b)))
    (global.set $b (i64.rotl (global.get $a) (global.get $c)))
    (global.set $c (i64.sub (global.get $b) (global.get $a)))
    (global.set $a (i64.xor (global.get $c) (global.get $b)))
    (global.set $b (i64.rotl (global.get $a) (global.get $c))))
  (func $relax (export "relax") (param $n i32)
    (param $v0 i32) (param $v1 i32) (param $v2 i32) (param $v3 i32) (param $v4 i32) (param $v5 i32)
    (local $at i32) (local $i i32)
    (loop $outer
      (local.set $at (i32.const 0))
      (loop $inner
        (local.set $v0 (i32.xor (i32.add (local.get $v0) (local.get $v1)) (i32.load (local.get $at))))
        (local.set $v1 (i32.xor (i32.add (local.get $v1) (local.get $v2)) (local.get $v0)))
        (local.set $v2 (i32.xor (i32.add (local.get $v2) (local.get $v3)) (local.get $v0)))
        (local.set $v3 (i32.xor (i32.add (local.get $v3) (local.get $v4)) (local.get $v0)))
        (local.set $v4 (i32.xor (i32.add (local.get $v4) (local.get $v5)) (local.get $v0)))
        (local.set $v5 (i32.xor (i32.add (local.get $v5) (local.get $v0)) (local.get $v0)))
        (br_if $inner (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 400))))
      (call $note (local.get $v0))
      (call $note (local.get $v1))
      (call $note (local.get $v2))
      (call $note (local.get $v3))
      (call $note (local.get $v4))
      (call $note (local.get $v5))
      (br_if $outer (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))))

;;= x86_64: relax
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: sub rsp, 0x50
;;    8: mov qword ptr [rsp + 0x20], rbx
;;    d: mov qword ptr [rsp + 0x28], r12
;;   12: mov qword ptr [rsp + 0x30], r13
;;   17: mov qword ptr [rsp + 0x38], r14
;;   1c: mov qword ptr [rsp + 0x40], r15
;;   21: mov qword ptr [rsp + 0x18], rcx
;;   26: mov qword ptr [rsp + 8], rsi
;;   2b: mov qword ptr [rsp], rdi
;;   2f: mov rcx, rdx
;;   32: mov r12, qword ptr [rbp + 0x10]
;;   36: mov rax, qword ptr [rbp + 0x18]
;;   3a: mov rdi, rax
;;   3d: xor ebx, ebx
;;   3f: mov qword ptr [rsp + 0x10], rbx
;;   44: xor rax, rax
;;   47: mov rsi, qword ptr [rsp]
;;   4b: mov edx, dword ptr [rsi + rax]           ; trap: out of bounds memory access
;;   4e: mov r15, rcx
;;   51: mov rcx, qword ptr [rsp + 0x18]
;;   56: add r15d, ecx
;;   59: xor r15d, edx
;;   5c: mov r14, r8
;;   5f: add ecx, r14d
;;   62: xor ecx, r15d
;;   65: mov qword ptr [rsp + 0x18], rcx
;;   6a: add eax, 4
;;   70: mov rbx, r9
;;   73: add r14d, ebx
;;   76: xor r14d, r15d
;;   79: add ebx, r12d
;;   7c: xor ebx, r15d
;;   7f: mov r13, rdi
;;   82: add r12d, r13d
;;   85: xor r12d, r15d
;;   88: add r13d, r15d
;;   8b: xor r13d, r15d
;;   8e: cmp eax, 0x190
;;   93: je aa
;;   99: mov rcx, r15
;;   9c: mov rdi, r13
;;   9f: mov r8, r14
;;   a2: mov r9, rbx
;;   a5: jmp 4b
;;   aa: lea rdi, [rsi]
;;   ad: mov qword ptr [rsp], rsi
;;   b1: mov rsi, r15
;;   b4: call func 0 <note>
;;   b9: mov rsi, qword ptr [rsp]
;;   bd: lea rdi, [rsi]
;;   c0: mov rsi, qword ptr [rsp + 0x18]
;;   c5: call func 0 <note>
;;   ca: mov rsi, qword ptr [rsp]
;;   ce: lea rdi, [rsi]
;;   d1: mov rsi, r14
;;   d4: call func 0 <note>
;;   d9: mov rsi, qword ptr [rsp]
;;   dd: lea rdi, [rsi]
;;   e0: mov rsi, rbx
;;   e3: call func 0 <note>
;;   e8: mov rsi, qword ptr [rsp]
;;   ec: lea rdi, [rsi]
;;   ef: mov rsi, r12
;;   f2: call func 0 <note>
;;   f7: mov rsi, qword ptr [rsp]
;;   fb: lea rdi, [rsi]
;;   fe: mov rsi, r13
;;  101: call func 0 <note>
;;  106: mov rax, qword ptr [rsp + 0x10]
;;  10b: add eax, 1
;;  111: mov rsi, qword ptr [rsp + 8]
;;  116: cmp eax, esi
;;  118: je 139
;;  11e: mov rcx, r15
;;  121: mov rdi, r13
;;  124: mov r8, r14
;;  127: mov r9, rbx
;;  12a: mov qword ptr [rsp + 8], rsi
;;  12f: mov qword ptr [rsp + 0x10], rax
;;  134: jmp 44
;;  139: mov rbx, qword ptr [rsp + 0x20]
;;  13e: mov r12, qword ptr [rsp + 0x28]
;;  143: mov r13, qword ptr [rsp + 0x30]
;;  148: mov r14, qword ptr [rsp + 0x38]
;;  14d: mov r15, qword ptr [rsp + 0x40]
;;  152: add rsp, 0x50
;;  156: mov rsp, rbp
;;  159: pop rbp
;;  15a: ret 0x10

;;= aarch64: relax
;;    0: stp x29, x30, [sp, #-0x10]!
;;    4: mov x29, sp
;;    8: str x27, [sp, #-0x10]!
;;    c: stp x25, x26, [sp, #-0x10]!
;;   10: stp x23, x24, [sp, #-0x10]!
;;   14: stp x21, x22, [sp, #-0x10]!
;;   18: stp x19, x20, [sp, #-0x10]!
;;   1c: mov x27, x3
;;   20: ldur w21, [sp, #0x60]
;;   24: ldur w23, [sp, #0x68]
;;   28: mov w19, #0
;;   2c: mov w0, #0
;;   30: mov x20, x2
;;   34: ldr w1, [x20, w0, uxtw]                  ; trap: out of bounds memory access
;;   38: mov x22, x4
;;   3c: mov x24, x5
;;   40: add w2, w22, w24
;;   44: eor w22, w2, w1
;;   48: mov x25, x6
;;   4c: add w1, w24, w25
;;   50: eor w24, w1, w22
;;   54: add w0, w0, #4
;;   58: mov x26, x7
;;   5c: add w1, w25, w26
;;   60: eor w25, w1, w22
;;   64: add w1, w26, w21
;;   68: eor w26, w1, w22
;;   6c: add w1, w21, w23
;;   70: eor w21, w1, w22
;;   74: add w1, w23, w22
;;   78: eor w23, w1, w22
;;   7c: cmp w0, #0x190
;;   80: b.eq 98
;;   84: mov x4, x22
;;   88: mov x5, x24
;;   8c: mov x6, x25
;;   90: mov x7, x26
;;   94: b 34
;;   98: add x2, x20, #0
;;   9c: mov x3, x22
;;   a0: bl func 0 <note>
;;   a4: add x2, x20, #0
;;   a8: mov x3, x24
;;   ac: bl func 0 <note>
;;   b0: add x2, x20, #0
;;   b4: mov x3, x25
;;   b8: bl func 0 <note>
;;   bc: add x2, x20, #0
;;   c0: mov x3, x26
;;   c4: bl func 0 <note>
;;   c8: add x2, x20, #0
;;   cc: mov x3, x21
;;   d0: bl func 0 <note>
;;   d4: add x2, x20, #0
;;   d8: mov x3, x23
;;   dc: bl func 0 <note>
;;   e0: add w19, w19, #1
;;   e4: mov x3, x27
;;   e8: cmp w19, w3
;;   ec: b.eq 10c
;;   f0: mov x2, x20
;;   f4: mov x4, x22
;;   f8: mov x5, x24
;;   fc: mov x6, x25
;;  100: mov x7, x26
;;  104: mov x27, x3
;;  108: b 2c
;;  10c: ldp x19, x20, [sp], #0x10
;;  110: ldp x21, x22, [sp], #0x10
;;  114: ldp x23, x24, [sp], #0x10
;;  118: ldp x25, x26, [sp], #0x10
;;  11c: ldr x27, [sp], #0x10
;;  120: ldp x29, x30, [sp], #0x10
;;  124: add sp, sp, #0x10
;;  128: ret

;;= riscv64: relax
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x50
;;    a: c.sdsp s1, 0x48(sp)
;;    c: c.sdsp s2, 0x40(sp)
;;    e: c.sdsp s3, 0x38(sp)
;;   10: c.sdsp s4, 0x30(sp)
;;   12: c.sdsp s5, 0x28(sp)
;;   14: c.sdsp s6, 0x20(sp)
;;   16: c.sdsp s7, 0x18(sp)
;;   18: c.sdsp s8, 0x10(sp)
;;   1a: c.sdsp s9, 8(sp)
;;   1c: c.mv s9, a1
;;   1e: c.mv t0, a2
;;   20: c.mv a2, a0
;;   22: c.li s2, 0
;;   24: c.li a0, 0
;;   26: slli a1, a0, 0x20
;;   2a: c.srli a1, 0x20
;;   2c: c.mv s1, a2
;;   2e: c.add a1, s1
;;   30: c.lw a1, 0(a1)                           ; trap: out of bounds memory access
;;   32: c.mv s3, t0
;;   34: c.mv s4, a3
;;   36: addw a2, s3, s4
;;   3a: xor s3, a2, a1
;;   3e: c.mv s5, a4
;;   40: addw a1, s4, s5
;;   44: xor s4, a1, s3
;;   48: c.addiw a0, 4
;;   4a: c.mv s6, a5
;;   4c: addw a1, s5, s6
;;   50: xor s5, a1, s3
;;   54: c.mv s7, a6
;;   56: addw a1, s6, s7
;;   5a: xor s6, a1, s3
;;   5e: c.mv s8, a7
;;   60: addw a1, s7, s8
;;   64: xor s7, a1, s3
;;   68: addw a1, s8, s3
;;   6c: xor s8, a1, s3
;;   70: addi a1, zero, 0x190
;;   74: c.addiw a1, 0
;;   76: beq a0, a1, 0x14                         ; to 8a
;;   7a: c.mv t0, s3
;;   7c: c.mv a2, s1
;;   7e: c.mv a3, s4
;;   80: c.mv a4, s5
;;   82: c.mv a5, s6
;;   84: c.mv a6, s7
;;   86: c.mv a7, s8
;;   88: c.j -0x62                                ; to 26
;;   8a: c.mv a0, s1
;;   8c: c.mv a1, s3
;;   8e: auipc ra, 0
;;   92: jalr func 0 <note>
;;   96: c.mv a0, s1
;;   98: c.mv a1, s4
;;   9a: auipc ra, 0
;;   9e: jalr func 0 <note>
;;   a2: c.mv a0, s1
;;   a4: c.mv a1, s5
;;   a6: auipc ra, 0
;;   aa: jalr func 0 <note>
;;   ae: c.mv a0, s1
;;   b0: c.mv a1, s6
;;   b2: auipc ra, 0
;;   b6: jalr func 0 <note>
;;   ba: c.mv a0, s1
;;   bc: c.mv a1, s7
;;   be: auipc ra, 0
;;   c2: jalr func 0 <note>
;;   c6: c.mv a0, s1
;;   c8: c.mv a1, s8
;;   ca: auipc ra, 0
;;   ce: jalr func 0 <note>
;;   d2: c.addiw s2, 1
;;   d4: c.mv a1, s9
;;   d6: sext.w a0, a1
;;   da: beq s2, a0, 0x16                         ; to f0
;;   de: c.mv t0, s3
;;   e0: c.mv a2, s1
;;   e2: c.mv a3, s4
;;   e4: c.mv a4, s5
;;   e6: c.mv a5, s6
;;   e8: c.mv a6, s7
;;   ea: c.mv a7, s8
;;   ec: c.mv s9, a1
;;   ee: c.j -0xca                                ; to 24
;;   f0: c.ldsp s1, 0x48(sp)
;;   f2: c.ldsp s2, 0x40(sp)
;;   f4: c.ldsp s3, 0x38(sp)
;;   f6: c.ldsp s4, 0x30(sp)
;;   f8: c.ldsp s5, 0x28(sp)
;;   fa: c.ldsp s6, 0x20(sp)
;;   fc: c.ldsp s7, 0x18(sp)
;;   fe: c.ldsp s8, 0x10(sp)
;;  100: c.ldsp s9, 8(sp)
;;  102: c.addi16sp sp, 0x50
;;  104: c.ldsp ra, 8(sp)
;;  106: c.ldsp s0, 0(sp)
;;  108: c.addi16sp sp, 0x10
;;  10a: c.jr ra

;;! target = "riscv64"
;;! func = "add"
;;! func = "shuffle"
;;! func = "store"
;;! func = "pass"

;; Without vector instructions a vector is two integers, also between functions. Lanes that fit into
;; one are worked on at once, bytes that move equally far move together, and the half that can be
;; out of bounds alone is stored first.
(module
  (memory 1)
  (func (export "add") (param v128 v128) (result v128)
    local.get 0
    local.get 1
    i16x8.add)
  (func (export "shuffle") (param v128 v128) (result v128)
    local.get 0
    local.get 1
    i8x16.shuffle 4 5 6 7 20 21 22 23 8 9 10 11 12 13 14 15)
  (func (export "store") (param i32 v128)
    local.get 0
    local.get 1
    v128.store)
  (func $pass (export "pass") (param v128 i32) (result i32 v128)
    local.get 1
    local.get 0
    v128.not))

;;= riscv64: add
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.addi16sp sp, -0x10
;;    a: c.sdsp s3, 8(sp)
;;    c: auipc a0, 0
;;   10: ld a0, 0x3c(a0)
;;   14: and a5, a1, a0
;;   18: and s3, a3, a0
;;   1c: c.add a5, s3
;;   1e: c.xor a3, a1
;;   20: auipc a1, 0
;;   24: ld a1, 0x30(a1)
;;   28: c.and a3, a1
;;   2a: c.xor a3, a5
;;   2c: and a5, a2, a0
;;   30: c.and a0, a4
;;   32: c.add a0, a5
;;   34: c.xor a2, a4
;;   36: c.and a1, a2
;;   38: c.xor a1, a0
;;   3a: c.mv a0, a3
;;   3c: c.ldsp s3, 8(sp)
;;   3e: c.addi16sp sp, 0x10
;;   40: c.ldsp ra, 8(sp)
;;   42: c.ldsp s0, 0(sp)
;;   44: c.addi16sp sp, 0x10
;;   46: c.jr ra
;;   48: .bytes [ff, 7f, ff, 7f, ff, 7f, ff, 7f]
;;   50: .bytes [00, 80, 00, 80, 00, 80, 00, 80]

;;= riscv64: shuffle
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: srli a0, a1, 0x20
;;    c: c.li a1, -1
;;    e: c.slli a1, 0x20
;;   10: c.and a1, a3
;;   12: c.or a0, a1
;;   14: c.mv a1, a2
;;   16: c.ldsp ra, 8(sp)
;;   18: c.ldsp s0, 0(sp)
;;   1a: c.addi16sp sp, 0x10
;;   1c: c.jr ra

;;= riscv64: store
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: c.slli a1, 0x20
;;    a: c.srli a1, 0x20
;;    c: c.add a0, a1
;;    e: c.sd a3, 8(a0)                           ; trap: out of bounds memory access
;;   10: c.sd a2, 0(a0)                           ; trap: out of bounds memory access
;;   12: c.ldsp ra, 8(sp)
;;   14: c.ldsp s0, 0(sp)
;;   16: c.addi16sp sp, 0x10
;;   18: c.jr ra

;;= riscv64: pass
;;    0: c.addi16sp sp, -0x10
;;    2: c.sdsp ra, 8(sp)
;;    4: c.sdsp s0, 0(sp)
;;    6: c.mv s0, sp
;;    8: not a1, a2
;;    c: not a2, a3
;;   10: c.sd a2, 0(a0)
;;   12: c.mv a0, a4
;;   14: c.ldsp ra, 8(sp)
;;   16: c.ldsp s0, 0(sp)
;;   18: c.addi16sp sp, 0x10
;;   1a: c.jr ra

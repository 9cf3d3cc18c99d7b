;; What the modules of generate.rs import: another instance, with something of each kind. Its
;; functions keep count of their calls and arguments.
(module
  (import "host" "note" (func $note (param i64 f64) (result i32)))
  (type $plain (func))
  (memory (export "memory") 1 4)
  (table $funcs (export "funcs") 8 20 funcref)
  (table $externs (export "externs") 8 20 externref)
  (global (export "constant") i32 (i32.const 7))
  (global (export "base") i64 (i64.const -1))
  (global $calls (export "calls") (mut i64) (i64.const 0))
  (global (export "float") (mut f64) (f64.const 0.5))
  (global (export "vector") (mut v128) (v128.const i64x2 1 2))
  (global (export "func") (mut funcref) (ref.func $count_one))
  (elem (table $funcs) (i32.const 0) func $count_one $mix $twice)
  (func $count (param i64)
    (global.set $calls
      (i64.add (i64.mul (global.get $calls) (i64.const 31)) (local.get 0))))
  (func $count_one (export "count_one")
    (call $count (i64.const 1)))
  (func $mix (export "mix") (param i32 i64 f32 f64) (result f64 i64 f32 i32)
    (call $count (i64.add (i64.extend_i32_u (local.get 0)) (local.get 1)))
    local.get 3
    local.get 1
    local.get 2
    (call $note (local.get 1) (local.get 3)))
  (func $twice (export "twice") (param v128 v128) (result v128 v128)
    (call $count (i64x2.extract_lane 1 (local.get 0)))
    (i8x16.add (local.get 0) (local.get 1))
    local.get 0)
  (func (export "references") (param funcref externref) (result externref funcref)
    (call $count (i64.extend_i32_u (ref.is_null (local.get 0))))
    local.get 1
    local.get 0)
  (func (export "poke") (param i32 i32)
    (i32.store8
      (i32.and (local.get 0) (i32.const 0xffff))
      (local.get 1)))
  (func (export "peek") (param i32) (result i32)
    (i32.load8_u (i32.and (local.get 0) (i32.const 0xffff))))
  (func (export "call") (param i32)
    (call_indirect $funcs (type $plain)
      (i32.and (local.get 0) (i32.const 7)))))

;; One of each thing that an object has a section, a symbol or a relocation for.
;;! function = "calls"
;;! function = "through_a_static_table"
;;! function = "through_an_exported_table"
;;! function = "memory"
;;! function = "traps"
;;! function = "floats"
;;! function = "branches"
(module
  (type $unary (func (param i32) (result i32)))
  (import "env" "function" (func $imported (param i32 f64) (result i64)))
  (import "env" "memory" (memory $other 1))
  (import "env" "table" (table $imported_table 1 externref))
  (import "env" "global" (global $imported_global (mut i64)))
  (memory $own (export "memory") 2 5)
  (table $static 4 funcref)
  (table $exported (export "table") 4 8 funcref)
  (global $mutable (export "global") (mut f32) (f32.const 1.5))
  (elem (table $static) (i32.const 1) func $unary)
  (elem (table $exported) (i32.const 0) func $unary $unary)
  (elem $passive func $unary)
  (elem declare func $calls)
  (data (memory $own) (i32.const 65530) "across a page's end")
  (data (memory $other) (i32.const 8) "in the memory of another")
  (data $passive_data "copied later")
  (start $start)
  (func $start
    (memory.init $own $passive_data (i32.const 0) (i32.const 0) (i32.const 4))
    (table.init $exported $passive (i32.const 2) (i32.const 0) (i32.const 1)))
  (func $unary (type $unary) (i32.popcnt (local.get 0)))
  (func $calls (export "calls") (param f64) (result i64)
    (call $imported (call $unary (i32.const 7)) (local.get 0)))
  (func $through_a_static_table (export "static") (param i32) (result i32)
    (call_indirect $static (type $unary) (local.get 0) (local.get 0)))
  (func $through_an_exported_table (export "dynamic") (param i32) (result i32)
    (return_call_indirect $exported (type $unary) (local.get 0) (local.get 0)))
  (func $memory (export "grow") (param i32) (result i32)
    (i32.store8 $other (local.get 0) (i32.load16_u $own offset=70000 (local.get 0)))
    (memory.fill $own (local.get 0) (i32.const 1) (i32.const 100))
    (memory.grow $own (local.get 0)))
  (func $traps (export "traps") (param i64 f64) (result i64)
    (if (f64.lt (local.get 1) (f64.const 0)) (then unreachable))
    (i64.add (i64.div_s (local.get 0) (i64.const -1)) (i64.trunc_f64_s (local.get 1))))
  (func $floats (export "floats") (param f64)
    (global.set $mutable (f32.nearest (f32.demote_f64 (local.get 0)))))
  (func $branches (export "branches") (param i32) (result i32)
    (block $c (block $b (block $a (br_table $a $b $c $a $b $c $a (local.get 0)))
      (return (i32.const 1)))
      (return (i32.const 2)))
    (ref.is_null (table.get $imported_table (i32.const 0)))))

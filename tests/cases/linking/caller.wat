(module
  ;; The same types as in shape.wat, at other indices.
  (type $unary (func (param i64) (result i64)))
  (type $other (func (param f32)))
  (type $binary (func (param i32 i32) (result i32)))
  (import "shape" "table" (table 3 funcref))
  (func (export "binary") (param i32) (result i32)
    (call_indirect (type $binary) (i32.const 30) (i32.const 4) (local.get 0)))
  (func (export "unary") (param i32) (result i64)
    (call_indirect (type $unary) (i64.const 5) (local.get 0)))
  (func (export "other") (param i32)
    (call_indirect (type $other) (f32.const 0) (local.get 0))))

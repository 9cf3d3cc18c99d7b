;; What the host controls while it runs. The objects beside this file were compiled from it once;
;; they stay as they are (see README.md).
(module
  (import "host" "ask" (func $ask))
  (memory 2)
  (func (export "loop") (call $ask) (loop (br 0)))
  (func (export "calls") (call $ask) (return_call $again))
  (func $again (return_call $again))
  (func $count (export "count") (param i32) (result i32)
    (local $sum i32)
    (loop
      (local.set $sum (i32.add (local.get $sum) (local.get 0)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))
  (func (export "fill")
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x10000))
    (drop (call $count (i32.const 10))))
  (func (export "divide") (param i32) (result i32)
    (i32.div_u (call $count (i32.const 3)) (local.get 0))))

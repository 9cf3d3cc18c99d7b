;; A stack pointer in a global, as compilers of C keep one, moved in a function that calls another.
(module
  (memory 1)
  (global $sp (mut i32) (i32.const 4096))
  (func $leaf (param $frame i32) (param $depth i32) (result i32)
    (i32.store (local.get $frame)
      (i32.add (i32.load (local.get $frame)) (local.get $depth)))
    (if (result i32) (local.get $depth)
      (then (call $frame (i32.sub (local.get $depth) (i32.const 1))))
      (else (i32.load (local.get $frame)))))
  (func $frame (param $depth i32) (result i32)
    (local $result i32)
    (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
    (local.set $result (call $leaf (global.get $sp) (local.get $depth)))
    (global.set $sp (i32.add (global.get $sp) (i32.const 16)))
    (local.get $result))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call $frame (i32.const 3))))
      (br_if $next
        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
;;= x86_64: 56.00 instructions per turn

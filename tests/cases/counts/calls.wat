;; Direct calls: a chain of eight that calls itself, so that it is a call however much is inlined.
(module
  (func $down (param $depth i32) (param $sum i32) (result i32)
    (if (result i32) (local.get $depth)
      (then
        (i32.xor (local.get $depth)
          (call $down (i32.sub (local.get $depth) (i32.const 1))
            (i32.add (local.get $sum) (local.get $depth)))))
      (else (local.get $sum))))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum (call $down (i32.const 7) (local.get $sum)))
      (br_if $next
        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
;;= x86_64: 76.00 instructions per turn

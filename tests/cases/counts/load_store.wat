;; A prefix sum over 256 words, in place: a load, an addition and a store per step.
(module
  (memory 1)
  (func (export "run") (param $n i32) (result i32)
    (local $at i32) (local $sum i32)
    (loop $next
      (local.set $sum
        (i32.add (local.get $sum) (i32.load offset=64 (local.get $at))))
      (i32.store offset=64 (local.get $at)
        (i32.add (local.get $sum) (i32.const 1)))
      (local.set $at
        (i32.and (i32.add (local.get $at) (i32.const 4)) (i32.const 1023)))
      (br_if $next
        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
;;= x86_64: 11.00 instructions per turn

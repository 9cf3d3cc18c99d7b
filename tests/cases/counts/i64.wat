;; 64-bit integers: a multiplicative hash, with a division now and then.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $h i64)
    (local.set $h (i64.const 0x9e3779b97f4a7c15))
    (loop $next
      (local.set $h
        (i64.mul
          (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 29)))
          (i64.const 0xbf58476d1ce4e5b9)))
      (local.set $h (i64.rotl (local.get $h) (i64.extend_i32_u (local.get $n))))
      (if (i32.eqz (i32.and (local.get $n) (i32.const 7)))
        (then
          (local.set $h
            (i64.add (local.get $h)
              (i64.div_u (local.get $h)
                (i64.or (i64.extend_i32_u (local.get $n)) (i64.const 1)))))))
      (br_if $next
        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $h)))
;;= x86_64: 13.75 instructions per turn

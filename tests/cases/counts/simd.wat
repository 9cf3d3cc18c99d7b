;; Vectors: a dot product of bytes widened, and lanes compared and selected.
(module
  (memory 1)
  (func (export "run") (param $n i32) (result i32)
    (local $at i32) (local $v v128) (local $sum v128)
    (loop $next
      (local.set $v (v128.load (local.get $at)))
      (local.set $sum
        (i32x4.add (local.get $sum)
          (i32x4.dot_i16x8_s
            (i16x8.extend_low_i8x16_s (local.get $v))
            (i16x8.extend_high_i8x16_s (local.get $v)))))
      (local.set $sum
        (v128.bitselect (local.get $sum)
          (i32x4.splat (local.get $n))
          (i32x4.gt_s (local.get $sum) (local.get $v))))
      (v128.store (local.get $at) (i32x4.add (local.get $sum) (local.get $v)))
      (local.set $at
        (i32.and (i32.add (local.get $at) (i32.const 16)) (i32.const 4095)))
      (br_if $next
        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32x4.extract_lane 2 (local.get $sum))))
;;= x86_64: 22.00 instructions per turn

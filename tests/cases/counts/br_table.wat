;; An interpreter's loop: a byte of code is loaded and branched by.
(module
  (memory 1)
  (data (i32.const 0) "\00\02\01\03\00\01\04\02\03\00\04\01\02\02\00\03")
  (func (export "run") (param $n i32) (result i32)
    (local $pc i32) (local $a i32)
    (loop $next
      (block $end
        (block $4
          (block $3
            (block $2
              (block $1
                (block $0
                  (br_table $0 $1 $2 $3 $4
                    (i32.load8_u (i32.and (local.get $pc) (i32.const 15)))))
                (local.set $a (i32.add (local.get $a) (i32.const 7)))
                (br $end))
              (local.set $a (i32.mul (local.get $a) (i32.const 31)))
              (br $end))
            (local.set $a (i32.xor (local.get $a) (local.get $pc)))
            (br $end))
          (local.set $a (i32.shr_u (local.get $a) (i32.const 1)))
          (br $end))
        (local.set $a (i32.sub (i32.const 0) (local.get $a))))
      (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
      (br_if $next
        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $a)))
;;= x86_64: 16.88 instructions per turn

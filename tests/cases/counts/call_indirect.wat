;; Indirect calls through a table that nothing writes, of four functions by turns.
(module
  (type $step (func (param i32) (result i32)))
  (table funcref (elem $add $sub $xor $rotate))
  (func $add (type $step) (i32.add (local.get 0) (i32.const 3)))
  (func $sub (type $step) (i32.sub (local.get 0) (i32.const 5)))
  (func $xor (type $step) (i32.xor (local.get 0) (i32.const 77)))
  (func $rotate (type $step) (i32.rotl (local.get 0) (i32.const 9)))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum
        (call_indirect (type $step) (local.get $sum)
          (i32.and (local.get $n) (i32.const 3))))
      (br_if $next
        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
;;= x86_64: 12.75 instructions per turn

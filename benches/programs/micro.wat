;; What passes between host and guest, and what a guest asks of its runtime. Where a function takes $n, it
;; does the thing $n times.
(module
  (type $unary (func (param i32) (result i32)))
  (import "host" "identity" (func $host (type $unary)))
  (memory 1 100)
  ;; Nothing changes this table, and nothing outside can see it.
  (table $static 8 8 funcref)
  (elem (table $static) (i32.const 0) func $f0 $f1 $f2 $f3 $f4 $f5 $f6 $f7)
  ;; Nor this one, which has more functions than can be told apart at each call.
  (table $many 64 64 funcref)
  (elem (table $many) (i32.const 0) func
    $f0 $f1 $f2 $f3 $f4 $f5 $f6 $f7 $f0 $f1 $f2 $f3 $f4 $f5 $f6 $f7
    $f0 $f1 $f2 $f3 $f4 $f5 $f6 $f7 $f0 $f1 $f2 $f3 $f4 $f5 $f6 $f7
    $f0 $f1 $f2 $f3 $f4 $f5 $f6 $f7 $f0 $f1 $f2 $f3 $f4 $f5 $f6 $f7
    $f0 $f1 $f2 $f3 $f4 $f5 $f6 $f7 $f0 $f1 $f2 $f3 $f4 $f5 $f6 $f7)
  ;; This one, the host can change.
  (table $dynamic (export "table") 8 funcref)
  (elem (table $dynamic) (i32.const 0) func $f0 $f1 $f2 $f3 $f4 $f5 $f6 $f7)
  (func $f0 (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $f1 (type $unary) (i32.xor (local.get 0) (i32.const 3)))
  (func $f2 (type $unary) (i32.sub (local.get 0) (i32.const 5)))
  (func $f3 (type $unary) (i32.rotl (local.get 0) (i32.const 7)))
  (func $f4 (type $unary) (i32.mul (local.get 0) (i32.const 11)))
  (func $f5 (type $unary) (i32.shr_u (local.get 0) (i32.const 1)))
  (func $f6 (type $unary) (i32.or (local.get 0) (i32.const 17)))
  (func $f7 (type $unary) (i32.and (local.get 0) (i32.const -5)))

  (func (export "identity") (type $unary) (local.get 0))
  (func (export "to_host") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (call $host (i32.add (local.get $sum) (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "static") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum
        (call_indirect $static (type $unary) (local.get $sum) (i32.and (local.get $n) (i32.const 7))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "many") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum
        (call_indirect $many (type $unary) (local.get $sum) (i32.and (local.get $n) (i32.const 7))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "dynamic") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum
        (call_indirect $dynamic (type $unary) (local.get $sum) (i32.and (local.get $n) (i32.const 7))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "grow") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (memory.grow (i32.const 0))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "fault") (type $unary) (i32.load offset=65536 (local.get 0)))
  (func (export "unreachable") (type $unary) unreachable))

;; A plugin with two results: the price of some items after a discount, and the discount itself.
(module
  (import "host" "rate" (func $rate (param i32) (result f64)))
  (func (export "price") (param $items i32) (param $each f64) (result f64 f64)
    (local $sum f64) (local $off f64)
    (local.set $sum (f64.mul (f64.convert_i32_u (local.get $items)) (local.get $each)))
    (local.set $off (f64.mul (local.get $sum) (call $rate (local.get $items))))
    (f64.sub (local.get $sum) (local.get $off))
    (local.get $off)))

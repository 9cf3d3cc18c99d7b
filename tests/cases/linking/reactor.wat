(module
  (global $value (mut i32) (i32.const 1))
  (func (export "_initialize")
    (global.set $value (i32.mul (global.get $value) (i32.const 7))))
  (func (export "next") (result i32)
    (global.set $value (i32.add (global.get $value) (i32.const 1)))
    (global.get $value)))

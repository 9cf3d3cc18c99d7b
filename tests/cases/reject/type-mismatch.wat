(module
  (func $add (param i32) (result i32)
    (i32.add (local.get 0) (i64.const 1))))

;;= exit 1
;;= stderr
;; type-mismatch.wat: error: type mismatch: expected i32, found i64 (at offset 0x1d, func 0 <add>)

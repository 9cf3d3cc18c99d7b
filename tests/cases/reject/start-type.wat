(module
  (func $start (param i32))
  (start $start))

;;= exit 1
;;= stderr
;; start-type.wat: error: invalid start function type (at offset 0x15)

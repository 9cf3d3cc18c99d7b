;;! options = "--invoke divide"
;;! args = "7 0"
(module
  (func $divide (export "divide") (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1))))

;;= exit 134
;;= stderr
;; divide.wat: error: wasm trap: integer divide by zero
;;   0: divide!divide @ 0x2a

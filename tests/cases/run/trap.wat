;; A trap says where the guest was, by the names of its functions.
(module
  (memory 1)
  (func $inner (param i32) (result i32)
    (i32.load offset=4 (local.get 0)))
  (func $outer (export "_start")
    (drop (call $inner (i32.const -8)))))

;;= exit 134
;;= stderr
;; trap.wat: error: wasm trap: out of bounds memory access
;;   0: trap!inner @ 0x30
;;   1: trap!outer @ 0x38

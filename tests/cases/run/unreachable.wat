(module
  (func $panic unreachable)
  (func $main (export "_start") (call $panic)))

;;= exit 134
;;= stderr
;; unreachable.wat: error: wasm trap: unreachable
;;   0: unreachable!panic @ 0x24
;;   1: unreachable!main @ 0x28

(module
  (func $first unreachable)
  (start $first)
  (func (export "_start")))

;;= exit 134
;;= stderr
;; start-traps.wat: error: wasm trap: unreachable
;;   0: start-traps!first @ 0x27

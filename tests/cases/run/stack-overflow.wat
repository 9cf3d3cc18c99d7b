(module
  (func $forever (export "_start") (call $forever)))

;;= exit 134
;;= stderr
;; stack-overflow.wat: error: wasm trap: call stack exhausted
;;   0: stack-overflow!forever
;;   1: stack-overflow!forever @ 0x23 (63 times)
;;   and N more frames

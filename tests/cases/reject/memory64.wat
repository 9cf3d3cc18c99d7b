;; 64-bit memories are not supported.
(module
  (memory i64 1))

;;= exit 1
;;= stderr
;; memory64.wat: error: memory64 must be enabled for 64-bit memories (at offset 0xb)

;;! options = "--target riscv64"
;; Not every CPU of the target has vectors.
(module
  (func (param v128)))

;;= exit 1
;;= stderr
;; vectors.wat: error: SIMD support is not enabled (at offset 0xb): the target needs vector instructions for that, by --cpu or --features

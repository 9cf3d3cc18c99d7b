;; 64-bit memories are not supported.
(module
  (memory i64 1))

;;= exit 1
;;= stderr
;; memory64.wat: error: Prefab does not support: 64-bit memories and tables (first at offset 0xb)

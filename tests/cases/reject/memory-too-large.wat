(module
  (memory 65537))

;;= exit 1
;;= stderr
;; memory-too-large.wat: error: memory size must be at most 0x10000 65536-byte pages (at offset 0xb)

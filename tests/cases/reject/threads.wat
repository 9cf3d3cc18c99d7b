;; Shared memories are not supported.
(module
  (memory 1 1 shared))

;;= exit 1
;;= stderr
;; threads.wat: error: threads must be enabled for shared memories (at offset 0xb)

;; Shared memories are not supported.
(module
  (memory 1 1 shared))

;;= exit 1
;;= stderr
;; threads.wat: error: Prefab does not support: threads (first at offset 0xb)

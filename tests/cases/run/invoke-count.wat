;;! options = "--invoke f"
;;! args = "1"
(module
  (func (export "f") (param i32 i32)))

;;= exit 1
;;= stderr
;; invoke-count.wat: error: the function takes 2 arguments, not 1

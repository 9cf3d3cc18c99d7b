;;! options = "--invoke f"
;;! args = "1 two"
(module
  (func (export "f") (param i32 i32)))

;;= exit 1
;;= stderr
;; invoke-arguments.wat: error: the argument "two" is no i32

(module
  (func (i32.const 1)
    (i32.frobnicate)))

;;= exit 1
;;= stderr
;; syntax.wat: error: unknown operator or unexpected token (at line 3, column 6)

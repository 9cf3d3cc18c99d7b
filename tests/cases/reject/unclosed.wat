(module
  (func (nop)

;;= exit 1
;;= stderr
;; unclosed.wat: error: expected `)` (at line 7, column 1)

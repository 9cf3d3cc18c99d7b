;;! options = "--invoke nothing"
(module
  (func (export "f")))

;;= exit 1
;;= stderr
;; invoke-missing.wat: error: no function is exported as "nothing"

(module
  (func (export "f")))

;;= exit 1
;;= stderr
;; library.wat: error: this is no program (it exports no _start): --invoke calls one of its functions

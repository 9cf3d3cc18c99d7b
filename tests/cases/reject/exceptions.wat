;; Exceptions are not supported.
(module
  (tag $oops)
  (func (throw $oops)))

;;= exit 1
;;= stderr
;; exceptions.wat: error: exceptions proposal not enabled (at offset 0x14)

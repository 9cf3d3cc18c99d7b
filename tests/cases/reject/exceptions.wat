;; Exceptions are not supported.
(module
  (tag $oops)
  (func (throw $oops)))

;;= exit 1
;;= stderr
;; exceptions.wat: error: Prefab does not support: exceptions (first at offset 0x14)

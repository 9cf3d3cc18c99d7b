;; The type is valid; only an instance would need the elements.
(module
  (table 1 funcref)
  (table 10000001 funcref)
  (func (export "_start")))

;;= exit 1
;;= stderr
;; table-too-large.wat: error: the table would have 10000001 elements; the limit is 10000000

;; Garbage collection is not supported.
(module
  (type $point (struct (field i32) (field i32))))

;;= exit 1
;;= stderr
;; garbage-collection.wat: error: struct indexed types not supported without the gc feature (at offset 0xb)

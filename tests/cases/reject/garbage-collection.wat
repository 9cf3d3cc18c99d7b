;; Garbage collection is not supported.
(module
  (type $point (struct (field i32) (field i32))))

;;= exit 1
;;= stderr
;; garbage-collection.wat: error: Prefab does not support: garbage collection (first at offset 0xb)

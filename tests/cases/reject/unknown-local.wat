(module
  (import "env" "f" (func))
  (func $ok)
  (func $bad (local.set 3 (i32.const 0))))

;;= exit 1
;;= stderr
;; unknown-local.wat: error: unknown local 3: local index out of bounds (at offset 0x28, func 2 <bad>)

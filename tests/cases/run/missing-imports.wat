;; Every import that is missing or of another type is named at once.
(module
  (import "env" "f" (func (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func))
  (import "env" "m" (memory 1))
  (func (export "_start")))

;;= exit 1
;;= stderr
;; missing-imports.wat: error: cannot link missing-imports
;;   unknown import: "env" "f", (func (i32) -> ())
;;   incompatible import type: "wasi_snapshot_preview1" "fd_write" is (func (i32, i32, i32, i32) -> (i32)), not (func () -> ())
;;   unknown import: "env" "m", (memory 1)

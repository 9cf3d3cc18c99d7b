;;! options = "--dir .::/cases"
;; The name of the first directory that the program was given.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name"
    (func $name (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\07\00\00\00")
  (func (export "_start")
    (drop (call $name (i32.const 3) (i32.const 16) (i32.const 6)))
    (i32.store8 (i32.const 22) (i32.const 10))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))

;;= exit 0
;;= stdout
;; /cases

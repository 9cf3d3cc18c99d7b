;; A WASI program that prints what the host says.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "host" "lucky" (func $lucky (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello 0\n")
  (func (export "_start")
    (i32.store8 (i32.const 22) (i32.add (i32.const 48) (call $lucky)))
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 8))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))

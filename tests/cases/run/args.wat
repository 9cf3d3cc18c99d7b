;;! options = "--argv0 name --env KEY=value"
;;! args = "--dir . -x"
;; A program's name, its arguments (which are not prefab's) and its environment, as they lie in
;; memory.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $print (param $at i32)
    (local $end i32)
    (local.set $end (local.get $at))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (i32.load8_u (local.get $end))))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (i32.store8 (local.get $end) (i32.const 10))
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4)
      (i32.add (i32.sub (local.get $end) (local.get $at)) (i32.const 1)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (local $i i32)
    (drop (call $args (i32.const 256) (i32.const 512)))
    (loop $next
      (call $print (i32.load (i32.add (i32.const 256) (i32.mul (local.get $i) (i32.const 4)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 4))))
    (drop (call $env (i32.const 256) (i32.const 512)))
    (call $print (i32.load (i32.const 256)))))

;;= exit 0
;;= stdout
;; name
;; --dir
;; .
;; -x
;; KEY=value

;; Bulk memory: 48 bytes copied and 32 filled. The runtime's code and the C library's count, too.
;;! tolerance = "15"
(module
  (memory 1)
  (func (export "run") (param $n i32) (result i32)
    (loop $next
      (memory.copy
        (i32.add (i32.const 1024) (i32.and (local.get $n) (i32.const 255)))
        (i32.and (local.get $n) (i32.const 127))
        (i32.const 48))
      (memory.fill
        (i32.and (local.get $n) (i32.const 63)) (local.get $n) (i32.const 32))
      (br_if $next
        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.load (i32.const 1024))))
;;= x86_64: 20.00 instructions per turn

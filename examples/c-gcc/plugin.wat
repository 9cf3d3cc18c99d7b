;; A plugin: counts the letters of a text that its host puts into its memory.
(module
  (memory (export "memory") 1)
  (func (export "letters") (param $at i32) (param $size i32) (result i32)
    (local $end i32) (local $count i32)
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        ;; (byte | 0x20) - 'a' < 26, unsigned
        (local.set $count (i32.add (local.get $count)
          (i32.lt_u
            (i32.sub (i32.or (i32.load8_u (local.get $at)) (i32.const 0x20)) (i32.const 97))
            (i32.const 26))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $count)))

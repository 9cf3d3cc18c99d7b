;; Counts words. The host puts a text into the memory at $buffer and calls "count"; the plugin says
;; what it found by calling "log" for each word.
(module $plugin
  (import "host" "log" (func $log (param $text i32) (param $length i32)))
  (memory (export "memory") 1)
  (global $buffer (export "buffer") i32 (i32.const 1024))
  (global $total (export "total") (mut i32) (i32.const 0))

  ;; Whether the byte at $at is a letter's or a digit's: anything above a space.
  (func $in-word (param $at i32) (result i32)
    (i32.gt_u (i32.load8_u (local.get $at)) (i32.const 32)))

  ;; The number of words among $length bytes at $text.
  (func $count (export "count") (param $text i32) (param $length i32) (result i32)
    (local $end i32) (local $start i32) (local $words i32)
    (local.set $end (i32.add (local.get $text) (local.get $length)))
    (block $done
      (loop $next
        (loop $space
          (br_if $done (i32.ge_u (local.get $text) (local.get $end)))
          (if (i32.eqz (call $in-word (local.get $text)))
            (then
              (local.set $text (i32.add (local.get $text) (i32.const 1)))
              (br $space))))
        (local.set $start (local.get $text))
        (block $ended
          (loop $word
            (local.set $text (i32.add (local.get $text) (i32.const 1)))
            (br_if $ended (i32.ge_u (local.get $text) (local.get $end)))
            (br_if $word (call $in-word (local.get $text)))))
        (call $log (local.get $start) (i32.sub (local.get $text) (local.get $start)))
        (local.set $words (i32.add (local.get $words) (i32.const 1)))
        (br $next)))
    (global.set $total (i32.add (global.get $total) (local.get $words)))
    (local.get $words))

  ;; What a host sees when a plugin fails.
  (func $fail (export "fail") unreachable))

;; An instance that touches as much memory as it is told to: it writes into $pages pages of 4 KiB. The first eight
;; of them have contents in the module, the others are zero, as with most programs.
(module
  (memory (export "memory") 64)
  (data (i32.const 0x0100) "contents of a page")
  (data (i32.const 0x1100) "contents of a page")
  (data (i32.const 0x2100) "contents of a page")
  (data (i32.const 0x3100) "contents of a page")
  (data (i32.const 0x4100) "contents of a page")
  (data (i32.const 0x5100) "contents of a page")
  (data (i32.const 0x6100) "contents of a page")
  (data (i32.const 0x7100) "contents of a page")
  (func (export "touch") (param $pages i32) (result i32) (local $at i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $pages)))
        (local.set $pages (i32.sub (local.get $pages) (i32.const 1)))
        (local.set $at (i32.shl (local.get $pages) (i32.const 12)))
        (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 1)))
        (br $again)))
    (i32.load (i32.const 0))))

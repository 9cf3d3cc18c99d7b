;; Vector constants and operators: whatever is laid beside the code for them needs no relocation.
;;! function = "shuffled"
;;! features.riscv64gc = "+v"
(module
  (global $vector v128 (v128.const i32x4 1 2 3 4))
  (func $shuffled (export "shuffled") (param v128) (result v128)
    (i8x16.shuffle 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31
      (local.get 0)
      (v128.const f64x2 3.25 -0x1p-1000)))
  (func $swizzled (export "swizzled") (param v128) (result v128)
    (f32x4.mul (local.get 0) (i8x16.swizzle (global.get $vector) (local.get 0)))))

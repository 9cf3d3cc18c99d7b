;; Names that mean something to a linker or to C, that no assembler could spell, and that occur
;; twice. None of them is global: they meet nothing of the program that the object is linked into.
;;! function = "main"
;;! function = "_start"
;;! function = "malloc"
;;! function = "_GLOBAL_OFFSET_TABLE_"
;;! function = ".text"
;;! function = "std::vec::Vec<T>::push"
;;! function = "größe"
;;! function = "twice"
(module
  (func $main (export "main") (result i32) i32.const 1)
  (func $_start (export "_start"))
  (func $malloc (param i32) (result i32) local.get 0)
  (func $_GLOBAL_OFFSET_TABLE_ nop)
  (func $.text nop)
  (func $"std::vec::Vec<T>::push" (param i32))
  (func $"größe" (result i64) i64.const 0)
  (func (@name "twice") (result i32) i32.const 2)
  (func (@name "twice") (result i32) i32.const 3)
  (func (@name "") (result i32) i32.const 4))

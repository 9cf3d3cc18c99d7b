;;! options = "--invoke get"
;; A reactor is initialised before one of its functions is called.
(module
  (global $value (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $value (i32.const 5)))
  (func (export "get") (result i32) (global.get $value)))

;;= exit 0
;;= stdout
;; 5

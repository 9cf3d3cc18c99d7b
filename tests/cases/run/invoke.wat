;;! options = "--invoke swap"
;;! args = "-1 2.5 0xffffffffffffffff"
;; Arguments are read by the parameters' types; each result is on a line of its own.
(module
  (func (export "swap") (param i32 f64 i64) (result i64 f64 i32)
    (local.get 2) (local.get 1) (local.get 0)))

;;= exit 0
;;= stdout
;; -1
;; 2.5
;; -1

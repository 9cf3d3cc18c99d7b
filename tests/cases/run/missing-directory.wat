;;! options = "--dir does-not-exist"
(module
  (func (export "_start")))

;;= exit 1
;;= stderr
;; prefab: error: cannot open the directory does-not-exist: No such file or directory (os error 2)

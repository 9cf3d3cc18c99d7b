;;! options = "--target x86_64 --features -sse4.1"
(module)

;;= exit 1
;;= stderr
;; prefab: error: feature "sse4.1" is needed by all code that Prefab compiles for x86_64-unknown-linux-gnu

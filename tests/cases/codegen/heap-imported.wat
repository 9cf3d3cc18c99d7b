;;! target = "x86_64"
;;! func = "sum"

;; The base of an imported memory is loaded once: it never changes.
(module
  (import "host" "memory" (memory 1))
  (func (export "sum") (param i32) (result i32)
    local.get 0
    i32.load
    local.get 0
    i32.load offset=4
    i32.add))

;;= x86_64: sum
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov r8, qword ptr [rdi - 0x50]
;;    8: mov r8, qword ptr [r8]
;;    b: mov r10d, esi
;;    e: mov r9d, dword ptr [r8 + r10]            ; trap: out of bounds memory access
;;   12: mov r8d, dword ptr [r8 + r10 + 4]        ; trap: out of bounds memory access
;;   17: lea eax, [r9 + r8]
;;   1b: mov rsp, rbp
;;   1e: pop rbp
;;   1f: ret

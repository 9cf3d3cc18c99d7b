;;! target = "x86_64"
;;! options = "-O1"
;;! func = "call"
;;! func = "tail_call"

;; An import is called through its pair of code and context, a function of the module by name.
(module
  (import "host" "log" (func $log (param i32)))
  (func $callee (param i32) (result i32)
    local.get 0)
  (func (export "call") (param i32) (result i32)
    local.get 0
    call $log
    local.get 0
    call $callee)
  (func (export "tail_call") (param i32) (result i32)
    local.get 0
    return_call $callee))

;;= x86_64: call
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: sub rsp, 0x10
;;    8: mov qword ptr [rsp], r12
;;    c: mov qword ptr [rsp + 8], r13
;;   11: mov r12, rsi
;;   14: mov r13, rdi
;;   17: mov r8, qword ptr [rdi - 0x50]
;;   1b: mov rdi, qword ptr [rdi - 0x48]
;;   1f: call r8
;;   22: mov rsi, r12
;;   25: mov rdi, r13
;;   28: call func 1 <callee>
;;   2d: mov r12, qword ptr [rsp]
;;   31: mov r13, qword ptr [rsp + 8]
;;   36: add rsp, 0x10
;;   3a: mov rsp, rbp
;;   3d: pop rbp
;;   3e: ret

;;= x86_64: tail_call
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rsp, rbp
;;    7: pop rbp
;;    8: jmp func 1 <callee>

;;! target = "x86_64"
;;! func = "call"

;; The elements of an exported table can be any module's, and bring their own context.
(module
  (type $unary (func (param i32) (result i32)))
  (table (export "table") 4 funcref)
  (func (export "call") (param i32 i32) (result i32)
    local.get 1
    local.get 0
    call_indirect (type $unary)))

;;= x86_64: call
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rax, qword ptr [rdi - 0x48]
;;    8: mov r11d, esi
;;    b: cmp r11, rax
;;    e: jae 5b
;;   14: mov rax, qword ptr [rdi - 0x50]
;;   18: shl r11, 5
;;   1c: mov rcx, qword ptr [rax + r11 + 8]
;;   21: mov rsi, qword ptr [rdi - 0x20]
;;   25: mov rsi, qword ptr [rsi]
;;   28: cmp rcx, rsi
;;   2b: jne 44
;;   31: mov rcx, qword ptr [rax + r11]
;;   35: mov rdi, qword ptr [rax + r11 + 0x10]
;;   3a: mov rsi, rdx
;;   3d: call rcx
;;   3f: mov rsp, rbp
;;   42: pop rbp
;;   43: ret
;;   44: test rcx, rcx
;;   47: je 54
;;   4d: call prefab_trap.IndirectCallTypeMismatch
;;   52: ud2
;;   54: call prefab_trap.UninitializedElement
;;   59: ud2
;;   5b: call prefab_trap.UndefinedElement
;;   60: ud2

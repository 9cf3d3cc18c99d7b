;;! target = "x86_64"
;;! func = "apart"
;;! func = "together"

;; Few functions of a type in a table that nobody writes are told apart by their indices: one by one,
;; or, where the indices follow each other, after one look at their range.
(module
  (type $unary (func (param i32) (result i32)))
  (type $none (func))
  (table funcref (elem $double $nothing $square $nothing $nothing))
  (func $double (type $unary)
    local.get 0
    i32.const 1
    i32.shl)
  (func $square (type $unary)
    local.get 0
    local.get 0
    i32.mul)
  (func $nothing)
  (func (export "apart") (param i32 i32) (result i32)
    local.get 1
    local.get 0
    call_indirect (type $unary))
  (table $others funcref (elem $nothing $double $square $double))
  (func (export "together") (param i32 i32) (result i32)
    local.get 1
    local.get 0
    return_call_indirect $others (type $unary)))

;;= x86_64: apart
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: cmp esi, 2
;;    7: jb 23
;;    d: cmp esi, 2
;;   10: jne 3b
;;   16: mov rsi, rdx
;;   19: call func 1 <square>
;;   1e: jmp 36
;;   23: mov rcx, rsi
;;   26: mov rsi, rdx
;;   29: test ecx, ecx
;;   2b: jne 3e
;;   31: call func 0 <double>
;;   36: mov rsp, rbp
;;   39: pop rbp
;;   3a: ret
;;   3b: mov rcx, rsi
;;   3e: cmp ecx, 5
;;   41: jae 75
;;   47: mov rax, qword ptr [rdi - 0x30]
;;   4b: mov ecx, ecx
;;   4d: mov edx, dword ptr [rax + rcx*8 + 4]
;;   51: test edx, edx
;;   53: jne 5e
;;   59: mov eax, dword ptr [rax + rcx*8]
;;   5c: ud2
;;   5e: cmp edx, -1
;;   61: je 6e
;;   67: call prefab_trap.IndirectCallTypeMismatch
;;   6c: ud2
;;   6e: call prefab_trap.UninitializedElement
;;   73: ud2
;;   75: call prefab_trap.UndefinedElement
;;   7a: ud2

;;= x86_64: together
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rax, rdx
;;    7: lea r11d, [rsi - 1]
;;    b: cmp r11d, 2
;;    f: ja 4b
;;   15: cmp esi, 2
;;   18: jb 3f
;;   1e: cmp esi, 3
;;   21: jb 33
;;   27: mov rsi, rax
;;   2a: mov rsp, rbp
;;   2d: pop rbp
;;   2e: jmp func 0 <double>
;;   33: mov rsi, rax
;;   36: mov rsp, rbp
;;   39: pop rbp
;;   3a: jmp func 1 <square>
;;   3f: mov rsi, rax
;;   42: mov rsp, rbp
;;   45: pop rbp
;;   46: jmp func 0 <double>
;;   4b: cmp esi, 4
;;   4e: jae 83
;;   54: mov rax, qword ptr [rdi - 0x30]
;;   58: mov ecx, esi
;;   5a: mov edx, dword ptr [rax + rcx*8 + 0x2c]
;;   5e: test edx, edx
;;   60: jne 6c
;;   66: mov eax, dword ptr [rax + rcx*8 + 0x28]
;;   6a: ud2
;;   6c: cmp edx, -1
;;   6f: je 7c
;;   75: call prefab_trap.IndirectCallTypeMismatch
;;   7a: ud2
;;   7c: call prefab_trap.UninitializedElement
;;   81: ud2
;;   83: call prefab_trap.UndefinedElement
;;   88: ud2

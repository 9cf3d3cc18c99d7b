;;! target = "x86_64"
;;! func = "apart"
;;! func = "together"

;; Few functions of a type in a table that nobody writes are told apart by their indices: one by one,
;; or, where the indices follow each other, after one look at their range. More than two only in loops.
;; They are inlined as if they were called directly.
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
    loop (result i32)
      local.get 1
      local.get 0
      return_call_indirect $others (type $unary)
    end))

;;= x86_64: apart
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: cmp esi, 2
;;    7: jb 21
;;    d: cmp esi, 2
;;   10: jne 33
;;   16: imul edx, edx
;;   19: mov rax, rdx
;;   1c: jmp 2e
;;   21: test esi, esi
;;   23: jne 33
;;   29: shl edx, 1
;;   2b: mov rax, rdx
;;   2e: mov rsp, rbp
;;   31: pop rbp
;;   32: ret
;;   33: cmp esi, 5
;;   36: jae 6a
;;   3c: mov rax, qword ptr [rdi - 0x30]
;;   40: mov ecx, esi
;;   42: mov edx, dword ptr [rax + rcx*8 + 4]
;;   46: test edx, edx
;;   48: jne 53
;;   4e: mov eax, dword ptr [rax + rcx*8]
;;   51: ud2
;;   53: cmp edx, -1
;;   56: je 63
;;   5c: call prefab_trap.IndirectCallTypeMismatch
;;   61: ud2
;;   63: call prefab_trap.UninitializedElement
;;   68: ud2
;;   6a: call prefab_trap.UndefinedElement
;;   6f: ud2

;;= x86_64: together
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov rcx, rdx
;;    7: lea eax, [rsi - 1]
;;    a: cmp eax, 2
;;    d: ja 49
;;   13: cmp esi, 2
;;   16: jb 3d
;;   1c: cmp esi, 3
;;   1f: jb 31
;;   25: mov rsi, rcx
;;   28: mov rsp, rbp
;;   2b: pop rbp
;;   2c: jmp func 0 <double>
;;   31: mov rsi, rcx
;;   34: mov rsp, rbp
;;   37: pop rbp
;;   38: jmp func 1 <square>
;;   3d: mov rsi, rcx
;;   40: mov rsp, rbp
;;   43: pop rbp
;;   44: jmp func 0 <double>
;;   49: cmp esi, 4
;;   4c: jae 81
;;   52: mov rax, qword ptr [rdi - 0x30]
;;   56: mov ecx, esi
;;   58: mov edx, dword ptr [rax + rcx*8 + 0x2c]
;;   5c: test edx, edx
;;   5e: jne 6a
;;   64: mov eax, dword ptr [rax + rcx*8 + 0x28]
;;   68: ud2
;;   6a: cmp edx, -1
;;   6d: je 7a
;;   73: call prefab_trap.IndirectCallTypeMismatch
;;   78: ud2
;;   7a: call prefab_trap.UninitializedElement
;;   7f: ud2
;;   81: call prefab_trap.UndefinedElement
;;   86: ud2

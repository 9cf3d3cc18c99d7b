;;! target = "x86_64"
;;! func = "load"

;; An offset that the guard does not cover is checked.
(module
  (memory 1)
  (func (export "load") (param i32) (result i32)
    local.get 0
    i32.load offset=0x7fffffff))

;;= x86_64: load
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov esi, esi
;;    6: lea r8, [rsi + 0x7fffffff]
;;    d: cmp r8, qword ptr [rip + 0x1c]
;;   14: ja 26
;;   1a: mov eax, dword ptr [rdi + rsi + 0x7fffffff] ; trap: out of bounds memory access
;;   21: mov rsp, rbp
;;   24: pop rbp
;;   25: ret
;;   26: call prefab_trap.MemoryOutOfBounds
;;   2b: ud2
;;   2d: .bytes [00, 00, 00, fc, ff, ff, ff, 00]
;;   35: .bytes [00, 00, 00]

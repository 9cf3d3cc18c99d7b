;;! target = "x86_64"
;;! func = "both"
;;! func = "sum"

;; A small function's code stands where it is called; a recursive one's stands in itself twice, and
;; calls itself there.
(module
  (memory 1)
  (func $load (param i32) (result i32) (i32.load (local.get 0)))
  (func $both (export "both") (param i32) (result i32)
    (i32.add (call $load (local.get 0)) (call $load (i32.mul (local.get 0) (i32.const 3)))))
  (func $sum (export "sum") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
    (i32.add (local.get 0) (call $sum (i32.sub (local.get 0) (i32.const 1))))))

;;= x86_64: both
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: mov r8d, esi
;;    7: mov r8d, dword ptr [rdi + r8]            ; trap: out of bounds memory access
;;    b: imul r9d, esi, 3
;;    f: mov r9d, dword ptr [rdi + r9]            ; trap: out of bounds memory access
;;   13: lea eax, [r8 + r9]
;;   17: mov rsp, rbp
;;   1a: pop rbp
;;   1b: ret

;;= x86_64: sum
;;    0: push rbp
;;    1: mov rbp, rsp
;;    4: sub rsp, 0x10
;;    8: mov qword ptr [rsp], rbx
;;    c: test esi, esi
;;    e: je 6a
;;   14: cmp esi, 1
;;   17: je 59
;;   1d: cmp esi, 2
;;   20: mov rbx, rsi
;;   23: je 47
;;   29: mov rax, rbx
;;   2c: mov rsi, rax
;;   2f: sub esi, 3
;;   32: call func 2 <sum>
;;   37: mov rsi, rbx
;;   3a: mov rcx, rsi
;;   3d: sub ecx, 2
;;   40: add eax, ecx
;;   42: jmp 4c
;;   47: mov rsi, rbx
;;   4a: xor eax, eax
;;   4c: mov rcx, rsi
;;   4f: sub ecx, 1
;;   52: add eax, ecx
;;   54: jmp 5b
;;   59: xor eax, eax
;;   5b: add eax, esi
;;   5d: mov rbx, qword ptr [rsp]
;;   61: add rsp, 0x10
;;   65: mov rsp, rbp
;;   68: pop rbp
;;   69: ret
;;   6a: xor eax, eax
;;   6c: mov rbx, qword ptr [rsp]
;;   70: add rsp, 0x10
;;   74: mov rsp, rbp
;;   77: pop rbp
;;   78: ret

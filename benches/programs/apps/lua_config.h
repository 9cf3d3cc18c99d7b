/* Included before all of Lua: its errors end the program, as wasi-libc has no setjmp. The program that is
   measured makes none. */
#include <stdlib.h>
#define LUAI_THROW(L, c) abort()
#define LUAI_TRY(L, c, a) { a }
#define luai_jmpbuf int
#define l_signalT int
/* And nothing depends on time or addresses. */
#define l_randomizePivot() 7
#define luai_makeseed(L) 7

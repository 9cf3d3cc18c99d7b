/* In place of wasi-libc's, which has none. Nothing here jumps: see lua_config.h. */
#pragma once
typedef int jmp_buf[1];

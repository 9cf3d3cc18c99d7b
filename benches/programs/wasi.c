/* What the WASI functions that wasi-libc imports do in a program that runs alone: nothing of the outside is
   seen, and time stands still. So the modules import nothing, and every engine runs the very same code. */
#ifdef __wasm__
#include <stdint.h>
#include <string.h>
typedef int32_t i;
typedef int64_t l;
#define WASI(name) __imported_wasi_snapshot_preview1_##name
enum { BADF = 8, NOSYS = 52 };

i WASI(args_get)(i argv, i buffer) { return (void)argv, (void)buffer, 0; }
i WASI(args_sizes_get)(i count, i size) { return *(i *)count = 0, *(i *)size = 0, 0; }
i WASI(environ_get)(i list, i buffer) { return (void)list, (void)buffer, 0; }
i WASI(environ_sizes_get)(i count, i size) { return *(i *)count = 0, *(i *)size = 0, 0; }
i WASI(clock_time_get)(i id, l precision, i time) { return (void)id, (void)precision, *(l *)time = 1000000000, 0; }
i WASI(clock_res_get)(i id, i res) { return (void)id, *(l *)res = 1, 0; }
i WASI(random_get)(i buffer, i length) { return memset((void *)buffer, 7, (size_t)length), 0; }
i WASI(sched_yield)(void) { return 0; }
_Noreturn void WASI(proc_exit)(i code) { (void)code, __builtin_trap(); }
i WASI(fd_write)(i fd, i vectors, i count, i written) { return (void)fd, (void)vectors, (void)count, *(i *)written = 0, BADF; }
i WASI(fd_read)(i fd, i vectors, i count, i read) { return (void)fd, (void)vectors, (void)count, *(i *)read = 0, BADF; }
i WASI(fd_close)(i fd) { return (void)fd, BADF; }
i WASI(fd_seek)(i fd, l offset, i whence, i at) { return (void)fd, (void)offset, (void)whence, (void)at, BADF; }
i WASI(fd_fdstat_get)(i fd, i stat) { return (void)fd, (void)stat, BADF; }
i WASI(fd_fdstat_set_flags)(i fd, i flags) { return (void)fd, (void)flags, BADF; }
i WASI(fd_filestat_get)(i fd, i stat) { return (void)fd, (void)stat, BADF; }
i WASI(fd_filestat_set_size)(i fd, l size) { return (void)fd, (void)size, BADF; }
i WASI(fd_filestat_set_times)(i fd, l a, l m, i flags) { return (void)fd, (void)a, (void)m, (void)flags, BADF; }
i WASI(fd_renumber)(i fd, i to) { return (void)fd, (void)to, BADF; }
i WASI(fd_tell)(i fd, i at) { return (void)fd, (void)at, BADF; }
i WASI(fd_sync)(i fd) { return (void)fd, BADF; }
i WASI(fd_prestat_get)(i fd, i prestat) { return (void)fd, (void)prestat, BADF; }
i WASI(fd_prestat_dir_name)(i fd, i path, i length) { return (void)fd, (void)path, (void)length, BADF; }
i WASI(fd_readdir)(i fd, i buffer, i length, l cookie, i used) { return (void)fd, (void)buffer, (void)length, (void)cookie, (void)used, BADF; }
i WASI(path_create_directory)(i fd, i path, i length) { return (void)fd, (void)path, (void)length, NOSYS; }
i WASI(path_filestat_get)(i fd, i flags, i path, i length, i stat) { return (void)fd, (void)flags, (void)path, (void)length, (void)stat, NOSYS; }
i WASI(path_filestat_set_times)(i fd, i flags, i path, i length, l a, l m, i which) { return (void)fd, (void)flags, (void)path, (void)length, (void)a, (void)m, (void)which, NOSYS; }
i WASI(path_link)(i fd, i flags, i path, i length, i to, i new, i new_length) { return (void)fd, (void)flags, (void)path, (void)length, (void)to, (void)new, (void)new_length, NOSYS; }
i WASI(path_open)(i fd, i flags, i path, i length, i how, l rights, l inheriting, i fdflags, i opened) { return (void)fd, (void)flags, (void)path, (void)length, (void)how, (void)rights, (void)inheriting, (void)fdflags, (void)opened, NOSYS; }
i WASI(path_readlink)(i fd, i path, i length, i buffer, i size, i used) { return (void)fd, (void)path, (void)length, (void)buffer, (void)size, (void)used, NOSYS; }
i WASI(path_remove_directory)(i fd, i path, i length) { return (void)fd, (void)path, (void)length, NOSYS; }
i WASI(path_rename)(i fd, i path, i length, i to, i new, i new_length) { return (void)fd, (void)path, (void)length, (void)to, (void)new, (void)new_length, NOSYS; }
i WASI(path_symlink)(i path, i length, i fd, i new, i new_length) { return (void)fd, (void)path, (void)length, (void)new, (void)new_length, NOSYS; }
i WASI(path_unlink_file)(i fd, i path, i length) { return (void)fd, (void)path, (void)length, NOSYS; }
i WASI(poll_oneoff)(i in, i out, i count, i events) { return (void)in, (void)out, (void)count, (void)events, NOSYS; }
#endif

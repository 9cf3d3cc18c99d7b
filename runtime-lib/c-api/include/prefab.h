/*
 * prefab.h: the Prefab runtime for C and C++ programs. Link with libprefab_rt.a.
 *
 * A module that `prefab compile` made an object of is linked into the program; its symbol is
 * `prefab_module_<name>`. It is instantiated in a store, by a linker that knows what it imports:
 *
 *     extern const char prefab_module_app[];
 *
 *     prefab_store_t *store = prefab_store_new(NULL);
 *     prefab_linker_t *linker = prefab_linker_new();
 *     prefab_module_t *module;
 *     prefab_instance_t instance;
 *     prefab_val_t args[2], result;
 *     prefab_error_t *error;
 *
 *     error = prefab_module_from_linked(prefab_module_app, "app", &module);
 *     if (!error) error = prefab_linker_instantiate(linker, store, module, &instance);
 *     args[0].i32 = 1; args[1].i32 = 2;
 *     if (!error) error = prefab_instance_call(store, instance, "add", args, 2, &result, 1);
 *     if (error) { fprintf(stderr, "%s\n", prefab_error_message(error)); prefab_error_free(error); }
 *
 * `prefab compile app.wasm --header app.h` writes a header with a typed function for each export,
 * which does the same with less to write.
 *
 * Errors. A function that can fail returns NULL, or an error, which the caller frees with
 * prefab_error_free. What it would have written through its out parameters is then not there. A
 * NULL where none may be is an error too (PREFAB_ERROR_ARGUMENT), not a crash. A function that
 * returns no error returns 0, NULL, false or an empty string where there is nothing to return.
 *
 * Ownership. What a prefab_*_new, prefab_module_* or out parameter of type `prefab_*_t **` gives
 * belongs to the caller, who frees it with the _free of its type, once, in any order; _free takes
 * NULL. Instances, functions, memories, tables, globals and references are handles, structs by
 * value: nothing is to be freed, they live in their store until prefab_store_free. Used with
 * another store they give PREFAB_ERROR_HANDLE; a handle of zeros refers to nothing.
 *
 * Strings are UTF-8 and end in NUL. Those that are passed are copied; those that are returned
 * belong to what they were asked of.
 *
 * Threads. A store, with all that lives in it, is used by one thread at a time; it may be another
 * thread each time. Different stores are independent. Modules and linkers may be shared between
 * threads. A host function runs on the thread that called the guest; its `env` may come to be used
 * by several threads at once if its linker serves stores on several.
 *
 * Host functions may use every function of this header with the store that they are called from,
 * except prefab_store_free and prefab_store_set_limits; calling guests again is fine. They
 * must return: no longjmp and no C++ exception may leave them.
 *
 * Units. Sizes and offsets are in bytes, memories' page counts in pages of 64 KiB, tables' sizes in
 * elements.
 */
#ifndef PREFAB_H
#define PREFAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the library is. */

/* The version of the library, such as "0.1.0". */
const char *prefab_version(void);

/* Errors. */

typedef struct prefab_error prefab_error_t;

typedef enum prefab_error_kind {
    PREFAB_OK = 0,              /* no error: of NULL */
    PREFAB_ERROR_TRAP = 1,      /* the guest trapped */
    PREFAB_ERROR_HOST = 2,      /* a host function failed: prefab_error_new */
    PREFAB_ERROR_EXIT = 3,      /* the program ended itself: prefab_error_exit_code */
    PREFAB_ERROR_LINK = 4,      /* imports are missing or of another type */
    PREFAB_ERROR_MODULE = 5,    /* malformed, or for another machine or runtime */
    PREFAB_ERROR_TYPE = 6,      /* a function, value or signature is of another type */
    PREFAB_ERROR_HANDLE = 7,    /* a handle of another store, or of nothing */
    PREFAB_ERROR_NOT_FOUND = 8, /* nothing of the kind is exported by this name */
    PREFAB_ERROR_DUPLICATE = 9, /* the linker has something by this name */
    PREFAB_ERROR_BOUNDS = 10,   /* outside a memory or table, or larger than it may become */
    PREFAB_ERROR_RESOURCE = 11, /* the system or a limit refused */
    PREFAB_ERROR_ARGUMENT = 12, /* NULL, or not text, or in use */
    PREFAB_ERROR_PANIC = 13,    /* a bug of the runtime, or a made-up handle */
    PREFAB_ERROR_STATE = 14     /* a command that has run, an instance that is not initialised, or a
                                   reset while a guest runs */
} prefab_error_kind_t;

typedef enum prefab_trap {
    PREFAB_TRAP_NONE = 0,
    PREFAB_TRAP_UNREACHABLE = 1,
    PREFAB_TRAP_MEMORY_OUT_OF_BOUNDS = 2,
    PREFAB_TRAP_TABLE_OUT_OF_BOUNDS = 3,
    PREFAB_TRAP_UNDEFINED_ELEMENT = 4,
    PREFAB_TRAP_UNINITIALIZED_ELEMENT = 5,
    PREFAB_TRAP_INDIRECT_CALL_TYPE_MISMATCH = 6,
    PREFAB_TRAP_INTEGER_DIVIDE_BY_ZERO = 7,
    PREFAB_TRAP_INTEGER_OVERFLOW = 8,
    PREFAB_TRAP_INVALID_CONVERSION_TO_INTEGER = 9,
    PREFAB_TRAP_STACK_OVERFLOW = 10,
    PREFAB_TRAP_NULL_REFERENCE = 11,
    PREFAB_TRAP_INTERRUPTED = 12,
    PREFAB_TRAP_OUT_OF_FUEL = 13,
    PREFAB_TRAP_UNALIGNED_ATOMIC = 14
} prefab_trap_t;

/* What wasm_offset is where the module's address map does not say. */
#define PREFAB_UNKNOWN_OFFSET UINT32_MAX

/* A function of a guest that was running. */
typedef struct prefab_frame {
    const char *module;    /* the module's name */
    const char *func_name; /* by the module's name section; NULL if it has none */
    uint32_t func_index;
    uint32_t wasm_offset; /* where in the .wasm, in bytes, or PREFAB_UNKNOWN_OFFSET */
} prefab_frame_t;

/* An error with which a host function ends the guest. The guest's caller gets it, with the guest's
   frames: PREFAB_ERROR_HOST, PREFAB_ERROR_TRAP, PREFAB_ERROR_EXIT. */
prefab_error_t *prefab_error_new(const char *message);
prefab_error_t *prefab_error_new_trap(uint32_t code);
prefab_error_t *prefab_error_new_exit(int32_t code);
void prefab_error_free(prefab_error_t *error);

/* A prefab_error_kind_t. */
uint32_t prefab_error_kind(const prefab_error_t *error);

/* What happened; of a trap with a line for each function that was running, the innermost first. */
const char *prefab_error_message(const prefab_error_t *error);

/* A prefab_trap_t: why the guest trapped; PREFAB_TRAP_NONE if it did not. */
uint32_t prefab_error_trap_code(const prefab_error_t *error);

/* Whether the program ended itself, and its exit code. `code` may be NULL. */
bool prefab_error_exit_code(const prefab_error_t *error, int32_t *code);

/* The functions that were running when the guest trapped or a host function failed, the innermost
   first; 64 at most. */
size_t prefab_error_frame_count(const prefab_error_t *error);
bool prefab_error_frame(const prefab_error_t *error, size_t index, prefab_frame_t *frame);

/* Handles: see "Ownership" above. Their fields are the runtime's. */

typedef struct prefab_instance {
    uint64_t store, index;
} prefab_instance_t;

typedef struct prefab_func {
    uint64_t store, index;
} prefab_func_t;

typedef struct prefab_table {
    uint64_t store, index;
} prefab_table_t;

typedef struct prefab_memory {
    uint64_t store, index;
} prefab_memory_t;

typedef struct prefab_global {
    uint64_t store, index;
} prefab_global_t;

typedef struct prefab_externref {
    uint64_t store, index;
} prefab_externref_t;

typedef enum prefab_extern_kind {
    PREFAB_FUNC = 0,
    PREFAB_TABLE = 1,
    PREFAB_MEMORY = 2,
    PREFAB_GLOBAL = 3
} prefab_extern_kind_t;

/* Something that can be imported and exported. */
typedef struct prefab_extern {
    uint32_t kind; /* a prefab_extern_kind_t */
    union {
        prefab_func_t func;
        prefab_table_t table;
        prefab_memory_t memory;
        prefab_global_t global;
    } of;
} prefab_extern_t;

/* Values. */

typedef struct prefab_v128 {
    uint64_t low, high; /* byte 0 of the vector is the lowest of `low` */
} prefab_v128_t;

/* A value, of a type that its function, table or global tells. */
typedef union prefab_val {
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
    prefab_v128_t v128;
    prefab_func_t funcref;         /* zeros are null */
    prefab_externref_t externref; /* zeros are null */
} prefab_val_t;

/* Types of values, as the binary format numbers them. */
typedef enum prefab_valtype {
    PREFAB_I32 = 0x7f,
    PREFAB_I64 = 0x7e,
    PREFAB_F32 = 0x7d,
    PREFAB_F64 = 0x7c,
    PREFAB_V128 = 0x7b,
    PREFAB_FUNCREF = 0x70,
    PREFAB_EXTERNREF = 0x6f
} prefab_valtype_t;

/* Frees what the host gave away. */
typedef void (*prefab_finalizer_t)(void *data);

/* Modules. */

typedef struct prefab_module prefab_module_t;

/* The module that the linker made part of this program: its object's symbol is
   `prefab_module_<name>`. `name` is for messages. Asked for a second time it is the same module and
   costs next to nothing. */
prefab_error_t *prefab_module_from_linked(const char *descriptor, const char *name,
                                          prefab_module_t **module);

/* Modules from objects in files or in memory. In libraries built with the feature `loader`. The
   code is run as it is: whoever can write to the file can do what this process can. The file must
   not change while the module or an instance lives; bytes are copied. */
prefab_error_t *prefab_module_load_file(const char *path, prefab_module_t **module);
prefab_error_t *prefab_module_load_bytes(const uint8_t *object, size_t size, const char *name,
                                         prefab_module_t **module);

/* Instances of the module stay. */
void prefab_module_free(prefab_module_t *module);

const char *prefab_module_name(const prefab_module_t *module);

typedef enum prefab_module_kind {
    PREFAB_COMMAND = 1, /* a program: exports _start */
    PREFAB_REACTOR = 2, /* exports _initialize, to be called first */
    PREFAB_LIBRARY = 3
} prefab_module_kind_t;

/* A prefab_module_kind_t. */
uint32_t prefab_module_kind(const prefab_module_t *module);

/* Something that a module imports or exports. The strings are the module's. */
typedef struct prefab_item {
    const char *module; /* of an import: where from; of an export: empty */
    const char *name;
    const char *type; /* of a function: a signature, as prefab_linker_func takes it */
    uint32_t kind;    /* a prefab_extern_kind_t */
} prefab_item_t;

size_t prefab_module_import_count(const prefab_module_t *module);
bool prefab_module_import(const prefab_module_t *module, size_t index, prefab_item_t *import);
size_t prefab_module_export_count(const prefab_module_t *module);
/* `export` is a keyword of C++. */
bool prefab_module_export(const prefab_module_t *module, size_t index, prefab_item_t *item);

/* Stores. */

typedef struct prefab_store prefab_store_t;

/* A store with data of the host's, which nobody looks into and which outlives the store. */
prefab_store_t *prefab_store_new(void *data);

/* Frees all that lives in the store. Not from inside a host function that the store's guest
   called. */
void prefab_store_free(prefab_store_t *store);

void *prefab_store_data(prefab_store_t *store);
prefab_error_t *prefab_store_set_data(prefab_store_t *store, void *data);

/* No bound, in prefab_limits_t. */
#define PREFAB_UNLIMITED UINT64_MAX

/* What everything in a store may come to, taken together. A guest that wants more gets -1 of
   memory.grow or table.grow; a host, PREFAB_ERROR_RESOURCE. */
typedef struct prefab_limits {
    uint64_t memory_bytes;   /* the sizes of all memories */
    uint64_t table_elements; /* the sizes of all tables that can change */
    uint64_t instances;
} prefab_limits_t;

prefab_error_t *prefab_store_set_limits(prefab_store_t *store, const prefab_limits_t *limits);

/* Linkers: what modules import, by name. One linker serves any number of stores. */

typedef struct prefab_linker prefab_linker_t;
typedef struct prefab_caller prefab_caller_t;

/* A host function. `args` and `results` have as many values as the signature says; results are
   preset to zero. Returns NULL, or an error, which it gives away, to end the guest. */
typedef prefab_error_t *(*prefab_host_func_t)(void *env, prefab_caller_t *caller,
                                              const prefab_val_t *args, prefab_val_t *results);

prefab_linker_t *prefab_linker_new(void);

/* Instances that the linker made stay. */
void prefab_linker_free(prefab_linker_t *linker);

/* Defines a host function. The signature lists the types of parameters and results, such as
   "i32 i64 -> f64", "-> i32", "i32" or "". The types are i32, i64, f32, f64, v128, funcref and
   externref; commas and brackets may stand between them. `finalizer`, if it is not NULL, frees
   `env` when no linker and no store needs the function any more, and when this call fails. */
prefab_error_t *prefab_linker_func(prefab_linker_t *linker, const char *module, const char *name,
                                   const char *signature, prefab_host_func_t function, void *env,
                                   prefab_finalizer_t finalizer);

/* Defines something of a store's; modules that import it can be instantiated only there. */
prefab_error_t *prefab_linker_define(prefab_linker_t *linker, const char *module, const char *name,
                                     const prefab_extern_t *item);

/* Defines all that an instance exports, as what the module `module` exports. */
prefab_error_t *prefab_linker_define_instance(prefab_linker_t *linker, prefab_store_t *store,
                                              const char *module, prefab_instance_t instance);

/* Whether a definition may replace another; at first it may not. */
prefab_error_t *prefab_linker_allow_shadowing(prefab_linker_t *linker, bool allow);

bool prefab_linker_defines(const prefab_linker_t *linker, const char *module, const char *name);

/* Makes an instance and runs its start function (not _start: prefab_instance_start). */
prefab_error_t *prefab_linker_instantiate(const prefab_linker_t *linker, prefab_store_t *store,
                                          const prefab_module_t *module,
                                          prefab_instance_t *instance);

/* Callers: who called a host function. Valid until it returns. */

prefab_store_t *prefab_caller_store(const prefab_caller_t *caller);

/* The data of that store. */
void *prefab_caller_data(const prefab_caller_t *caller);

/* The instance that imported the function; false if none did. */
bool prefab_caller_instance(const prefab_caller_t *caller, prefab_instance_t *instance);

/* What that instance exports as "memory". */
prefab_error_t *prefab_caller_memory(const prefab_caller_t *caller, prefab_memory_t *memory);

/* Instances. */

prefab_error_t *prefab_instance_export(prefab_store_t *store, prefab_instance_t instance,
                                       const char *name, prefab_extern_t *item);

/* A function, whose type is compared with `signature` unless that is NULL. */
prefab_error_t *prefab_instance_func(prefab_store_t *store, prefab_instance_t instance,
                                     const char *name, const char *signature, prefab_func_t *func);
prefab_error_t *prefab_instance_memory(prefab_store_t *store, prefab_instance_t instance,
                                       const char *name, prefab_memory_t *memory);
prefab_error_t *prefab_instance_table(prefab_store_t *store, prefab_instance_t instance,
                                      const char *name, prefab_table_t *table);
prefab_error_t *prefab_instance_global(prefab_store_t *store, prefab_instance_t instance,
                                       const char *name, prefab_global_t *global);

/* Calls an exported function by its name: as prefab_func_call. */
prefab_error_t *prefab_instance_call(prefab_store_t *store, prefab_instance_t instance,
                                     const char *name, const prefab_val_t *args, size_t arg_count,
                                     prefab_val_t *results, size_t result_count);

/* Runs a command to its end (_start), once: after that PREFAB_ERROR_STATE. Other modules need it
   not: a reactor is made ready (_initialize) when it is instantiated. `exit_code`, which may be
   NULL, gets the program's exit code: 0 where it just returned. */
prefab_error_t *prefab_instance_start(prefab_store_t *store, prefab_instance_t instance,
                                      int32_t *exit_code);

/* Makes an instance what it was when it was made: memories, tables and globals; a command can run
   again. Also after a trap, but not while a guest of the store runs. Handles stay valid. */
prefab_error_t *prefab_instance_reset(prefab_store_t *store, prefab_instance_t instance);

/* Functions. */

/* The types of a function's parameters and results, as prefab_valtype_t, of which as many are
   stored to `types` as it has room for. */
prefab_error_t *prefab_func_type(prefab_store_t *store, prefab_func_t func, uint8_t *types,
                                 size_t capacity, size_t *param_count, size_t *result_count);

/* Calls a function. There are as many arguments and results as its type says. `args` and
   `results` may be the same array. */
prefab_error_t *prefab_func_call(prefab_store_t *store, prefab_func_t func,
                                 const prefab_val_t *args, size_t arg_count, prefab_val_t *results,
                                 size_t result_count);

/* Calls a function whose type the caller knows for certain, say by prefab_instance_func, and
   which has no references in it: the fast way. `values` has the arguments, and then the results;
   `count` is the greater of both numbers. A wrong count or type is undefined behaviour. */
prefab_error_t *prefab_func_call_unchecked(prefab_store_t *store, prefab_func_t func,
                                           prefab_val_t *values, size_t count);

/* Memories. */

/* A new memory. `max_pages` is PREFAB_UNLIMITED if it has no maximum. */
prefab_error_t *prefab_memory_new(prefab_store_t *store, uint64_t min_pages, uint64_t max_pages,
                                  prefab_memory_t *memory);

/* Where the memory's bytes are, and how many. They stay there as long as the store; the size grows
   when the guest runs. Nothing checks accesses through the pointer. */
prefab_error_t *prefab_memory_data(prefab_store_t *store, prefab_memory_t memory, uint8_t **data,
                                   size_t *size_bytes);

/* Copy bytes out of and into a memory; PREFAB_ERROR_BOUNDS if not all of them lie inside. */
prefab_error_t *prefab_memory_read(prefab_store_t *store, prefab_memory_t memory, uint64_t offset,
                                   void *buffer, size_t size);
prefab_error_t *prefab_memory_write(prefab_store_t *store, prefab_memory_t memory, uint64_t offset,
                                    const void *bytes, size_t size);

prefab_error_t *prefab_memory_size(prefab_store_t *store, prefab_memory_t memory, uint64_t *pages);

/* `old_pages`, which may be NULL, gets the size before. */
prefab_error_t *prefab_memory_grow(prefab_store_t *store, prefab_memory_t memory,
                                   uint64_t delta_pages, uint64_t *old_pages);

/* Tables. */

/* A new table of `element`s (PREFAB_FUNCREF or PREFAB_EXTERNREF), each of them `init`. `max` is
   PREFAB_UNLIMITED if it has no maximum. */
prefab_error_t *prefab_table_new(prefab_store_t *store, uint8_t element, uint64_t min, uint64_t max,
                                 const prefab_val_t *init, prefab_table_t *table);
prefab_error_t *prefab_table_size(prefab_store_t *store, prefab_table_t table, uint64_t *size);
prefab_error_t *prefab_table_get(prefab_store_t *store, prefab_table_t table, uint64_t index,
                                 prefab_val_t *value);
prefab_error_t *prefab_table_set(prefab_store_t *store, prefab_table_t table, uint64_t index,
                                 const prefab_val_t *value);
/* `old_size`, which may be NULL, gets the size before. */
prefab_error_t *prefab_table_grow(prefab_store_t *store, prefab_table_t table, uint64_t delta,
                                  const prefab_val_t *init, uint64_t *old_size);

/* Globals. */

prefab_error_t *prefab_global_new(prefab_store_t *store, uint8_t type, bool is_mutable,
                                  const prefab_val_t *value, prefab_global_t *global);
prefab_error_t *prefab_global_type(prefab_store_t *store, prefab_global_t global, uint8_t *type,
                                   bool *is_mutable);
prefab_error_t *prefab_global_get(prefab_store_t *store, prefab_global_t global,
                                  prefab_val_t *value);
prefab_error_t *prefab_global_set(prefab_store_t *store, prefab_global_t global,
                                  const prefab_val_t *value);

/* References to things of the host's. */

/* `finalizer`, if it is not NULL, frees `data` with the store, and when this call fails. */
prefab_error_t *prefab_externref_new(prefab_store_t *store, void *data,
                                     prefab_finalizer_t finalizer, prefab_externref_t *reference);
prefab_error_t *prefab_externref_data(prefab_store_t *store, prefab_externref_t reference,
                                      void **data);

/* WASI (preview 1). In libraries built with the feature `wasi`, as is the default. */

typedef struct prefab_wasi_config prefab_wasi_config_t;

/* What programs are given of the world: at first no arguments, no environment, no files, and
   streams that lead nowhere. */
prefab_wasi_config_t *prefab_wasi_config_new(void);

/* Only for what prefab_store_set_wasi was not given. */
void prefab_wasi_config_free(prefab_wasi_config_t *config);

/* Adds an argument; the first is by custom the program's name. */
prefab_error_t *prefab_wasi_config_arg(prefab_wasi_config_t *config, const char *arg);
prefab_error_t *prefab_wasi_config_env(prefab_wasi_config_t *config, const char *name,
                                       const char *value);

/* Gives the program the directory at `host_path` and all below it; it calls it `guest_path`. */
prefab_error_t *prefab_wasi_config_preopen_dir(prefab_wasi_config_t *config, const char *host_path,
                                               const char *guest_path);

/* The streams: this process's own; for standard input, a copy of some bytes; for stream 0, 1 or
   2, a duplicate of an open file descriptor. */
prefab_error_t *prefab_wasi_config_inherit_stdio(prefab_wasi_config_t *config);
prefab_error_t *prefab_wasi_config_stdin_bytes(prefab_wasi_config_t *config, const uint8_t *input,
                                               size_t size);
prefab_error_t *prefab_wasi_config_stream_fd(prefab_wasi_config_t *config, int stream, int fd);

/* Gives the store's programs what `config` says; takes `config`, also when this call fails. A
   store that was given none has programs that see nothing. */
prefab_error_t *prefab_store_set_wasi(prefab_store_t *store, prefab_wasi_config_t *config);

/* Defines WASI's functions. They use the memory that the caller exports as "memory". */
prefab_error_t *prefab_linker_wasi(prefab_linker_t *linker);

/* Linked programs. With WASI. */

typedef struct prefab_linked_module {
    const char *name;
    const char *descriptor;
} prefab_linked_module_t;

typedef struct prefab_linked_dir {
    const char *host;
    const char *guest;
} prefab_linked_dir_t;

/* A WASI command, with modules that it imports from, in the order in which they are instantiated;
   and directories that it is given. */
typedef struct prefab_program {
    const prefab_linked_module_t *modules;
    size_t module_count;
    const prefab_linked_dir_t *dirs;
    size_t dir_count;
} prefab_program_t;

/* Runs the program, with this process's arguments, environment and standard streams; returns its
   exit code. If it traps, says so with a backtrace on standard error and returns 134; if it cannot
   be started, says why and returns 1. This is all that the main of `prefab link` calls. */
int prefab_main(const prefab_program_t *program, int argc, const char *const *argv);

#ifdef __cplusplus
}
#endif

#endif /* PREFAB_H */

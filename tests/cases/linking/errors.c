/* What the C API says of wrong arguments, and of host functions that fail.
   modules: errors.wat
   out: 12 the store is NULL
   out: 12 the module's descriptor is NULL
   out: 4 cannot link errors
   out:   unknown import: "env" "fail", (func (i32) -> ())
   out: finalized
   out: 6 the signature "int": "int" is none of i32, i64, f32, f64, v128, funcref, externref
   out: 9 "env" "fail" is already defined
   out: 6 the type of the function "id" is (i32) -> (i32), not () -> ()
   out: 8 no function is exported as "nothing"
   out: 8 no memory is exported as "id"
   out: 7 the instance was used with another store than its own
   out: 7 the handle is of no Func
   out: 6 the function's type is (i32) -> (i32), but it was called with 0 arguments for 1 results
   out: 12 the name is not UTF-8
   out: made up: 13
   out: 2 no such luck, 1 frames
   out: 1 wasm trap: out of bounds memory access
   out:   0: errors!func[1] @ 0x4b, 1 frames
   out: 3 the program exited with code 9, 1 frames
   out: exit code 9
   out: finalized
   out: done
*/
#include <prefab.h>
#include "check.h"

extern const char prefab_module_errors[];

static void tell(prefab_error_t *error)
{
    printf("%u %s\n", (unsigned)prefab_error_kind(error), prefab_error_message(error));
    prefab_error_free(error);
}

static prefab_error_t *fail(void *env, prefab_caller_t *caller, const prefab_val_t *args,
                            prefab_val_t *results)
{
    (void)env;
    (void)caller;
    (void)results;
    if (args[0].i32 == 0)
        return prefab_error_new("no such luck");
    if (args[0].i32 == 1)
        return prefab_error_new_trap(PREFAB_TRAP_MEMORY_OUT_OF_BOUNDS);
    return prefab_error_new_exit(9);
}

static void finalize(void *env)
{
    (void)env;
    printf("finalized\n");
}

static void failing_host(prefab_store_t *store, prefab_instance_t instance)
{
    prefab_val_t arg;
    int32_t code = -1;
    for (arg.i32 = 0; arg.i32 < 3; arg.i32++) {
        prefab_error_t *error = prefab_instance_call(store, instance, "fail", &arg, 1, NULL, 0);
        printf("%u %s, %u frames\n", (unsigned)prefab_error_kind(error),
               prefab_error_message(error), (unsigned)prefab_error_frame_count(error));
        prefab_error_exit_code(error, &code);
        prefab_error_free(error);
    }
    printf("exit code %d\n", (int)code);
}

int main(void)
{
    prefab_store_t *store = prefab_store_new(NULL), *other = prefab_store_new(NULL);
    prefab_linker_t *linker = prefab_linker_new();
    prefab_module_t *module;
    prefab_instance_t instance;
    prefab_func_t func, none = {0, 0};
    prefab_memory_t memory;
    prefab_val_t value;
    prefab_error_t *error;
    tell(prefab_store_set_data(NULL, NULL));
    tell(prefab_module_from_linked(NULL, "errors", &module));
    check(prefab_module_from_linked(prefab_module_errors, "errors", &module));
    tell(prefab_linker_instantiate(linker, store, module, &instance));
    tell(prefab_linker_func(linker, "env", "fail", "int", fail, NULL, finalize));
    check(prefab_linker_func(linker, "env", "fail", "i32", fail, NULL, finalize));
    tell(prefab_linker_func(linker, "env", "fail", "i32", fail, NULL, NULL));
    check(prefab_linker_instantiate(linker, store, module, &instance));
    prefab_linker_free(linker);
    prefab_module_free(module);
    tell(prefab_instance_func(store, instance, "id", "", &func));
    tell(prefab_instance_func(store, instance, "nothing", NULL, &func));
    tell(prefab_instance_memory(store, instance, "id", &memory));
    tell(prefab_instance_memory(other, instance, "memory", &memory));
    tell(prefab_func_call(store, none, NULL, 0, NULL, 0));
    check(prefab_instance_func(store, instance, "id", "i32 -> i32", &func));
    tell(prefab_func_call(store, func, NULL, 0, &value, 1));
    tell(prefab_instance_func(store, instance, "\377", NULL, &func));
    /* A handle that nobody has given is found out, if need be by a panic that goes no further. */
    func.index = 1000;
    error = prefab_func_call(store, func, NULL, 0, NULL, 0);
    printf("made up: %u\n", (unsigned)prefab_error_kind(error));
    prefab_error_free(error);
    failing_host(store, instance);
    /* Nothing is an error, and NULL can be asked and freed. */
    if (prefab_error_kind(NULL) || *prefab_error_message(NULL) || prefab_error_trap_code(NULL))
        abort();
    prefab_error_free(NULL);
    prefab_store_free(store);
    prefab_store_free(other);
    prefab_store_free(NULL);
    printf("done\n");
    return 0;
}

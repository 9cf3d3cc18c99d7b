/* A linked module and one that is loaded agree on types, whichever comes first.
   modules: shape.wat
   loaded: caller.wat shape.wat
   out: linked table, loaded caller: 34, trap 6
   out: loaded table, loaded caller: 34, trap 6
*/
#include <prefab.h>
#include "check.h"

extern const char prefab_module_shape[];

static void call(const char *how, prefab_module_t *shape, prefab_module_t *caller)
{
    prefab_store_t *store = prefab_store_new(NULL);
    prefab_linker_t *linker = prefab_linker_new();
    prefab_instance_t table, calls;
    prefab_val_t value;
    prefab_error_t *error;
    check(prefab_linker_instantiate(linker, store, shape, &table));
    check(prefab_linker_define_instance(linker, store, "shape", table));
    check(prefab_linker_instantiate(linker, store, caller, &calls));
    value.i32 = 0;
    check(prefab_instance_call(store, calls, "binary", &value, 1, &value, 1));
    printf("%s: %d, ", how, (int)value.i32);
    value.i32 = 1;
    error = prefab_instance_call(store, calls, "binary", &value, 1, &value, 1);
    printf("trap %u\n", (unsigned)prefab_error_trap_code(error));
    prefab_error_free(error);
    prefab_linker_free(linker);
    prefab_store_free(store);
}

int main(int argc, char **argv)
{
    prefab_module_t *linked, *caller, *shape;
    if (argc != 3)
        return 2;
    check(prefab_module_load_file(argv[1], &caller));
    check(prefab_module_from_linked(prefab_module_shape, "shape", &linked));
    check(prefab_module_load_file(argv[2], &shape));
    call("linked table, loaded caller", linked, caller);
    call("loaded table, loaded caller", shape, caller);
    prefab_module_free(linked);
    prefab_module_free(caller);
    prefab_module_free(shape);
    return 0;
}

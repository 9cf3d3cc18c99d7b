/* Several modules in one program, two instances of one, and calls through a table across modules.
   modules: shape.wat caller.wat
   out: 1 2 1
   out: 34 -5
   out: error 1, trap 6, 1 frames, in ?
   out: error 1, trap 6, 1 frames, in ?
   out: error 1, trap 5, 1 frames, in ?
   out: 34 -5
*/
#include "caller.h"
#include "shape.h"
#include "check.h"

static void across(caller_t *caller)
{
    int32_t sum;
    int64_t negated;
    check(caller_binary(caller, 0, &sum));
    check(caller_unary(caller, 1, &negated));
    printf("%d %d\n", (int)sum, (int)negated);
}

int main(void)
{
    prefab_store_t *store = prefab_store_new(NULL);
    prefab_linker_t *linker = prefab_linker_new();
    shape_t one, two;
    caller_t caller, again;
    int32_t sum, a, b, c;
    check(shape_instantiate(&one, store, NULL));
    check(shape_instantiate(&two, store, NULL));
    check(shape_made(&one, &a));
    check(shape_made(&one, &b));
    check(shape_made(&two, &c));
    printf("%d %d %d\n", (int)a, (int)b, (int)c);
    check(prefab_linker_define_instance(linker, store, "shape", one.instance));
    check(caller_instantiate_with(&caller, store, linker));
    across(&caller);
    show(caller_binary(&caller, 1, &sum));
    show(caller_other(&caller, 0));
    show(caller_binary(&caller, 2, &sum));
    prefab_store_free(store);
    /* In another store, too. */
    prefab_linker_free(linker);
    linker = prefab_linker_new();
    check(shape_instantiate(&one, NULL, NULL));
    check(prefab_linker_define_instance(linker, one.store, "shape", one.instance));
    check(caller_instantiate_with(&again, one.store, linker));
    across(&again);
    prefab_linker_free(linker);
    shape_free(&one);
    return 0;
}

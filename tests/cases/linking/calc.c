/* Everything that a generated header has, and memories, tables, globals, references and limits.
   modules: calc.wat
   out: env: hello from wasm
   out: 42
   out: 10 5
   out: 2 4
   out: error 1, trap 1, 2 frames, in boom
   out: error 1, trap 2, 1 frames, in ?
   out: error 1, trap 10, 64 frames, in recurse
   out: 2.5
   out: 1 2 3 4 5
   out: adder: 12
   out: kept: data, data again
   out: memory: 65536 bytes, "hello"
   out: error 10, trap 0, 0 frames, in ?
   out: grown: 1 -1, 131072 bytes, limited: error 11
   out: global: 7 8, i64, mutable; error 6
   out: table: 4 elements, 1 null, 30; 5 elements; error 10
   out: freed
*/
#include "calc.h"
#include "check.h"

static int freed;

static void note_freed(void *data)
{
    (void)data;
    freed++;
}

prefab_error_t *calc_import_env_log(void *env, prefab_caller_t *caller, int32_t at, int32_t size)
{
    prefab_memory_t memory;
    char text[64];
    prefab_error_t *error = prefab_caller_memory(caller, &memory);
    if (!error)
        error = prefab_memory_read(prefab_caller_store(caller), memory, (uint64_t)at, text,
                                   (size_t)size);
    if (!error)
        printf("%s: %.*s\n", (const char *)env, (int)size, text);
    return error;
}

prefab_error_t *calc_import_env_pair(void *env, prefab_caller_t *caller, int64_t a0, double a1,
                                     int64_t *r0, double *r1)
{
    (void)env;
    (void)caller;
    *r0 = a0 + 1;
    *r1 = a1 * 2;
    return NULL;
}

prefab_error_t *calc_import_env_keep(void *env, prefab_caller_t *caller, prefab_externref_t a0,
                                     prefab_func_t a1, prefab_externref_t *r0)
{
    /* Calls the guest while it waits for this function. */
    calc_t *calc = (calc_t *)prefab_caller_data(caller);
    prefab_val_t values[2];
    void *data = NULL;
    (void)env;
    values[0].i32 = 5;
    values[1].i32 = 7;
    check(prefab_func_call(prefab_caller_store(caller), a1, values, 2, values, 1));
    printf("adder: %d\n", (int)values[0].i32);
    check(prefab_externref_data(calc->store, a0, &data));
    printf("kept: %s, ", (const char *)data);
    *r0 = a0;
    return NULL;
}

static void memories(calc_t *calc)
{
    prefab_limits_t limits = {2 << 16, PREFAB_UNLIMITED, PREFAB_UNLIMITED};
    uint8_t *data;
    size_t size;
    int32_t before, after;
    prefab_error_t *error;
    check(prefab_memory_data(calc->store, calc->exports.memory, &data, &size));
    printf("memory: %u bytes, \"%.5s\"\n", (unsigned)size, (const char *)data + 16);
    show(prefab_memory_write(calc->store, calc->exports.memory, 65535, "xy", 2));
    check(prefab_store_set_limits(calc->store, &limits));
    check(calc_grow(calc, 1, &before));
    check(calc_grow(calc, 1, &after));
    error = prefab_memory_grow(calc->store, calc->exports.memory, 1, NULL);
    check(prefab_memory_data(calc->store, calc->exports.memory, &data, &size));
    printf("grown: %d %d, %u bytes, limited: error %u\n", (int)before, (int)after, (unsigned)size,
           (unsigned)prefab_error_kind(error));
    prefab_error_free(error);
}

static void globals(calc_t *calc)
{
    prefab_val_t value, next;
    uint8_t type;
    bool is_mutable;
    prefab_error_t *error;
    check(prefab_global_get(calc->store, calc->exports.count, &value));
    next.i64 = value.i64 + 1;
    check(prefab_global_set(calc->store, calc->exports.count, &next));
    check(prefab_global_get(calc->store, calc->exports.count, &next));
    check(prefab_global_type(calc->store, calc->exports.count, &type, &is_mutable));
    error = prefab_global_set(calc->store, calc->exports.fixed, &value);
    printf("global: %d %d, %s, %s; error %u\n", (int)value.i64, (int)next.i64,
           type == PREFAB_I64 ? "i64" : "?", is_mutable ? "mutable" : "fixed",
           (unsigned)prefab_error_kind(error));
    prefab_error_free(error);
}

static void tables(calc_t *calc)
{
    uint64_t size;
    prefab_val_t element, null, values[2];
    prefab_error_t *error;
    prefab_table_t table = calc->exports.table;
    check(prefab_table_size(calc->store, table, &size));
    check(prefab_table_get(calc->store, table, 0, &null));
    check(prefab_table_get(calc->store, table, 1, &element));
    check(prefab_table_set(calc->store, table, 2, &element));
    check(prefab_table_get(calc->store, table, 2, &element));
    values[0].i32 = 10;
    values[1].i32 = 20;
    check(prefab_func_call(calc->store, element.funcref, values, 2, values, 1));
    printf("table: %u elements, %d null, %d; ", (unsigned)size, null.funcref.store == 0,
           (int)values[0].i32);
    check(prefab_table_grow(calc->store, table, 1, &null, NULL));
    check(prefab_table_size(calc->store, table, &size));
    error = prefab_table_grow(calc->store, table, 2, &null, NULL);
    printf("%u elements; error %u\n", (unsigned)size, (unsigned)prefab_error_kind(error));
    prefab_error_free(error);
}

int main(void)
{
    static char env[] = "env", text[] = "data";
    calc_t calc;
    int32_t a, b, c, d, e;
    int64_t large;
    double real;
    prefab_v128_t vector = {1, 2};
    prefab_externref_t reference;
    prefab_func_t func;
    void *data;
    prefab_store_t *store = prefab_store_new(&calc);
    check(calc_instantiate(&calc, store, env));
    check(calc_greet(&calc));
    check(calc_add(&calc, 2, 40, &a));
    printf("%d\n", (int)a);
    check(calc_swap(&calc, 9, 2.5, &large, &real));
    printf("%d %g\n", (int)large, real);
    check(calc_twice(&calc, vector, &vector));
    printf("%d %d\n", (int)vector.low, (int)vector.high);
    show(calc_deep(&calc));
    show(calc_peek(&calc, 65534, &a));
    show(calc_recurse(&calc));
    check(calc_export_free(&calc, 2.5f, &real));
    printf("%g\n", real);
    check(calc_int(&calc, &a));
    check(calc_a_b(&calc, &b));
    check(calc_export_a_b(&calc, &c));
    check(calc_____evil____________(&calc, &d));
    check(calc__(&calc, &e));
    printf("%d %d %d %d %d\n", (int)a, (int)b, (int)c, (int)d, (int)e);
    check(prefab_externref_new(store, text, note_freed, &reference));
    check(calc_pass(&calc, reference, &reference));
    check(prefab_externref_data(store, reference, &data));
    printf("%s again\n", (const char *)data);
    check(calc_adder(&calc, &func));
    memories(&calc);
    globals(&calc);
    tables(&calc);
    calc_free(&calc);
    prefab_store_free(store);
    printf("%s\n", freed == 1 ? "freed" : "not freed");
    return 0;
}

/* Stores on several threads, of one linked module: calls, traps and used-up stacks.
   modules: calc.wat
   out: 4 threads, 400 sums, 400 traps, 40 overflows
*/
#include <pthread.h>
#include "calc.h"
#include "check.h"

#define THREADS 4

prefab_error_t *calc_import_env_log(void *env, prefab_caller_t *caller, int32_t a0, int32_t a1)
{
    (void)env;
    (void)caller;
    (void)a0;
    (void)a1;
    return NULL;
}

prefab_error_t *calc_import_env_pair(void *env, prefab_caller_t *caller, int64_t a0, double a1,
                                     int64_t *r0, double *r1)
{
    (void)env;
    (void)caller;
    *r0 = a0;
    *r1 = a1;
    return NULL;
}

prefab_error_t *calc_import_env_keep(void *env, prefab_caller_t *caller, prefab_externref_t a0,
                                     prefab_func_t a1, prefab_externref_t *r0)
{
    (void)env;
    (void)caller;
    (void)a1;
    *r0 = a0;
    return NULL;
}

struct counts {
    int sums, traps, overflows;
};

static int trapped(prefab_error_t *error, uint32_t code)
{
    int found = prefab_error_trap_code(error) == code;
    prefab_error_free(error);
    return found;
}

static void *run(void *argument)
{
    struct counts *counts = (struct counts *)argument;
    int32_t i, sum;
    calc_t calc;
    check(calc_instantiate(&calc, NULL, NULL));
    for (i = 0; i < 100; i++) {
        check(calc_add(&calc, i, 1, &sum));
        counts->sums += sum == i + 1;
        counts->traps += trapped(calc_deep(&calc), PREFAB_TRAP_UNREACHABLE);
        if (i % 10 == 0)
            counts->overflows += trapped(calc_recurse(&calc), PREFAB_TRAP_STACK_OVERFLOW);
    }
    calc_free(&calc);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    struct counts counts[THREADS], all = {0, 0, 0};
    int i;
    memset(counts, 0, sizeof counts);
    for (i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, run, &counts[i]))
            return 1;
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all.sums += counts[i].sums;
        all.traps += counts[i].traps;
        all.overflows += counts[i].overflows;
    }
    printf("%d threads, %d sums, %d traps, %d overflows\n", THREADS, all.sums, all.traps,
           all.overflows);
    return 0;
}

/* Two instances of one plugin, each with a discount of its own. */
#include "rules.h"
#include <stdio.h>

/* The plugin's import "host" "rate": `env` is what each instance was made with. */
prefab_error_t *rules_import_host_rate(void *env, prefab_caller_t *caller, int32_t items,
                                       double *rate)
{
    (void)caller;
    *rate = items >= 10 ? *(const double *)env : 0;
    return NULL;
}

int main(void)
{
    static double rates[] = {0.25, 0.5};
    for (int i = 0; i < 2; i++) {
        rules_t rules;
        double price = 0, off = 0;
        prefab_error_t *error = rules_instantiate(&rules, NULL, &rates[i]);
        if (!error)
            error = rules_price(&rules, 10, 2.5, &price, &off);
        if (error) {
            fprintf(stderr, "%s\n", prefab_error_message(error));
            return 1;
        }
        printf("%.2f, %.2f saved\n", price, off);
        rules_free(&rules);
    }
    return 0;
}

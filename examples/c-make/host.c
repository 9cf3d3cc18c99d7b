/* A host with a plugin that calls it back, and what it sees when the plugin traps. */
#include "filter.h"
#include <stdio.h>
#include <string.h>

/* The plugin's import "host" "say". */
prefab_error_t *filter_import_host_say(void *env, prefab_caller_t *caller, int32_t text, int32_t size)
{
    char copy[256];
    prefab_memory_t memory;
    prefab_error_t *error = prefab_caller_memory(caller, &memory);
    if (!error && (uint32_t)size > sizeof copy)
        error = prefab_error_new("that is too much to say");
    if (!error)
        error = prefab_memory_read(prefab_caller_store(caller), memory, (uint32_t)text, copy,
                                   (uint32_t)size);
    if (!error)
        fprintf((FILE *)env, "the plugin says: %.*s\n", (int)size, copy);
    return error;
}

static prefab_error_t *shout(filter_t *filter, const char *text)
{
    int32_t buffer;
    prefab_error_t *error = filter_buffer(filter, &buffer);
    size_t size = strlen(text);
    if (!error)
        error = prefab_memory_write(filter->store, filter->exports.memory, (uint32_t)buffer, text,
                                    size);
    return error ? error : filter_shout(filter, (int32_t)size);
}

int main(void)
{
    filter_t filter;
    int32_t ratio;
    prefab_error_t *error = filter_instantiate(&filter, NULL, stdout);
    if (!error)
        error = shout(&filter, "hello, make");
    if (error) {
        fprintf(stderr, "%s\n", prefab_error_message(error));
        return 1;
    }
    /* A trap is an error like any other; the plugin can be used again. */
    error = filter_ratio(&filter, 1, 0, &ratio);
    printf("%s\n", prefab_error_trap_code(error) == PREFAB_TRAP_INTEGER_DIVIDE_BY_ZERO
                       ? "the plugin divides by zero"
                       : "there should have been a trap");
    prefab_error_free(error);
    filter_free(&filter);
    return 0;
}

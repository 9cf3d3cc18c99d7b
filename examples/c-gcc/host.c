/* Has a plugin count the letters of its arguments. */
#include "plugin.h"
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    plugin_t plugin;
    int32_t count = 0;
    prefab_error_t *error = plugin_instantiate(&plugin, NULL, NULL);
    for (int i = 1; i < argc && !error; i++) {
        size_t size = strlen(argv[i]);
        error = prefab_memory_write(plugin.store, plugin.exports.memory, 0, argv[i], size);
        if (!error)
            error = plugin_letters(&plugin, 0, (int32_t)size, &count);
        if (!error)
            printf("%s: %d letters\n", argv[i], (int)count);
    }
    if (error) {
        fprintf(stderr, "%s\n", prefab_error_message(error));
        prefab_error_free(error);
        return 1;
    }
    plugin_free(&plugin);
    return 0;
}

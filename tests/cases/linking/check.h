/* What the test programs share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nothing may go wrong. */
static inline void check(prefab_error_t *error)
{
    if (error) {
        printf("%s\n", prefab_error_message(error));
        fflush(stdout);
        abort();
    }
}

/* Something has to go wrong: this. */
static inline void show(prefab_error_t *error)
{
    prefab_frame_t frame;
    const char *name = "?";
    if (prefab_error_frame(error, 0, &frame) && frame.func_name)
        name = frame.func_name;
    printf("error %u, trap %u, %u frames, in %s\n", (unsigned)prefab_error_kind(error),
           (unsigned)prefab_error_trap_code(error), (unsigned)prefab_error_frame_count(error), name);
    prefab_error_free(error);
}

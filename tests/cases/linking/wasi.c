/* A WASI program inside of a C program: what it is given of the world, and its exit code. It runs
   once, and again when it is reset.
   modules: world.c
   out: arguments: world a b
   out: NAME=value
   out: input: from memory
   out: exit code 3
   out: error 14, trap 0, 0 frames, in ?
   out: arguments: world a b
   out: NAME=value
   out: input: from memory
   out: exit code 3
   out: refused
*/
#include "world.h"
#include "check.h"

static void config(prefab_store_t *store)
{
    prefab_wasi_config_t *config = prefab_wasi_config_new();
    check(prefab_wasi_config_arg(config, "world"));
    check(prefab_wasi_config_arg(config, "a"));
    check(prefab_wasi_config_arg(config, "b"));
    check(prefab_wasi_config_env(config, "NAME", "value"));
    check(prefab_wasi_config_stdin_bytes(config, (const uint8_t *)"from memory\n", 12));
    check(prefab_wasi_config_stream_fd(config, 1, 1));
    check(prefab_store_set_wasi(store, config));
}

int main(void)
{
    prefab_store_t *store = prefab_store_new(NULL);
    prefab_wasi_config_t *refused = prefab_wasi_config_new();
    prefab_error_t *error;
    world_t world;
    int32_t code = -1;
    config(store);
    check(world_instantiate(&world, store, NULL));
    check(world_run(&world, &code));
    printf("exit code %d\n", (int)code);
    show(world_run(&world, &code));
    /* The guest does not wait for what C has buffered. */
    fflush(stdout);
    check(prefab_instance_reset(store, world.instance));
    config(store);
    check(world_run(&world, &code));
    printf("exit code %d\n", (int)code);
    error = prefab_wasi_config_preopen_dir(refused, "/is/not/there", "/");
    printf("%s\n", prefab_error_kind(error) == PREFAB_ERROR_ARGUMENT ? "refused" : "?");
    prefab_error_free(error);
    prefab_wasi_config_free(refused);
    prefab_store_free(store);
    return 0;
}

/* What loads a program that wasm2c (1.0.32) has turned into C: the same `run`. */
#include "program.h"

static Z_program_instance_t instance;

__attribute__((visibility("default"))) u32 run(u32 n) {
    static int is_made;
    if (!is_made) {
        is_made = 1;
        wasm_rt_init();
        Z_program_init_module();
        Z_program_instantiate(&instance);
        Z_programZ__initialize(&instance);
    }
    return Z_programZ_run(&instance, n);
}

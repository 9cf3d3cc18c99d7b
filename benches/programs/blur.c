/* A picture of floats and bytes: converted, blurred by a 5 by 5 kernel, and converted back. */
#include "bench.h"
enum { WIDTH = 320, HEIGHT = 200 };
static u8 pixels[HEIGHT][WIDTH];
static float in[HEIGHT][WIDTH], out[HEIGHT][WIDTH];

u32 run(u32 n) {
    static const float kernel[5][5] = {
        {.01f, .02f, .03f, .02f, .01f}, {.02f, .05f, .07f, .05f, .02f}, {.03f, .07f, .20f, .07f, .03f},
        {.02f, .05f, .07f, .05f, .02f}, {.01f, .02f, .03f, .02f, .01f},
    };
    u32 seed = 19;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) pixels[y][x] = (u8)next_random(&seed);
    while (n--) {
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) in[y][x] = (float)pixels[y][x] * (1.0f / 255);
        for (int y = 2; y < HEIGHT - 2; y++)
            for (int x = 2; x < WIDTH - 2; x++) {
                float sum = 0;
                for (int i = 0; i < 5; i++)
                    for (int j = 0; j < 5; j++) sum += kernel[i][j] * in[y + i - 2][x + j - 2];
                out[y][x] = sum;
            }
        for (int y = 2; y < HEIGHT - 2; y++)
            for (int x = 2; x < WIDTH - 2; x++) {
                float value = out[y][x] * 255 + 0.5f + (float)((x ^ y) & 3);
                pixels[y][x] = (u8)(value < 0 ? 0 : value > 255 ? 255 : value);
            }
    }
    return mix_bytes(0, pixels, sizeof pixels);
}

/* Draws the Mandelbrot set as text: mandelbrot [COLUMNS [ROWS [ITERATIONS]]]
 *
 * An ordinary C program that knows nothing of Prefab. mandelbrot.wasm beside it was made with
 *   clang --target=wasm32-wasi -O2 -Wl,--strip-debug mandelbrot.c -o mandelbrot.wasm
 * and the tests make it anew and compare what both print. */
#include <stdio.h>
#include <stdlib.h>

static int escape_time(double x0, double y0, int limit)
{
    double x = 0, y = 0;
    int n = 0;
    while (n < limit && x * x + y * y <= 4.0) {
        double next = x * x - y * y + x0;
        y = 2 * x * y + y0;
        x = next;
        n++;
    }
    return n;
}

static int argument(int argc, char **argv, int index, int otherwise)
{
    if (index >= argc)
        return otherwise;
    int value = atoi(argv[index]);
    if (value < 2) {
        fprintf(stderr, "%s: '%s' is not a number above 1\n", argv[0], argv[index]);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    static const char shades[] = " .:-=+*%#@";
    int columns = argument(argc, argv, 1, 64);
    int rows = argument(argc, argv, 2, 22);
    int limit = argument(argc, argv, 3, 1000);
    long long total = 0;

    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            double x = -2.2 + 3.2 * column / (columns - 1);
            double y = -1.2 + 2.4 * row / (rows - 1);
            int n = escape_time(x, y, limit);
            total += n;
            int shade = 0;
            for (int rest = n; rest > 1 && shade < 9; rest >>= 1)
                shade++;
            putchar(n == limit ? '@' : shades[shade]);
        }
        putchar('\n');
    }
    printf("%dx%d points, %lld iterations\n", columns, rows, total);
    return 0;
}

/* A WASI program that shows what it is given of the world, and ends as its arguments say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    char line[80];
    FILE *file;
    const char *name = getenv("NAME");
    printf("arguments:");
    for (int i = 0; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        printf(" %s", i == 0 && slash ? slash + 1 : argv[i]);
    }
    printf("\nNAME=%s\n", name ? name : "(not there)");
    if (fgets(line, sizeof line, stdin))
        printf("input: %s", line);
    file = fopen("/data/note.txt", "r");
    if (file && fgets(line, sizeof line, file))
        printf("note: %s", line);
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "trap") == 0)
        __builtin_trap();
    return argc;
}

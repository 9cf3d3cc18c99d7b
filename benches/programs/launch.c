/* Starts a command as often as each line of its input says, and waits for its end each time. Prints the most
   memory that a process had, in KiB, and how long all took, in nanoseconds: by the clock, and of processors.
   A small program, as a process begins with the peak of the one that it was forked from. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long nanoseconds(struct timeval time) { return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL; }

int main(int count, char **arguments) {
    if (count < 2) return 2;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    for (int times; scanf("%d", &times) == 1;) {
        long most = 0;
        long long start = now(), processors = 0;
        for (int i = 0; i < times; i++) {
            pid_t pid;
            int status;
            struct rusage usage;
            if (posix_spawnp(&pid, arguments[1], &actions, NULL, arguments + 1, environ)) return 1;
            if (wait4(pid, &status, 0, &usage) < 0 || status != 0) {
                fprintf(stderr, "%s ended with status %d\n", arguments[1], status);
                return 1;
            }
            if (usage.ru_maxrss > most) most = usage.ru_maxrss;
            processors += nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
        }
        printf("%ld %lld %lld\n", most, now() - start, processors);
        fflush(stdout);
    }
}

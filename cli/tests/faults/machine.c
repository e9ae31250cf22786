/* A machine whose clock and whose disk a test decides over: preloaded into the program, it reads what the test has written into
 * the file that it maps. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct machine {
    /* How far the wall clock is ahead, in milliseconds. */
    int64_t ahead_ms;
    /* Bytes by which files may still grow; no limit below zero. */
    int64_t room;
};

static struct machine *machine;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("ASSAY_TEST_MACHINE");
    if (!path) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    void *map = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *machine, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED) abort();
    close(file);
    machine = map;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (failed || !machine || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return failed;
    int64_t ahead = __atomic_load_n(&machine->ahead_ms, __ATOMIC_RELAXED);
    int64_t nanoseconds = now->tv_nsec + ahead % 1000 * 1000000;
    now->tv_sec += ahead / 1000;
    if (nanoseconds < 0) {
        nanoseconds += 1000000000;
        now->tv_sec -= 1;
    } else if (nanoseconds >= 1000000000) {
        nanoseconds -= 1000000000;
        now->tv_sec += 1;
    }
    now->tv_nsec = (long)nanoseconds;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact)) return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *copy) {
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact)) return -1;
    if (copy) *copy = exact.tv_sec;
    return exact.tv_sec;
}

/* How many of these bytes a file takes at `at`: what lies in it already costs no room. None is an error. */
static ssize_t taken(int file, off_t at, size_t count) {
    struct stat status;
    if (!machine || __atomic_load_n(&machine->room, __ATOMIC_RELAXED) < 0 || fstat(file, &status) ||
        !S_ISREG(status.st_mode))
        return (ssize_t)count;
    int64_t growth = at + (int64_t)count - status.st_size;
    if (growth <= 0) return (ssize_t)count;
    if (growth > (int64_t)count) growth = (int64_t)count;
    int64_t room = __atomic_load_n(&machine->room, __ATOMIC_RELAXED), granted;
    do {
        if (room < 0) return (ssize_t)count;
        granted = room < growth ? room : growth;
    } while (!__atomic_compare_exchange_n(&machine->room, &room, room - granted, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    ssize_t left = (ssize_t)count - (growth - granted);
    if (left <= 0) {
        errno = ENOSPC;
        return -1;
    }
    return left;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    ssize_t left = taken(file, at, count);
    return left < 0 ? left : syscall(SYS_pwrite64, file, bytes, (size_t)left, at);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    return pwrite64(file, bytes, count, at);
}

ssize_t write(int file, const void *bytes, size_t count) {
    off_t at = 0;
    if (machine && __atomic_load_n(&machine->room, __ATOMIC_RELAXED) >= 0) {
        int saved = errno, flags = fcntl(file, F_GETFL);
        at = lseek(file, 0, flags >= 0 && flags & O_APPEND ? SEEK_END : SEEK_CUR);
        errno = saved;
        if (at < 0) at = 0;
    }
    ssize_t left = taken(file, at, count);
    return left < 0 ? left : syscall(SYS_write, file, bytes, (size_t)left);
}

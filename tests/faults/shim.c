/* Makes the system calls of a program fail, when it is loaded with LD_PRELOAD.
 *
 * An operation is a write to a regular file or the creation of a file. FAULT names what happens to
 * operations, counted from 1, and FAULT_AT the number of the operation:
 *
 *   full         operation N and all later ones fail: no space is left
 *   once         operation N alone fails for this
 *   denied       operation N and all later ones fail: they are not permitted
 *   interrupted  every second operation is interrupted before it does anything
 *   short        writes write a part of their bytes
 *   slow         operation N takes N milliseconds of FAULT_MILLIS
 *   sync         flush N to the disk and all later ones fail
 *   locks        the file system has no locks
 *   clock        the clock of the day jumps between years
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long operations, flushes, ticks;

static int is(const char *fault) {
    const char *own = getenv("FAULT");
    return own && strcmp(own, fault) == 0;
}

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

/* Whether the next operation fails, with errno. */
static int fails(void) {
    long own = __atomic_add_fetch(&operations, 1, __ATOMIC_SEQ_CST), at = number("FAULT_AT");
    if ((is("full") && own >= at) || (is("once") && own == at)) {
        errno = ENOSPC;
        return 1;
    }
    if (is("denied") && own >= at) {
        errno = EACCES;
        return 1;
    }
    if (is("interrupted") && own % 2 == 1) {
        errno = EINTR;
        return 1;
    }
    if (is("slow") && own == at) {
        long millis = number("FAULT_MILLIS");
        struct timespec rest = {millis / 1000, millis % 1000 * 1000000};
        while (nanosleep(&rest, &rest) != 0) {
        }
    }
    return 0;
}

static int is_file(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    if (is_file(fd)) {
        if (fails()) {
            return -1;
        }
        if (is("short") && count > 1) {
            count = count / 2;
        }
    }
    return real(fd, bytes, count);
}

static int opened(const char *name, const char *path, int flags, mode_t mode) {
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, name);
    if ((flags & O_CREAT) && strncmp(path, "/dev/", 5) != 0 && fails()) {
        return -1;
    }
    return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened("open64", path, flags, mode);
}

int fsync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    if (is("sync") && __atomic_add_fetch(&flushes, 1, __ATOMIC_SEQ_CST) >= number("FAULT_AT")) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

int flock(int fd, int operation) {
    int (*real)(int, int) = dlsym(RTLD_NEXT, "flock");
    if (is("locks")) {
        errno = ENOLCK;
        return -1;
    }
    return real(fd, operation);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (is("clock") && clock == CLOCK_REALTIME) {
        long tick = __atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
        now->tv_sec += (tick % 3 - 1) * 31536000L * 10;
    }
    return result;
}

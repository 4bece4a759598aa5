/* shim.c - makes the n-th step that a process takes in a folder fail, or be its last. For LD_PRELOAD.
 *
 *   CHAOS_FOLDER   only what is done to this folder, absolute, and to what is below it counts
 *   CHAOS_MODE     count         nothing happens, the steps are counted
 *                  kill-before   SIGKILL in the place of step n
 *                  kill-after    SIGKILL right after step n
 *                  torn          half of what step n writes is written, then SIGKILL; any other step: as kill-before
 *                  full-once     step n fails with ENOSPC
 *                  full          step n writes half, and all that needs space from there on fails with ENOSPC
 *                  eio           the n-th fsync fails with EIO; only these are steps
 *   CHAOS_NTH      n, from 1
 *   CHAOS_REPORT   a file that is told the number of steps so far, and which of them was hit
 *
 * Steps: open that may create, write, pwrite, fsync, fdatasync, rename, unlink, ftruncate, mkdir.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { WRITES, SYNCS, CREATES, OTHERS };

static const char *folder, *mode;
static long nth;
static int report = -1;
static atomic_long steps;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void start(void) {
    folder = getenv("CHAOS_FOLDER");
    mode = getenv("CHAOS_MODE");
    nth = getenv("CHAOS_NTH") ? atol(getenv("CHAOS_NTH")) : 0;
    if (getenv("CHAOS_REPORT"))
        report = (int)syscall(SYS_openat, AT_FDCWD, getenv("CHAOS_REPORT"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static int is(const char *name) { return mode && strcmp(mode, name) == 0; }

static int is_inside(const char *path) {
    char whole[2 * PATH_MAX];
    if (!folder || !path) return 0;
    if (path[0] == '/') {
        snprintf(whole, sizeof whole, "%s", path);
    } else {
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here)) return 0;
        snprintf(whole, sizeof whole, "%s/%s", here, path);
    }
    size_t length = strlen(folder);
    return strncmp(whole, folder, length) == 0 && (whole[length] == 0 || whole[length] == '/');
}

static int is_open_inside(int file) {
    char link[64], path[PATH_MAX];
    if (!folder) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_inside(path);
}

static void tell(const char *what, long step) {
    char line[128];
    int length = snprintf(line, sizeof line, "%ld %s\n", step, what);
    if (report >= 0) syscall(SYS_pwrite64, report, line, (size_t)length, (off_t)(what[0] == '-' ? 0 : 64));
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Counts a step. 1: it is to fail, with errno set. 2: it is to be half done. 3: it is to be the last. */
static int step(const char *what, enum kind kind) {
    if (is("eio") && kind != SYNCS) return 0;
    long now = atomic_fetch_add(&steps, 1) + 1;
    tell("-", now);
    if (is("full") && now > nth && kind != OTHERS) {
        errno = ENOSPC;
        return 1;
    }
    if (now != nth || is("count")) return 0;
    /* A removal needs no space. */
    if (is("full-once") && kind == OTHERS) return 0;
    tell(what, now);
    if (is("eio")) {
        errno = EIO;
        return 1;
    }
    if (is("torn") && kind == WRITES) return 2;
    if (is("kill-before") || is("torn")) die();
    if (is("kill-after")) return 3;
    if (is("full") && kind == WRITES) return 2;
    if (kind == OTHERS) return 0;
    errno = ENOSPC;
    return 1;
}

/* What is left to do around the real call. */
#define AROUND(inside, what, kind, call)                       \
    int fate = (inside) ? step(what, kind) : 0;                \
    if (fate == 1) return -1;                                  \
    __typeof__(call) result = (call);                          \
    if (fate == 3) die();                                      \
    return result

ssize_t write(int file, const void *bytes, size_t count) {
    int fate = is_open_inside(file) ? step("write", WRITES) : 0;
    if (fate == 1) return -1;
    ssize_t result = REAL(write)(file, bytes, fate == 2 ? (count + 1) / 2 : count);
    if (fate == 3 || (fate == 2 && is("torn"))) die();
    return result;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    int fate = is_open_inside(file) ? step("pwrite", WRITES) : 0;
    if (fate == 1) return -1;
    ssize_t result = REAL(pwrite64)(file, bytes, fate == 2 ? (count + 1) / 2 : count, at);
    if (fate == 3 || (fate == 2 && is("torn"))) die();
    return result;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) { return pwrite64(file, bytes, count, at); }

int fsync(int file) { AROUND(is_open_inside(file), "fsync", SYNCS, REAL(fsync)(file)); }
int fdatasync(int file) { AROUND(is_open_inside(file), "fdatasync", SYNCS, REAL(fdatasync)(file)); }
int ftruncate(int file, off_t size) { AROUND(is_open_inside(file), "ftruncate", OTHERS, REAL(ftruncate)(file, size)); }
int ftruncate64(int file, off64_t size) { AROUND(is_open_inside(file), "ftruncate", OTHERS, REAL(ftruncate64)(file, size)); }
int rename(const char *from, const char *to) { AROUND(is_inside(to), "rename", CREATES, REAL(rename)(from, to)); }
int unlink(const char *path) { AROUND(is_inside(path), "unlink", OTHERS, REAL(unlink)(path)); }
int mkdir(const char *path, mode_t rights) { AROUND(is_inside(path), "mkdir", CREATES, REAL(mkdir)(path, rights)); }

static mode_t rights_of(int flags, va_list rest) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; }

#define OPENS(name)                                                                         \
    int name(const char *path, int flags, ...) {                                            \
        va_list rest;                                                                       \
        va_start(rest, flags);                                                              \
        mode_t rights = rights_of(flags, rest);                                             \
        va_end(rest);                                                                       \
        AROUND((flags & O_CREAT) && is_inside(path), "open", CREATES, REAL(name)(path, flags, rights)); \
    }
OPENS(open)
OPENS(open64)

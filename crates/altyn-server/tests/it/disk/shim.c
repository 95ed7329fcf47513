/* A disk between a process and its files, for LD_PRELOAD: it keeps what is flushed, apart from what
 * is only written, and fails when it is told to.
 *
 * Files in $SHIM_FILES (their names end in no "-shm": that is memory) have a copy each in $SHIM_DISK,
 * with what a power cut would leave: a page gets there when the file is flushed after it was written.
 * Which pages are written and not flushed is in a map beside the copy, shared by all processes, like
 * the system's own cache.
 *
 * $SHIM_FAULT is a file with one line:
 *   once NAME   the next flush of that file fails; the system's file is removed then
 *   every NAME  each flush of it fails
 *   readonly    nothing can be written
 * A flush that fails does what Linux does: the pages count as clean from then on, hold what was
 * written, and are not on the disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES (1 << 20) /* four gigabytes of a file */
#define FILES 16

struct tracked {
  char name[256];
  unsigned char *unflushed;
};

static struct tracked files[FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *folder, *disk, *fault;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_unlink)(const char *);

static void begin(void) {
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  folder = getenv("SHIM_FILES");
  disk = getenv("SHIM_DISK");
  fault = getenv("SHIM_FAULT");
  if (!folder || !disk || !fault) abort();
}

/* The name of a file of ours, inside `path`; null for any other. */
static const char *name_in(const char *path) {
  size_t length = strlen(folder), whole = strlen(path);
  if (strncmp(path, folder, length) != 0 || path[length] != '/') return NULL;
  if (strchr(path + length + 1, '/')) return NULL;
  if (whole > 4 && strcmp(path + whole - 4, "-shm") == 0) return NULL;
  return path + length + 1;
}

static const char *name_of(int fd, char *path, size_t room) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, room - 1);
  if (length <= 0) return NULL;
  path[length] = 0;
  return name_in(path);
}

static int open_on_disk(const char *name, const char *ending) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s%s", disk, name, ending);
  return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* With the lock held. */
static struct tracked *track(const char *name) {
  for (int at = 0; at < FILES; at++) {
    struct tracked *file = &files[at];
    if (strcmp(file->name, name) == 0) return file;
    if (file->name[0]) continue;
    int map = open_on_disk(name, ".unflushed");
    if (map < 0 || real_ftruncate(map, PAGES) != 0) abort();
    file->unflushed = mmap(NULL, PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
    close(map);
    if (file->unflushed == MAP_FAILED) abort();
    snprintf(file->name, sizeof file->name, "%s", name);
    return file;
  }
  abort();
}

static void mark(const char *name, off_t from, size_t length) {
  pthread_mutex_lock(&lock);
  struct tracked *file = track(name);
  for (off_t page = from / PAGE; page <= (off_t)(from + length - 1) / PAGE; page++)
    file->unflushed[page] = 1;
  pthread_mutex_unlock(&lock);
}

/* What is to fail: the line of the file, split; nothing when there is none. */
static void ordered(char verb[16], char name[256]) {
  char line[300] = "";
  verb[0] = name[0] = 0;
  int fd = open(fault, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (read(fd, line, sizeof line - 1) > 0) sscanf(line, "%15s %255s", verb, name);
  close(fd);
}

static int is_read_only(void) {
  char verb[16], name[256];
  ordered(verb, name);
  return strcmp(verb, "readonly") == 0;
}

static int fails(const char *file) {
  char verb[16], name[256];
  ordered(verb, name);
  if (strcmp(name, file) != 0) return 0;
  return strcmp(verb, "every") == 0 || (strcmp(verb, "once") == 0 && real_unlink(fault) == 0);
}

/* With the lock held: what was written since the last flush gets to the disk. */
static void keep(int fd, const char *name, struct tracked *file, off_t size) {
  int copy = open_on_disk(name, "");
  if (copy < 0 || real_ftruncate(copy, size) != 0) abort();
  for (off_t page = 0; page * PAGE < size; page++) {
    char bytes[PAGE];
    if (!file->unflushed[page]) continue;
    file->unflushed[page] = 0;
    ssize_t length = pread(fd, bytes, PAGE, page * PAGE);
    if (length > 0 && real_pwrite(copy, bytes, length, page * PAGE) != length) abort();
  }
  close(copy);
}

static int flush(int fd) {
  char path[4096];
  struct stat status;
  pthread_once(&once, begin);
  const char *name = name_of(fd, path, sizeof path);
  if (!name) return real_fsync(fd);
  pthread_mutex_lock(&lock);
  /* The size as no other flush has seen it later: the copy is cut to it. */
  if (fstat(fd, &status) != 0) abort();
  struct tracked *file = track(name);
  int failed = fails(name);
  if (failed)
    memset(file->unflushed, 0, (status.st_size + PAGE - 1) / PAGE);
  else
    keep(fd, name, file, status.st_size);
  pthread_mutex_unlock(&lock);
  if (failed) errno = EIO;
  return failed ? -1 : 0;
}

int fsync(int fd) { return flush(fd); }
int fdatasync(int fd) { return flush(fd); }

static ssize_t written(int fd, const void *bytes, size_t length, off_t at, int is_at) {
  char path[4096];
  pthread_once(&once, begin);
  const char *name = name_of(fd, path, sizeof path);
  if (name && is_read_only()) {
    errno = EROFS;
    return -1;
  }
  if (name && !is_at) at = lseek(fd, 0, SEEK_CUR);
  /* Before it, lest the process dies in between; after it, lest a flush comes in between. */
  if (name && length > 0) mark(name, at, length);
  ssize_t done = is_at ? real_pwrite(fd, bytes, length, at) : real_write(fd, bytes, length);
  if (name && done > 0) mark(name, at, done);
  return done;
}

ssize_t write(int fd, const void *bytes, size_t length) { return written(fd, bytes, length, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  return written(fd, bytes, length, at, 1);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
  return written(fd, bytes, length, at, 1);
}

static int cut(int fd, off_t size) {
  char path[4096];
  pthread_once(&once, begin);
  const char *name = name_of(fd, path, sizeof path);
  if (name && is_read_only()) {
    errno = EROFS;
    return -1;
  }
  return real_ftruncate(fd, size);
}

int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off_t size) { return cut(fd, size); }

/* A name that is removed is gone from the disk too: nothing here depends on it being there. */
int unlink(const char *path) {
  char copy[4096];
  pthread_once(&once, begin);
  const char *name = name_in(path);
  if (name && is_read_only()) {
    errno = EROFS;
    return -1;
  }
  int outcome = real_unlink(path);
  if (name && outcome == 0) {
    pthread_mutex_lock(&lock);
    memset(track(name)->unflushed, 0, PAGES);
    pthread_mutex_unlock(&lock);
    snprintf(copy, sizeof copy, "%s/%s", disk, name);
    real_unlink(copy);
  }
  return outcome;
}

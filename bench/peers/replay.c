/*
 * Replays a recorded allocation pattern on the malloc that it is linked with: what
 * org.memarium.malloc.trace.TraceReplay does in Java. The format is AllocationTrace's.
 *
 *   replay FILE             prints nanoseconds of processor time, operations, and the bytes that
 *                           were resident at the most beyond those of the start
 *   replay FILE obtained    prints 0, operations, and the bytes that malloc had from the kernel at
 *                           the most
 *
 * It allocates nothing else meanwhile. getppid marks the beginning and the end.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FREE, MALLOC, CALLOC, REALLOC, MEMALIGN };

static char text[8192];

static void fail(const char *what) {
  dprintf(2, "replay: %s\n", what);
  _exit(1);
}

/* Bytes of a line of /proc/self/status. */
static long status(const char *line) {
  int fd = open("/proc/self/status", O_RDONLY);
  ssize_t bytes = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (bytes < 0)
    fail("/proc/self/status cannot be read");
  close(fd);
  text[bytes] = 0;
  const char *found = strstr(text, line);
  return found ? atol(found + strlen(line)) * 1024 : 0;
}

static uint64_t number(const unsigned char **at) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    unsigned char next = *(*at)++;
    value |= (uint64_t)(next & 0x7f) << shift;
    if (next < 0x80)
      return value;
  }
}

static void *pages(size_t bytes) {
  void *room = mmap(0, bytes ? bytes : 1, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (room == MAP_FAILED)
    fail("no memory for the trace");
  return room;
}

int main(int argc, char **argv) {
  struct stat st;
  int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
  if (fd < 0 || fstat(fd, &st) || st.st_size < 24)
    fail("no trace");
  unsigned char *trace = pages(st.st_size);
  if (read(fd, trace, st.st_size) != st.st_size || memcmp(trace, "memtrace", 8))
    fail("no trace");
  uint32_t operations, blocks;
  memcpy(&operations, trace + 8, 4);
  memcpy(&blocks, trace + 12, 4);
  char **block = pages(blocks * sizeof *block);
  const unsigned char *at = trace + 24;
  int footprint = argc > 2;
  char *base = sbrk(0);
  size_t obtained = 0, mapped = 0;
  long before = status("VmRSS:");
  struct timespec start, end;

  getppid();
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
  for (uint32_t i = 0; i < operations; i++) {
    uint64_t head = number(&at);
    char **b = &block[head >> 3];
    size_t bytes = (head & 7) == FREE ? 0 : number(&at);
    switch (head & 7) {
    case FREE: free(*b); break;
    case MALLOC: *b = malloc(bytes); break;
    case CALLOC: *b = calloc(1, bytes); break;
    case REALLOC: *b = realloc(*b, bytes); break;
    default: *b = memalign(number(&at), bytes);
    }
    if ((head & 7) != FREE) {
      if (!*b)
        fail("no memory for a block");
      for (size_t touch = 0; touch + 4 <= bytes; touch += 4096)
        *(volatile uint32_t *)(*b + touch) = i;
    }
    if (footprint) {
      if (bytes >= 100000)
        mapped = mallinfo2().hblkhd;
      size_t now = (char *)sbrk(0) - base + mapped;
      obtained = now > obtained ? now : obtained;
    }
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  getppid();
  long long nanos = (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec;
  dprintf(1, "%lld %u %ld\n", footprint ? 0 : nanos, operations,
          footprint ? (long)obtained : status("VmHWM:") - before);
  return 0;
}

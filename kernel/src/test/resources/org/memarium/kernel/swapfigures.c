/* What /proc says of shared memory of which 100 of 256 pages are in swap. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#define PAGE 4096u
#define PAGES 256u

static void die(const char *what) {
  perror(what);
  exit(3);
}

/* Sizes in KiB of the area that begins at an address. */
static void smaps(const char *what, const void *address) {
  char line[512], begin[32];
  int mine = 0;
  FILE *in = fopen("/proc/self/smaps", "r");
  sprintf(begin, "%08lx-", (unsigned long)address);
  printf("%s:", what);
  while (fgets(line, sizeof line, in)) {
    if (strchr(line, '-') && line[8] == '-') mine = !strncmp(line, begin, strlen(begin));
    if (mine && (!strncmp(line, "Rss:", 4) || !strncmp(line, "Swap", 4))) {
      char name[32];
      int kib;
      sscanf(line, "%31s %d", name, &kib);
      printf(" %s %d", name, kib);
    }
  }
  printf("\n");
  fclose(in);
}

static void lines(const char *file, const char *begin) {
  char line[512];
  FILE *in = fopen(file, "r");
  while (fgets(line, sizeof line, in))
    if (!strncmp(line, begin, strlen(begin))) printf("%s", line);
  fclose(in);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  int id = shmget(IPC_PRIVATE, PAGES * PAGE, 0600);
  char *at = shmat(id, 0, 0);
  if (id < 0 || at == (void *)-1) die("shmat");
  memset(at, 1, PAGES * PAGE);
  if (madvise(at, 100 * PAGE, MADV_PAGEOUT)) die("madvise");
  smaps("segment", at);
  lines("/proc/self/status", "VmSwap");
  lines("/proc/self/status", "RssShmem");
  char line[512];
  unsigned long rss, swap;
  FILE *in = fopen("/proc/sysvipc/shm", "r");
  fgets(line, sizeof line, in);
  fgets(line, sizeof line, in);
  sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &rss, &swap);
  printf("sysvipc: rss %lu, swap %lu\n", rss / PAGE, swap / PAGE);
  struct shm_info info;
  if (shmctl(0, SHM_INFO, (void *)&info) < 0) die("shmctl");
  printf("SHM_INFO: %lu of %lu, swapped %lu\n", info.shm_rss, info.shm_tot, info.shm_swp);

  int fd = memfd_create("figures", 0);
  if (fd < 0 || ftruncate(fd, PAGES * PAGE)) die("memfd");
  char *shared = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  memset(shared, 2, PAGES * PAGE);
  if (madvise(shared, 100 * PAGE, MADV_PAGEOUT)) die("madvise");
  char *part = mmap(0, 60 * PAGE, PROT_READ, MAP_SHARED, fd, 80 * PAGE);
  char *own = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  for (int page = 0; page < 10; page++) own[(90 + page) * PAGE] = 3;
  smaps("shared", shared);
  smaps("a part, to read", part);
  smaps("private, ten copies", own);
  char resident[PAGES];
  int there = 0;
  if (mincore(shared, PAGES * PAGE, resident)) die("mincore");
  for (int page = 0; page < PAGES; page++) there += resident[page] & 1;
  printf("in memory, or in the swap cache still: %d\n", there);
  return 0;
}

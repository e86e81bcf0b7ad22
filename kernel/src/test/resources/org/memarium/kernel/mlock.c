/* mlock and its kin: errors, limits with and without the right to ignore them, what is counted. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define P 4096
#define E(call) ((call) ? errno : 0)

static char *base = (char *)0x30000000;

static char *map(int page, int pages, int prot, int flags) {
  return mmap(base + page * P, pages * P, prot, MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0);
}

static long figure(const char *file, const char *name) {
  char line[300];
  long value = -1;
  FILE *in = fopen(file, "r");
  while (fgets(line, sizeof line, in))
    if (!strncmp(line, name, strlen(name)))
      value = strtol(line + strlen(name), 0, 10);
  fclose(in);
  return value;
}

static void figures(const char *when) {
  char line[300];
  unsigned first, last;
  int inside = 0;
  FILE *smaps = fopen("/proc/self/smaps", "r");
  printf("%s: VmLck %ld\n", when, figure("/proc/self/status", "VmLck:"));
  while (fgets(line, sizeof line, smaps)) {
    if (sscanf(line, "%x-%x ", &first, &last) == 2) {
      inside = first >= (unsigned)base && last <= (unsigned)base + 64 * P;
      if (inside)
        printf("  %d-%d", (int)(first - (unsigned)base) / P, (int)(last - (unsigned)base) / P);
    } else if (inside && (!strncmp(line, "Rss:", 4) || !strncmp(line, "Locked:", 7))) {
      printf(" %ld", strtol(strchr(line, ':') + 1, 0, 10));
    } else if (inside && !strncmp(line, "VmFlags:", 8)) {
      printf(" %s", line + 9);
    }
  }
  fclose(smaps);
}

static void limit(long bytes) {
  struct rlimit limit;
  getrlimit(RLIMIT_MEMLOCK, &limit);
  limit.rlim_cur = bytes;
  setrlimit(RLIMIT_MEMLOCK, &limit);
}

static void errors(void) {
  map(0, 8, 3, MAP_PRIVATE);
  printf("nothing %d, a hole %d, half a hole %d, the end %d %d\n", E(mlock(base, 0)),
         E(mlock(base + 60 * P, P)), E(mlock(base + 6 * P, 4 * P)), E(mlock((char *)-P, P)),
         E(mlock((char *)-P, 2 * P)));
  printf("munlock %d %d, flags %d %d %d %d %d\n", E(munlock(base + 6 * P, 4 * P)),
         E(munlock(base + 60 * P, 0)), E(mlock2(base, P, 2)), E(mlockall(0)), E(mlockall(4)),
         E(mlockall(8)), E(mlockall(15)));
  map(10, 2, 0, MAP_PRIVATE);
  map(12, 2, PROT_READ, MAP_PRIVATE);
  map(14, 2, PROT_EXEC, MAP_PRIVATE);
  map(16, 2, PROT_WRITE, MAP_SHARED);
  printf("no access %d, on fault %d, read %d, execute %d, shared %d\n", E(mlock(base + 10 * P, P)),
         E(mlock2(base + 11 * P, P, 1)), E(mlock(base + 12 * P, P)), E(mlock(base + 14 * P, P)),
         E(mlock(base + 16 * P, P)));
  printf("nothing of no access %d\n", E(mlock(base + 10 * P, 0)));
  figures("kinds");
  mprotect(base + 10 * P, P, 3);
  figures("made writable");
  munmap(base, 64 * P);
  figures("unmapped");
}

static void overlaps(void) {
  map(0, 16, 3, MAP_PRIVATE);
  base[5 * P + 7] = 1;
  mlock(base + 5 * P + 7, 2);
  mlock(base + 4 * P, 3 * P);
  figures("three of sixteen");
  mlock2(base, 8 * P, 1);
  figures("on fault over it");
  base[P] = 1;
  figures("touched");
  munlock(base + 5 * P, P);
  figures("one less");
  mremap(base + 6 * P, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED, base + 32 * P);
  mremap(base + 32 * P, 2 * P, 5 * P, 0);
  figures("moved and grown");
  if (!fork()) {
    figures("child");
    base[4 * P] = 3;
    _exit(0);
  }
  wait(0);
  munmap(base + 4 * P, P);
  figures("hole");
  munmap(base, 64 * P);
  figures("unmapped");
}

static void limits(const char *who) {
  printf("%s\n", who);
  map(0, 16, 3, MAP_PRIVATE);
  limit(4 * P);
  printf("four %d", E(mlock(base, 4 * P)));
  printf(", five %d", E(mlock(base, 5 * P)));
  printf(", the same again %d", E(mlock(base, 4 * P)));
  printf(", overlapping %d", E(mlock(base + 2 * P, 3 * P)));
  printf(", one more %d\n", E(mlock(base + 8 * P, P)));
  munlock(base, 16 * P);
  printf("map locked %d", E(map(20, 5, 3, MAP_PRIVATE | MAP_LOCKED) == MAP_FAILED));
  printf(", all %d\n", E(mlockall(MCL_CURRENT)));
  munlockall();
  limit(0);
  printf("at 0: mlock %d", E(mlock(base, P)));
  printf(", nothing %d", E(mlock(base, 0)));
  printf(", munlock %d", E(munlock(base, P)));
  printf(", map locked %d", E(map(30, 1, 3, MAP_PRIVATE | MAP_LOCKED) == MAP_FAILED));
  printf(", mlockall %d\n", E(mlockall(MCL_FUTURE)));
  munlockall();
  munmap(base, 64 * P);
  limit(6 * P);
  printf("future %d", E(mlockall(MCL_FUTURE)));
  printf(", four %d", E(map(0, 4, 3, MAP_PRIVATE) == MAP_FAILED));
  printf(", four more %d", E(map(8, 4, 3, MAP_PRIVATE) == MAP_FAILED));
  printf(", brk %d", E(sbrk(8 * P) == (void *)-1));
  printf(", grow %d\n", E(mremap(base, 4 * P, 8 * P, 0) == MAP_FAILED));
  munlockall();
  munmap(base, 64 * P);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  errors();
  overlaps();
  printf("all on fault %d\n", E(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)));
  map(0, 4, 3, MAP_PRIVATE);
  base[P] = 1;
  figures("future, on fault");
  printf("current %d\n", E(mlockall(MCL_CURRENT)));
  map(4, 4, 3, MAP_PRIVATE | MAP_POPULATE);
  figures("current");
  munlockall();
  figures("none");
  munmap(base, 64 * P);
  limits("as it is");
  if (geteuid() == 0) {
    setresuid(65534, 65534, 65534);
    /* where securebits keep what root had */
    int header[2] = {0x20080522, 0}, none[6] = {0};
    syscall(SYS_capset, header, none);
    limits("nobody");
  }
  return 0;
}

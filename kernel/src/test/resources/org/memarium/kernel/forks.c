/*
 * Fork trees eight deep: every process reads what it should have inherited, writes, has two
 * children one after the other, and finds its own again. It prints how many page faults each of
 * that took.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEPTH = 8, PAGES = 12, INTS = 1024, BYTES = PAGES * 4096 };

typedef volatile int Page[INTS];

static Page *anon, *shared, *wiped, *absent, *file_private, *file_shared;
static Page data[PAGES] __attribute__((aligned(4096))) = {{7}};
static int failures;

static void check(const char *what, int is, int expected) {
  if (is != expected) {
    printf("%s is %d, not %d\n", what, is, expected);
    failures++;
  }
}

static int faults(void) {
  static int before;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  int since = usage.ru_minflt - before;
  before = usage.ru_minflt;
  return since;
}

static void check_all(const char *what, Page *pages, int expected) {
  for (int i = 0; i < PAGES; i++) check(what, pages[i][i], expected);
}

static void write_all(Page *pages, int value) {
  for (int i = 0; i < PAGES; i++) pages[i][i] = value;
}

static Page *map(int flags, int file) {
  Page *pages = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, flags, file, 0);
  if (pages == MAP_FAILED) {
    perror("mmap");
    exit(1);
  }
  return pages;
}

/* How many areas lie in a range. */
static int areas(Page *pages) {
  unsigned long start, end, first = (unsigned long)pages;
  char line[256];
  int count = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) {
    sscanf(line, "%lx-%lx", &start, &end);
    count += start < first + BYTES && end > first;
  }
  fclose(maps);
  return count;
}

/* What only some levels do, with areas whose pages they have not alone. */
static void rearrange(int depth, int mine) {
  if (depth == 3) {
    mprotect((void *)anon[4], 4 * 4096, PROT_READ);
    printf("  split: %d areas\n", areas(anon));
    mprotect((void *)anon[4], 4 * 4096, PROT_READ | PROT_WRITE);
    printf("  joined: %d areas\n", areas(anon));
  } else if (depth == 5) {
    Page *moved = mremap(anon, BYTES, 2 * BYTES, MREMAP_MAYMOVE);
    check("moved", moved != MAP_FAILED, 1);
    anon = moved;
    check_all("anon that moved", anon, mine);
    munmap((char *)anon + BYTES, BYTES);
  } else if (depth == 6) {
    madvise((void *)anon[6], 2 * 4096, MADV_DONTNEED);
    check("dropped", anon[6][6] + anon[7][7], 0);
    anon[6][6] = anon[7][7] = mine;
  }
}

/* A process: path has a one, and then a bit for each level above: first child or second. */
static int level(int depth, int path, int inherited) {
  int mine = path * 16 + 1;
  unsigned char there[PAGES];
  int counts[12], n = 0;
  faults();
  check_all("anon", anon, inherited);
  counts[n++] = faults();
  check_all("data", data, inherited);
  check_all("file_private", file_private, inherited);
  counts[n++] = faults();
  check_all("wiped", wiped, path == 1 ? inherited : 0);
  counts[n++] = faults();
  check("absent", mincore(absent, BYTES, there) == 0, path == 1);
  faults();
  check("file_shared", file_shared[1][1], shared[0][0]);
  counts[n++] = faults();
  write_all(anon, mine);
  counts[n++] = faults();
  write_all(data, mine);
  write_all(file_private, mine);
  counts[n++] = faults();
  write_all(wiped, mine);
  counts[n++] = faults();
  file_shared[1][1] = ++shared[0][0];
  shared[1 + depth][path % INTS]++;
  counts[n++] = faults();
  rearrange(depth, mine);
  int sum = 0;
  for (int child = 0; depth < DEPTH && child < 2; child++) {
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) exit(level(depth + 1, path * 2 + child, mine));
    check("waitpid", waitpid(pid, &status, 0), pid);
    check("status", WIFEXITED(status), 1);
    sum += WEXITSTATUS(status);
    faults();
    check_all("anon again", anon, mine);
    check_all("data again", data, mine);
    check_all("file_private again", file_private, mine);
    check_all("wiped again", wiped, mine);
    counts[n++] = faults();
    mine += 2;
    write_all(anon, mine);
    write_all(data, mine);
    write_all(file_private, mine);
    write_all(wiped, mine);
    counts[n++] = faults();
  }
  printf("%*s%x:", depth, "", path);
  for (int i = 0; i < n; i++) printf(" %d", counts[i]);
  printf("\n");
  return (sum + failures) & 127;
}

/* A child whose parent ends first: the pages are its own then. */
static void orphan(void) {
  int go[2], done[2], result[2];
  pipe(go);
  pipe(done);
  write_all(anon, 3);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    write_all(anon, 4);
    if (fork() == 0) {
      read(go[0], result, 1);
      check_all("anon of an orphan", anon, 4);
      faults();
      write_all(anon, 5);
      result[0] = faults();
      check_all("anon of an orphan", anon, 5);
      result[1] = failures;
      write(done[1], result, sizeof result);
      _exit(0);
    }
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  write(go[1], "", 1);
  read(done[0], result, sizeof result);
  printf("orphan: %d faults, %d failures\n", result[0], result[1]);
  check_all("anon of its grandparent", anon, 3);
}

/* Eight processes at once, each with one page of its own among those of all above it. */
static int chain(int depth) {
  int status = 0;
  for (int i = 0; i < depth; i++) check("chain", anon[i][0], i + 100);
  anon[depth][0] = depth + 100;
  if (depth < DEPTH) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) exit(chain(depth + 1));
    anon[depth + 1][0] = -1;
    anon[0][0]++;
    waitpid(pid, &status, 0);
    check("chain, of the child", anon[depth + 1][0], -1);
    check("chain, of the first", anon[0][0], 101);
  }
  printf("chain %d: %d\n", depth, WEXITSTATUS(status));
  return WEXITSTATUS(status) + failures + 1;
}

int main(int argc, char **argv) {
  static char page[4096];
  int file = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
  for (int i = 0; i < PAGES; i++) write(file, page, sizeof page);
  anon = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
  shared = map(MAP_SHARED | MAP_ANONYMOUS, -1);
  wiped = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
  absent = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
  file_private = map(MAP_PRIVATE, file);
  file_shared = map(MAP_SHARED, file);
  madvise(wiped, BYTES, MADV_WIPEONFORK);
  madvise(absent, BYTES, MADV_DONTFORK);
  write_all(anon, 9);
  write_all(wiped, 9);
  write_all(absent, 9);
  write_all(data, 9);
  write_all(file_private, 9);
  int sum = level(1, 1, 9);
  printf("%d processes, %d failures\n", shared[0][0], sum);
  for (int depth = 1; depth <= DEPTH; depth++) {
    int count = 0;
    for (int i = 0; i < INTS; i++) count += shared[1 + depth][i];
    printf("level %d: %d\n", depth, count);
  }
  orphan();
  write_all(anon, 0);
  printf("chain: %d\n", chain(0));
  return failures;
}

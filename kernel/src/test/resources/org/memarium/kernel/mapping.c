// Maps, unmaps, protects and seals in a window of its own, rightly and wrongly, and prints what each
// call answers and what areas are left.
#include "window.h"

static void wrong_arguments(int fd) {
  title("wrong arguments of mmap");
  map(AT(0), 0, RW, P | A | F, -1, 0);
  map(AT(0) + 1, PAGE, RW, P | A | F, -1, 0);
  map(AT(0) + 1, PAGE, RW, P | A | NOREPLACE, -1, 0);
  unmap(AT(0), PAGE);
  map(AT(0), PAGE, RW, A | F, -1, 0);
  map(AT(0), PAGE, RW, 3 | A | F, -1, 0);
  map(AT(0), PAGE, RW, 4 | A | F, -1, 0);
  map(AT(0), PAGE, RW, F, fd, 0);
  map(AT(0), PAGE, RW, 4 | F, fd, 0);
  map(AT(0), PAGE, RW, P | F, -1, 0);
  map(AT(0), 0, RW, P | F, -1, 0);
  map(AT(0), 0xfffff001, RW, P | A, -1, 0);
  map(0, 0xfffff000, RW, P | A, -1, 0);
  map(0xffffe000, PAGE, RW, P | A | F, -1, 0);
  map(0xfffff000, PAGE, RW, P | A | F, -1, 0);
  map(0xfffff000, 2 * PAGE, RW, P | A | F, -1, 0);
  map(0xfffff001, PAGE, RW, P | A | F, -1, 0);
  map(AT(0), PAGE, RW, P | F, fd, 0xffffffff);
  map(AT(0), 4 * PAGE, RW, P | F, fd, 0xfffffffe);
  map(AT(0), PAGE, 0xfff8, P | A | F, -1, 0);
  map(AT(1), PAGE, -1, P | A | F, -1, 0);
  maps();

  title("kinds of flags");
  map(AT(0), PAGE, RW, S | A | F | MAP_GROWSDOWN, -1, 0);
  map(AT(0), PAGE, RW, P | F | MAP_GROWSDOWN, fd, 0);
  map(AT(0), PAGE, RW, S | F | MAP_GROWSDOWN, fd, 0);
  map(AT(0), PAGE, RW, 3 | F, fd, 0);
  map(AT(0), PAGE, RW, 3 | F | 0x80000000, fd, 0);
  map(AT(0), PAGE, RW, 3 | F | 0x7c000000, fd, 0);
  map(AT(0), PAGE, RW, 3 | F | 0x80000, fd, 0);
  map(AT(0), PAGE, RW, 3 | F | 0x200000, fd, 0);
  map(AT(1), PAGE, RW, 3 | NOREPLACE, fd, 0);
  map(AT(0), PAGE, RW, S | F | 0x80000, fd, 0);
  map(AT(0), PAGE, RW, S | F | 0x80280000, fd, 0);
  map(AT(0), PAGE, RW, P | F | 0x80280000, fd, 0);
  map(AT(0), PAGE, RW, P | F | A | 0x80280000, -1, 0);
  map(AT(0), PAGE, RW, P | F | A | MAP_STACK | MAP_NORESERVE | 0x40 | 0x80, -1, 0);
  map(AT(0), PAGE, RW, S | F | A, fd, 0xffffffff);
  map(AT(0), PAGE, RW, P | F | A, fd, 0xffffffff);
  map(AT(2), PAGE, RW, DROPPABLE | F | A, -1, 0);
  map(AT(3), PAGE, RW, DROPPABLE | F | A, -1, 0);
  map(AT(4), PAGE, RW, DROPPABLE | F | A | MAP_LOCKED, -1, 0);
  map(AT(4), PAGE, RW, DROPPABLE | F | A | MAP_GROWSDOWN, -1, 0);
  map(AT(4), PAGE, RW, DROPPABLE | F, fd, 0);
  map(AT(4), PAGE, RW, P | F | A, -1, 0);
  touch(2, 2);
  maps();

  title("huge pages of a kernel that has none in its pool");
  map(AT(0), PAGE, RW, P | F | A | MAP_HUGETLB, -1, 0);
  map(WINDOW, 1 << 22, RW, P | F | A | MAP_HUGETLB, -1, 0);
  map(0, 1 << 21, RW, P | A | MAP_HUGETLB, -1, 0);
  map(0, 1 << 21, RW, S | A | MAP_HUGETLB, -1, 0);
  map(0, 1 << 21, RW, P | A | MAP_HUGETLB | 21 << 26, -1, 0);
  map(0, 1 << 21, RW, P | A | MAP_HUGETLB | 30 << 26, -1, 0);
  map(0, 1 << 21, RW, P | A | MAP_HUGETLB | 22 << 26, -1, 0);
  map(0, 1 << 21, RW, P | A | MAP_HUGETLB | 12 << 26, -1, 0);
  map(0, 1 << 21, RW, P | A | MAP_HUGETLB | 63 << 26, -1, 0);
  map(0, 0, RW, P | A | MAP_HUGETLB, -1, 0);
  map(0, PAGE, RW, A | MAP_HUGETLB, -1, 0);
  map(0, PAGE, RW, DROPPABLE | A | MAP_HUGETLB, -1, 0);
  map(0, 0xffffffff, RW, P | A | MAP_HUGETLB, -1, 0);
  map(0, PAGE, RW, P | A | MAP_HUGETLB, -1, 2);
  map(AT(1), PAGE, RW, P | A | MAP_HUGETLB | NOREPLACE, -1, 0);
  map(WINDOW, PAGE, RW, 3 | A | MAP_HUGETLB | F, -1, 0);
  map(WINDOW, PAGE, RW, 3 | A | MAP_HUGETLB | F | 0x2000000, -1, 0);
  map(WINDOW, PAGE, RW, P | A | MAP_HUGETLB | F, -1, 1);
  map(0, PAGE, RW, P | MAP_HUGETLB, fd, 0);
  map(0, 0, RW, P | MAP_HUGETLB, fd, 0);
  map(0, PAGE, RW, P | MAP_HUGETLB, -1, 0);
}

static void hints(void) {
  title("hints and places");
  map(AT(4), PAGE, RW, P | A, -1, 0);
  map(AT(4) + 5, PAGE, 0, P | A | NOREPLACE, -1, 0);
  map(AT(4), PAGE, 0, P | A | NOREPLACE, -1, 0);
  map(AT(3), 2 * PAGE, 0, P | A | NOREPLACE, -1, 0);
  map(AT(3), PAGE, 0, P | A | NOREPLACE, -1, 0);
  map(AT(7) + 77, PAGE, 0, P | A, -1, 0);
  map(AT(9), PAGE, RW, P | A | F | MAP_GROWSDOWN, -1, 0);
  map(AT(8), PAGE, RW, P | A | NOREPLACE, -1, 0);
  maps();
  long place = syscall(SYS_mmap2, AT(10), PAGE, RW, P | A, -1, 0);
  printf("above a stack: %d\n", place == AT(10));
  unmap(AT(10), PAGE);
  map(0xffffd000, PAGE, 0, P | A | NOREPLACE, -1, 0);
}

static void pieces(void) {
  title("pieces of an area");
  map(AT(0), 16 * PAGE, RW, P | A | F, -1, 0);
  touch(0, 16);
  unmap(AT(4), PAGE);
  unmap(AT(4), PAGE);
  unmap(AT(0), 1);
  unmap(AT(15), PAGE + 1);
  unmap(AT(2) + 1, PAGE);
  unmap(AT(2), 0);
  unmap(AT(2), -PAGE);
  unmap(0xffffe000, PAGE);
  unmap(0xffffd000, 2 * PAGE);
  unmap(0xffffe000, 1);
  unmap(AT(8), 0xffffffff - AT(8));
  maps();
  map(AT(8), 4 * PAGE, RW, P | A | F, -1, 0);
  map(AT(4), PAGE, RW, P | A | F, -1, 0);
  maps();

  title("rights");
  map(AT(0), 16 * PAGE, RW, P | A | F, -1, 0);
  protect(AT(2), PAGE, PROT_READ);
  protect(AT(3), PAGE, PROT_READ);
  protect(AT(1), PAGE, PROT_READ);
  maps();
  protect(AT(1), 3 * PAGE, RW);
  maps();
  touch(0, 4);
  protect(AT(2), PAGE, PROT_READ);
  protect(AT(6), PAGE, PROT_READ);
  protect(AT(10), PAGE, PROT_NONE);
  maps();
  protect(AT(2), PAGE, RW);
  protect(AT(6), PAGE, RW);
  protect(AT(10), PAGE, RW);
  maps();
  protect(AT(0) + 1, PAGE, RW);
  protect(AT(0), 0, 0x1234560);
  protect(AT(0) + 1, 0, RW);
  protect(AT(0), PAGE, 0x10);
  protect(AT(0), PAGE, PROT_READ | 8);
  protect(AT(0), -1, RW);
  protect(AT(0), -PAGE, PROT_READ);
  protect(0xfffff000, PAGE, 0);
  protect(0xfffff000, 2 * PAGE, 0);
  protect(0, PAGE, 0);
  protect(AT(17), PAGE, 0x10);
  unmap(AT(8), PAGE);
  protect(AT(6), 4 * PAGE, PROT_READ);
  protect(AT(8), 2 * PAGE, PROT_READ);
  maps();

  title("rights of areas that grow");
  map(AT(8), 4 * PAGE, RW, P | A | F | MAP_GROWSDOWN, -1, 0);
  map(AT(20), 4 * PAGE, RW, P | A | F, -1, 0);
  protect(AT(9), PAGE, PROT_READ | PROT_GROWSDOWN);
  maps();
  protect(AT(11), PAGE, PROT_READ | PROT_GROWSUP);
  protect(AT(11), PAGE, PROT_READ | PROT_GROWSUP | PROT_GROWSDOWN);
  protect(AT(12), PAGE, PROT_READ | PROT_GROWSDOWN);
  protect(AT(22), PAGE, PROT_READ | PROT_GROWSDOWN);
  protect(AT(6), 3 * PAGE, PROT_NONE | PROT_GROWSDOWN);
  protect(AT(11), 4 * PAGE, PROT_NONE | PROT_GROWSDOWN);
  protect(AT(5), PAGE, PROT_NONE | PROT_GROWSDOWN);
  maps();
}

static void files(int fd) {
  title("files");
  map(AT(0), 4 * PAGE, PROT_READ, P | F, fd, 0);
  map(AT(4), 2 * PAGE, PROT_READ, P | F, fd, 4);
  map(AT(6), 2 * PAGE, PROT_READ, P | F, fd, 7);
  map(AT(8), 2 * PAGE, PROT_READ, S | F, fd, 9);
  map(AT(10), 2 * PAGE, PROT_READ, S | F, fd, 11);
  int again = dup(fd);
  map(AT(12), 2 * PAGE, PROT_READ, S | F, again, 13);
  close(again);
  maps();
  unmap(AT(1), PAGE);
  map(AT(1), PAGE, PROT_READ, P | F, fd, 2);
  maps();
  map(AT(1), PAGE, PROT_READ, P | F, fd, 1);
  protect(AT(2), PAGE, RW);
  touch(2, 1);
  protect(AT(2), PAGE, PROT_READ);
  maps();

  title("files that may not be written or read");
  char name[64];
  sprintf(name, "/proc/self/fd/%d", fd);
  int only_read = open(name, O_RDONLY), only_write = open(name, O_WRONLY);
  map(AT(0), PAGE, RW, S | F, only_read, 0);
  map(AT(0), PAGE, RW, 3 | F, only_read, 0);
  map(AT(0), PAGE, RW, P | F, only_read, 0);
  map(AT(1), PAGE, PROT_READ, S | F, only_read, 0);
  protect(AT(1), PAGE, RW);
  map(AT(2), PAGE, PROT_WRITE, S | F, only_write, 0);
  map(AT(2), PAGE, 0, P | F, only_write, 0);
  int tube[2];
  pipe(tube);
  map(AT(2), PAGE, PROT_READ, P | F, tube[0], 0);
  map(AT(2), PAGE, PROT_READ, P | F, tube[1], 0);
  map(AT(2), PAGE, PROT_READ, 7 | F, tube[0], 0);
  map(AT(2), PAGE, PROT_READ, P | F | MAP_GROWSDOWN, tube[0], 0);
  int directory = open("/", O_RDONLY), path = open("/", O_PATH);
  map(AT(2), PAGE, PROT_READ, P | F, directory, 0);
  map(AT(2), PAGE, PROT_READ, P | F, path, 0);
  maps();
  int zero = open("/dev/zero", O_RDWR);
  map(AT(4), 2 * PAGE, RW, P | F, zero, 0);
  map(AT(6), 2 * PAGE, RW, P | F, zero, 2);
  map(AT(8), 2 * PAGE, RW, S | F, zero, 7);
  map(AT(10), 2 * PAGE, RW, S | F, zero, 9);
  maps();
}

static void shared(void) {
  title("shared memory");
  map(AT(0), 2 * PAGE, RW, S | A | F, -1, 0);
  map(AT(2), 2 * PAGE, RW, S | A | F, -1, 2);
  maps();
  touch(0, 4);
  unmap(AT(1), PAGE);
  map(AT(1), PAGE, RW, S | A | F, -1, 0);
  maps();
  protect(AT(0), 4 * PAGE, PROT_NONE);
  maps();
  protect(AT(0), 4 * PAGE, RW);
  maps();
}

static void sealed(void) {
  title("sealed areas");
  map(AT(0), 12 * PAGE, RW, P | A | F, -1, 0);
  seal(AT(4), 2 * PAGE, 0);
  seal(AT(4), 2 * PAGE, 1);
  seal(AT(4) + 1, PAGE, 0);
  seal(AT(4), 0, 0);
  seal(AT(40), 0, 0);
  seal(AT(4), -1, 0);
  seal(AT(4), -PAGE, 0);
  seal(AT(4), 0xffffffff - AT(4) + 1, 0);
  seal(AT(10), 4 * PAGE, 0);
  seal(AT(20), PAGE, 0);
  maps();
  seal(AT(6), PAGE, 0);
  maps();
  protect(AT(2), 4 * PAGE, PROT_READ);
  maps();
  protect(AT(4), PAGE, RW);
  protect(AT(4), PAGE, PROT_READ | 0x10);
  unmap(AT(2), 4 * PAGE);
  unmap(AT(5), 4 * PAGE);
  unmap(AT(3), 6 * PAGE);
  unmap(AT(4), PAGE);
  maps();
  map(AT(3), 4 * PAGE, RW, P | A | F, -1, 0);
  map(AT(4), PAGE, RW, P | A | NOREPLACE, -1, 0);
  maps();
  long moved = syscall(SYS_mremap, AT(4), PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0);
  answer(moved);
  answer(syscall(SYS_mremap, AT(4), PAGE, PAGE, 0, 0));
  answer(syscall(SYS_mremap, AT(4), 2 * PAGE, PAGE, 0, 0));
  answer(syscall(SYS_mremap, AT(0), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT(5)));
  touch(4, 3);
  maps();
}

// What a file's seals forbid, of what may be mapped and given the right to write.
static void sealed_files(void) {
  title("sealed files");
  for (int seal = 8; seal <= 16; seal += 8) {
    int fd = memory_file(4);
    map(AT(10), PAGE, PROT_READ, S | F, fd, 0);
    printf("seal %d: %d\n", seal, fcntl(fd, F_ADD_SEALS, seal));
    map(AT(0), PAGE, RW, S | F, fd, 0);
    map(AT(1), PAGE, PROT_READ, S | F, fd, 0);
    protect(AT(1), PAGE, RW);
    map(AT(2), PAGE, RW, P | F, fd, 0);
    map(AT(3), PAGE, RW, S | F | MAP_GROWSDOWN, fd, 0);
    maps();
  }
}

static void limits(void) {
  title("limits");
  long pages = counter("VmSize:") / 4, data = counter("VmData:") / 4;
  map(AT(0), 8 * PAGE, RW, P | A | F, -1, 0);
  limit(RLIMIT_AS, (pages + 10) * PAGE);
  map(AT(10), 2 * PAGE, PROT_NONE, P | A | F, -1, 0);
  map(AT(20), PAGE, PROT_NONE, P | A | F, -1, 0);
  unmap(AT(11), PAGE);
  map(AT(4), 6 * PAGE, PROT_READ, P | A | F, -1, 0);
  maps();
  map(AT(5), 4 * PAGE, PROT_READ, P | A | F, -1, 0);
  maps();
  limit(RLIMIT_AS, RLIM_INFINITY);
  clear();
  limit(RLIMIT_DATA, (data + 8) * PAGE);
  map(AT(0), 8 * PAGE, RW, P | A | F, -1, 0);
  map(AT(8), PAGE, RW, P | A | F, -1, 0);
  map(AT(8), PAGE, RW, S | A | F, -1, 0);
  map(AT(9), PAGE, PROT_READ, P | A | F, -1, 0);
  protect(AT(9), PAGE, RW);
  protect(AT(0), PAGE, PROT_READ);
  protect(AT(9), PAGE, RW);
  protect(AT(0), 10 * PAGE, RW);
  map(AT(6), 6 * PAGE, RW, P | A | F, -1, 0);
  maps();
  limit(RLIMIT_DATA, 0);
  map(AT(20), PAGE, RW, P | A | F, -1, 0);
  limit(RLIMIT_DATA, RLIM_INFINITY);
  printf("data %ld\n", counter("VmData:") / 4 - data);
  clear();
  printf("size %ld data %ld\n", counter("VmSize:") / 4 - pages, counter("VmData:") / 4 - data);
}

static void read_implies_exec(int fd) {
  title("what may be read may be executed");
  personality(READ_IMPLIES_EXEC);
  map(AT(0), 2 * PAGE, PROT_READ, P | A | F, -1, 0);
  map(AT(2), 2 * PAGE, PROT_WRITE, P | A | F, -1, 0);
  map(AT(4), 2 * PAGE, PROT_READ, P | F, fd, 0);
  protect(AT(0), 4 * PAGE, RW);
  maps();
  personality(0);
}

// A child has its parents' areas, and merges those that are its own.
static void forked(void) {
  title("a child's areas");
  map(AT(0), 12 * PAGE, RW, P | A | F, -1, 0);
  touch(0, 8);
  protect(AT(2), 2 * PAGE, PROT_READ);
  fflush(stdout);
  if (fork() == 0) {
    protect(AT(2), 2 * PAGE, RW);
    maps();
    map(AT(12), 2 * PAGE, RW, P | A | F, -1, 0);
    touch(12, 1);
    maps();
    unmap(AT(5), PAGE);
    map(AT(5), PAGE, RW, P | A | F, -1, 0);
    maps();
    touch(5, 1);
    protect(AT(5), PAGE, PROT_READ);
    protect(AT(5), PAGE, RW);
    maps();
    map(AT(20), 4 * PAGE, RW, P | A | F, -1, 0);
    touch(21, 1);
    map(AT(24), 4 * PAGE, RW, P | A | F, -1, 0);
    protect(AT(22), 4 * PAGE, PROT_READ);
    maps();
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  maps();
}

static void touched(void) {
  title("touched neighbours");
  for (int kind = 0; kind < 8; kind++) {
    clear();
    map(AT(0), 2 * PAGE, RW, P | A | F, -1, 0);
    if (kind & 1) touch(0, 1);
    map(AT(4), 2 * PAGE, RW, P | A | F, -1, 0);
    if (kind & 2) touch(4, 1);
    map(AT(2), 2 * PAGE, kind & 4 ? PROT_READ : RW, P | A | F, -1, 0);
    if (kind & 4) protect(AT(2), 2 * PAGE, RW);
    maps();
  }
}

static void random_calls(unsigned seed, int fd) {
  title("random calls");
  unsigned long state = seed;
#define RANDOM(n) ((state = state * 1103515245 + 12345) >> 8) % (n)
  for (int i = 0; i < 400; i++) {
    unsigned page = RANDOM(40), count = 1 + RANDOM(8), what = RANDOM(8), more = RANDOM(1000);
    static const int prots[] = {0, PROT_READ, RW, RW, RW, PROT_READ | PROT_EXEC, 7};
    int prot = prots[more % 7];
    switch (what) {
      case 0:
      case 1: map(AT(page), count * PAGE, prot, P | A | F, -1, 0); break;
      case 2: map(AT(page), count * PAGE, prot, (more & 8 ? S : P) | F, fd, page); break;
      case 3: unmap(AT(page), count * PAGE); break;
      case 4:
      case 5: protect(AT(page), count * PAGE, prot); break;
      case 6: map(AT(page), count * PAGE, prot, (more & 8 ? S : P) | A | NOREPLACE, -1, 0); break;
      default: {
        int there = open("/dev/zero", O_RDONLY);
        for (unsigned n = 0; n < count; n++) syscall(SYS_read, there, AT(page + n), 10);
        close(there);
      }
    }
    if (i % 10 == 9) maps();
  }
}

// As many areas as there may be, and what is refused then.
static void many(void) {
  title("as many areas as there may be");
  unsigned long far = 0x40000000;
  syscall(SYS_mmap2, far, 70000 * PAGE, PROT_NONE, P | A | F, -1, 0);
  int made = 0;
  while (made < 40000 && syscall(SYS_mprotect, far + (2 * made + 1) * PAGE, PAGE, PROT_READ) == 0)
    made++;
  printf("%d made, %s\n", made, strerrorname_np(errno));
  map(AT(0), 4 * PAGE, RW, P | A | F, -1, 0);
  map(AT(6), PAGE, RW, P | A | F, -1, 0);
  map(AT(4), PAGE, RW, P | A | F, -1, 0);
  unmap(AT(1), PAGE);
  unmap(AT(3), PAGE);
  unmap(AT(0), PAGE);
  protect(AT(1), PAGE, PROT_READ);
  map(AT(1), PAGE, PROT_READ, P | A | F, -1, 0);
  answer(syscall(SYS_mremap, AT(1), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT(20)));
  answer(syscall(SYS_mremap, AT(1), PAGE, 8 * PAGE, MREMAP_MAYMOVE, 0));
  answer(syscall(SYS_mremap, AT(1), 4 * PAGE, 5 * PAGE, 0, 0));
  maps();
  syscall(SYS_mprotect, far, 10 * PAGE, PROT_NONE);
  answer(syscall(SYS_mremap, AT(1), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT(20)));
  maps();
  unmap(far, 70000 * PAGE);
}

// Rights by protection keys, on a processor that has none.
static void keys(void) {
  title("protection keys");
  answer(syscall(SYS_pkey_alloc, 1, 0));
  answer(syscall(SYS_pkey_alloc, 0, 4));
  answer(syscall(SYS_pkey_alloc, 0, 0));
  map(AT(0), 4 * PAGE, RW, P | A | F, -1, 0);
  for (int key = -2; key < 17; key++) {
    answer(syscall(SYS_pkey_free, key));
    answer(syscall(SYS_pkey_mprotect, AT(1), PAGE, PROT_READ, key));
    answer(syscall(SYS_pkey_mprotect, AT(1), PAGE, 0x10, key));
    answer(syscall(SYS_pkey_mprotect, AT(1) + 1, PAGE, PROT_READ, key));
    answer(syscall(SYS_pkey_mprotect, AT(1), 0, PROT_READ, key));
    answer(syscall(SYS_pkey_mprotect, AT(1), -1, PROT_READ, key));
    answer(syscall(SYS_pkey_mprotect, AT(1), PAGE, PROT_GROWSDOWN | PROT_GROWSUP, key));
    answer(syscall(SYS_pkey_mprotect, AT(40), PAGE, PROT_READ, key));
  }
  maps();
}

// What may be dropped is not locked, whatever is to be locked in future.
static void droppable(void) {
  title("droppable memory and locks");
  map(AT(0), 3 * PAGE, RW, DROPPABLE | F | A, -1, 0);
  for (int future = MCL_FUTURE; future <= (MCL_FUTURE | MCL_ONFAULT); future += MCL_ONFAULT) {
    struct rusage before, after;
    answer(mlockall(future));
    long locked = counter("VmLck");
    getrusage(RUSAGE_SELF, &before);
    syscall(SYS_mmap2, AT(3 + future), 3 * PAGE, RW, DROPPABLE | F | A, -1, 0);
    getrusage(RUSAGE_SELF, &after);
    printf("%ld locked, %ld brought in\n", counter("VmLck") - locked, after.ru_minflt - before.ru_minflt);
    answer(munlockall());
    map(AT(6 + future), PAGE, RW, DROPPABLE | F | A, -1, 0);
  }
  answer(mlock((void *)AT(0), 10 * PAGE));
  answer(mlock((void *)AT(0), 3 * PAGE));
  maps();
}

int main(void) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  int fd = memory_file(16);
  wrong_arguments(fd);
  hints();
  pieces();
  files(fd);
  shared();
  sealed_files();
  limits();
  read_implies_exec(fd);
  forked();
  touched();
  random_calls(1, fd);
  random_calls(2, fd);
  random_calls(3, fd);
  droppable();
  FILE *cpu = fopen("/proc/cpuinfo", "r");
  char line[4096];
  int has_keys = 0;
  while (fgets(line, sizeof line, cpu)) has_keys |= strstr(line, " ospke") != 0;
  fclose(cpu);
  if (!has_keys) keys();
  many();
  sealed();
  return 0;
}

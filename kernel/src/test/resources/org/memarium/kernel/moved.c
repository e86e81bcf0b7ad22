// Uses memory in every way that moving its pages could disturb, and prints sums of what it finds.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 40 };

static unsigned sum(const unsigned char *from, int bytes) {
  unsigned s = 1;
  for (int i = 0; i < bytes; i += 61) s = s * 31 + from[i];
  return s;
}

// The immediate of "mov eax, imm32; ret" is written over and over.
static unsigned rewrite(unsigned char *code) {
  unsigned s = 0;
  code[0] = 0xb8;
  code[5] = 0xc3;
  for (unsigned i = 0; i < 200; i++) {
    memcpy(code + 1, &i, 4);
    s = s * 7 + ((unsigned (*)(void))code)();
  }
  return s;
}

static unsigned deep(int n) {
  volatile unsigned char room[600];
  memset((void *)room, n, sizeof room);
  return n == 0 ? 1 : deep(n - 1) * 3 + room[n % 600];
}

int main(int argc, char **argv) {
  int rw = PROT_READ | PROT_WRITE;
  unsigned char *own = mmap(0, PAGES * PAGE, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char *both = mmap(0, PAGES * PAGE, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int fd = open(argv[0], O_RDONLY);
  unsigned char *file = mmap(0, PAGES * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
  unsigned char *copy = mmap(0, PAGES * PAGE, rw, MAP_PRIVATE, fd, 0);
  unsigned char *code = mmap(0, 2 * PAGE, rw | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (own == MAP_FAILED || both == MAP_FAILED || file == MAP_FAILED || copy == MAP_FAILED ||
      code == MAP_FAILED)
    return 2;
  for (int round = 0; round < 3; round++) {
    memcpy(own + 100, file + 1, (PAGES - 1) * PAGE);
    memmove(both + 3, own + 100, (PAGES - 2) * PAGE);
    for (int i = 0; i < PAGES; i += 3) copy[i * PAGE + 4094] = round;
    *(unsigned *)(both + 5 * PAGE - 2) = 0x12345678 + round;  // across two pages
    mprotect(own, PAGE, PROT_READ);
    printf("%d: %x %x %x %x %x\n", round, sum(own, PAGES * PAGE), sum(both, PAGES * PAGE),
           sum(copy, PAGES * PAGE), rewrite(code + PAGE - 3), deep(60));
    mprotect(own, PAGE, rw);
    madvise(own + 8 * PAGE, 4 * PAGE, MADV_DONTNEED);
    char *heap = malloc(70000 * (round + 1));
    memset(heap, round, 70000);
    printf("%x\n", sum((unsigned char *)heap, 70000));
    free(heap);
  }
  char *moved = mremap(own, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE);
  printf("%x\n", sum((unsigned char *)moved, PAGES * PAGE));
  return 7;
}

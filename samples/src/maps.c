/*
 * How an address space changes: the program prints its own /proc/self/maps, then grows its heap with
 * brk, maps, protects and unmaps memory, and prints the map again after each step.
 *
 * It touches fewer pages than it maps: the report of `memarium run --report` shows the difference
 * between the size of an area and what of it is resident.
 */
#include "sample.h"

static void print_maps(void) {
  static char text[1024];
  long file = syscall3(SYS_open, (long)"/proc/self/maps", 0, 0);
  if (file < 0) {
    say_line("maps: cannot open /proc/self/maps");
    exit(1);
  }
  for (long bytes; (bytes = syscall3(SYS_read, file, (long)text, sizeof text)) > 0;) {
    syscall3(SYS_write, 1, (long)text, bytes);
  }
  syscall3(SYS_close, file, 0, 0);
}

static void step(const char *what) {
  end_line();
  say("--- ");
  say_line(what);
}

static void touch(char *start, int pages) {
  for (int page = 0; page < pages; page++) start[page * PAGE_SIZE] = 1;
}

/* The answer of a call that must not fail. */
static char *checked(long answer, const char *call) {
  if ((unsigned long)answer > -4096UL) {
    say("maps: ");
    say(call);
    say(" failed with error ");
    say_decimal(-answer);
    end_line();
    exit(1);
  }
  return (char *)answer;
}

static int main(void) {
  say_line("--- as execve left it: the program and its stack");
  print_maps();

  step("brk: the heap grows by 32 pages, and 2 of them are touched");
  char *heap = checked(syscall3(SYS_brk, 0, 0, 0), "brk");
  checked(syscall3(SYS_brk, (long)heap + 32 * PAGE_SIZE, 0, 0), "brk");
  touch(heap, 2);
  print_maps();

  step("mmap: 64 pages, private and anonymous, and the first 4 are touched");
  char *area = checked(
      syscall6(SYS_mmap2, 0, 64 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      "mmap2");
  touch(area, 4);
  print_maps();

  step("mprotect: pages 16 to 31 become read-only, so one area becomes three");
  checked(syscall3(SYS_mprotect, (long)area + 16 * PAGE_SIZE, 16 * PAGE_SIZE, PROT_READ), "mprotect");
  print_maps();

  step("mprotect: writable again, and the three are one");
  checked(
      syscall3(SYS_mprotect, (long)area + 16 * PAGE_SIZE, 16 * PAGE_SIZE, PROT_READ | PROT_WRITE),
      "mprotect");
  print_maps();

  step("munmap: pages 8 to 55 go, and leave a hole");
  checked(syscall3(SYS_munmap, (long)area + 8 * PAGE_SIZE, 48 * PAGE_SIZE, 0), "munmap");
  print_maps();

  step("brk: the heap shrinks to 8 pages");
  checked(syscall3(SYS_brk, (long)heap + 8 * PAGE_SIZE, 0, 0), "brk");
  print_maps();
  return 0;
}

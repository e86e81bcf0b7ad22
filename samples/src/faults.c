/*
 * When memory costs something: the program counts its own minor faults (getrusage) while it touches
 * memory in different ways. Mapping costs none; the first touch of each page costs one.
 */
#include "sample.h"

enum { SYS_getrusage = 77 };
enum { PAGES = 256 };

static long minor_faults(void) {
  /* struct rusage: two struct timeval of 8 bytes, then 14 longs, of which ru_minflt is the fifth. */
  long usage[18];
  syscall3(SYS_getrusage, 0, (long)usage, 0);
  return usage[4 + 4];
}

static long before;

static void begin_count(void) {
  before = minor_faults();
}

static void end_count(const char *what) {
  long faults = minor_faults() - before;
  say_decimal(faults);
  say(" faults: ");
  say_line(what);
}

static char *map(void) {
  return (char *)syscall6(
      SYS_mmap2, 0, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int main(void) {
  volatile char sink;

  say_line("256 pages of memory:");
  begin_count();
  char *area = map();
  end_count("mmap of 256 pages");

  begin_count();
  for (int page = 0; page < PAGES; page++) area[page * PAGE_SIZE] = 1;
  end_count("writing to each page");

  begin_count();
  for (int byte = 0; byte < PAGES * PAGE_SIZE; byte += 64) area[byte] = 1;
  end_count("writing to all of them again");

  char *second = map();
  begin_count();
  for (int page = 0; page < PAGES; page++) sink = second[page * PAGE_SIZE];
  end_count("reading from each of 256 new pages: all are the one zero page");

  begin_count();
  for (int page = 0; page < PAGES; page += 2) second[page * PAGE_SIZE] = 1;
  end_count("writing to every second of those: each gets a page of its own");

  begin_count();
  syscall3(SYS_munmap, (long)area, PAGES * PAGE_SIZE, 0);
  area = map();
  for (int page = PAGES - 1; page >= 0; page -= 16) area[page * PAGE_SIZE] = 1;
  end_count("munmap, mmap, and writing to every 16th page, backwards");

  (void)sink;
  return 0;
}

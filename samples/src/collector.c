/*
 * The write barrier of a garbage collector with two generations. The old generation may not be
 * written to after each collection: the first write to one of its pages is a fault, and the handler
 * notes the page and lets the write go on. The next collection looks for pointers into the new
 * generation only in the pages that were noted.
 */
#include "sample.h"

enum { OLD_PAGES = 32, CELLS = PAGE_SIZE / sizeof(unsigned long) };

static char *old;
static char dirty[OLD_PAGES];
static unsigned long faults;

/* The new generation: a cell is a number, and its address is what old cells point at. */
static unsigned long young[64];
static int allocated;

static unsigned long *cell(int page, int index) {
  return (unsigned long *)(old + page * PAGE_SIZE) + index;
}

static void note_write(int signal, struct siginfo *info, void *context) {
  int page = (info->address - old) / PAGE_SIZE;
  (void)signal, (void)context;
  if (info->code != SEGV_ACCERR || info->address < old || page >= OLD_PAGES) exit(1);
  faults++;
  dirty[page] = 1;
  syscall3(SYS_mprotect, (long)cell(page, 0), PAGE_SIZE, PROT_READ | PROT_WRITE);
}

/* Copies what old cells point at into them, and protects the old generation again. */
static void collect(void) {
  unsigned long pages = 0, found = 0, sum = 0;
  for (int page = 0; page < OLD_PAGES; page++) {
    if (!dirty[page]) continue;
    pages++;
    for (int i = 0; i < (int)CELLS; i++) {
      unsigned long value = *cell(page, i);
      if (value >= (unsigned long)young && value < (unsigned long)(young + 64)) {
        *cell(page, i) = *(unsigned long *)value;
        sum += *(unsigned long *)value;
        found++;
      }
    }
    dirty[page] = 0;
  }
  syscall3(SYS_mprotect, (long)old, OLD_PAGES * PAGE_SIZE, PROT_READ);
  allocated = 0;
  say("collection: ");
  say_decimal(pages);
  say(" of 32 pages looked at, ");
  say_decimal(found);
  say(" cells kept, their sum ");
  say_decimal(sum);
  say("; faults so far ");
  say_decimal(faults);
  end_line();
}

static void point(int page, int index, unsigned long value) {
  young[allocated] = value;
  *cell(page, index) = (unsigned long)&young[allocated++];
}

static int main(void) {
  old = (char *)syscall6(
      SYS_mmap2, 0, OLD_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  catch_faults(note_write, 0);
  collect();

  for (int i = 0; i < 10; i++) point(3, i, i);
  collect();

  for (int page = 0; page < OLD_PAGES; page += 4) point(page, 7, page);
  point(0, 8, 1000);
  collect();

  unsigned long sum = 0;
  for (int page = 0; page < OLD_PAGES; page++)
    for (int i = 0; i < (int)CELLS; i++) sum += *cell(page, i);
  say("reading all of it costs no fault; the sum is ");
  say_decimal(sum);
  end_line();
  collect();
  return 0;
}

/*
 * A pager of a program's own: 64 pages that do not exist, of which at most 8 are there at a time.
 * The first touch of one that is not there is a fault; the handler makes the page, and the
 * instruction that touched it goes on as if nothing had happened.
 */
#include "sample.h"

enum { SYS_madvise = 219, MADV_DONTNEED = 4 };
enum { PAGES = 64, RESIDENT = 8 };

static char *area;

/* What the pages hold while they are not there: here a word of each is all there is to keep. */
static unsigned long kept[PAGES];
static int resident[RESIDENT];
static unsigned long faults, evictions;

static unsigned long *page(int number) {
  return (unsigned long *)(area + number * PAGE_SIZE);
}

static void evict(int number) {
  kept[number] = page(number)[0];
  syscall3(SYS_madvise, (long)page(number), PAGE_SIZE, MADV_DONTNEED);
  syscall3(SYS_mprotect, (long)page(number), PAGE_SIZE, PROT_NONE);
  evictions++;
}

static void page_in(int signal, struct siginfo *info, void *context) {
  int number = (info->address - area) / PAGE_SIZE;
  (void)signal, (void)context;
  if (info->address < area || number >= PAGES) {
    say("a fault elsewhere: ");
    say_address((unsigned long)info->address);
    end_line();
    exit(1);
  }
  int *place = &resident[faults++ % RESIDENT];
  if (*place >= 0) evict(*place);
  *place = number;
  syscall3(SYS_mprotect, (long)page(number), PAGE_SIZE, PROT_READ | PROT_WRITE);
  page(number)[0] = kept[number];
}

static void tell(const char *what, unsigned long sum) {
  say(what);
  say(": ");
  say_decimal(sum);
  say(", after ");
  say_decimal(faults);
  say(" faults and ");
  say_decimal(evictions);
  say_line(" evictions");
}

static int main(void) {
  unsigned long sum = 0;

  area = (char *)syscall6(
      SYS_mmap2, 0, PAGES * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < RESIDENT; i++) resident[i] = -1;
  catch_faults(page_in, 0);

  for (int i = 0; i < PAGES; i++) page(i)[0] = i + 1;
  tell("64 pages, each written once", PAGES);

  for (int i = 0; i < PAGES; i++) sum += page(i)[0];
  tell("their sum", sum);

  sum = 0;
  for (int round = 0; round < 100; round++)
    for (int i = 0; i < RESIDENT; i++) sum += page(i)[0];
  tell("8 of them, a hundred times", sum);

  sum = 0;
  for (int round = 0; round < 3; round++)
    for (int i = 0; i <= RESIDENT; i++) sum += page(i)[0];
  tell("9 of them, three times: one too many", sum);
  return 0;
}

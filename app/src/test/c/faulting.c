/* Programs that live from SIGSEGV: a pager that maps on fault, guard pages, a write barrier. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 64 };

static char *paged, *heap;
static int paged_in, dirty[PAGES], barriers, codes[4], writes;
static sigjmp_buf out;
static int file;

static void fault(int signal, siginfo_t *info, void *context) {
  char *at = info->si_addr;
  codes[info->si_code & 3]++;
  writes += (((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2) != 0;
  if (at >= paged && at < paged + PAGES * PAGE) {
    char *page = (char *)((unsigned long)at & -PAGE);
    mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    for (int i = 0; i < PAGE; i += 4) *(int *)(page + i) = (int)(page - paged) + i;
    paged_in++;
  } else if (at >= heap && at < heap + PAGES * PAGE) {
    int page = (int)(at - heap) / PAGE;
    dirty[page] = 1;
    barriers++;
    mprotect(heap + page * PAGE, PAGE, PROT_READ | PROT_WRITE);
  } else {
    siglongjmp(out, signal);
  }
}

static int overflow(volatile int depth) {
  volatile char room[1000];
  room[0] = (char)depth;
  return overflow(depth + 1) + room[0];
}

int main(void) {
  static char stack[65536];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, 0);
  struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);

  paged = mmap(0, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  long sum = 0;
  for (int i = 0; i < PAGES * PAGE; i += 100) sum += *(int *)(paged + (i & -4));
  memmove(paged + 10 * PAGE + 17, paged + 3, 9 * PAGE);
  printf("pager: sum %ld, pages %d, accerr %d, maperr %d, writes %d\n", sum, paged_in, codes[2], codes[1], writes);

  heap = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int round = 0; round < 5; round++) {
    memset(dirty, 0, sizeof dirty);
    mprotect(heap, PAGES * PAGE, PROT_READ);
    for (int i = 0; i < 30; i++) heap[(i * 7919 + round * 131) % (PAGES * PAGE)]++;
    *(long long *)(heap + 5 * PAGE - 4) = round;
    int pages = 0;
    for (int i = 0; i < PAGES; i++) pages += dirty[i];
    printf("barrier: round %d, dirty %d\n", round, pages);
  }
  printf("barriers %d\n", barriers);

  char *guarded = mmap(0, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(guarded + PAGE, PAGE, PROT_READ | PROT_WRITE);
  for (volatile int side = 0; side < 2; side++) {
    if (sigsetjmp(out, 1) == 0) {
      for (int i = 0;; i++) guarded[side ? PAGE - 1 - i + PAGE : PAGE + i] = 1;
    }
    printf("guard page %d\n", side);
  }
  for (volatile int times = 0; times < 3; times++) {
    if (sigsetjmp(out, 1) == 0) overflow(0);
    printf("stack overflow %d\n", times);
  }
  file = open("file", 0102, 0644);
  ftruncate(file, PAGE + 10);
  char *mapped = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  mapped[PAGE] = 'x';
  int signal = sigsetjmp(out, 1);
  if (signal == 0) mapped[2 * PAGE] = 'y';
  printf("behind the file: %d\n", signal == SIGBUS);
  ftruncate(file, 3 * PAGE);
  mapped[2 * PAGE] = 'y';
  signal = sigsetjmp(out, 1);
  if (signal == 0) ((void (*)(void))guarded)();
  printf("called: %d\n", signal == SIGSEGV);
  signal = sigsetjmp(out, 1);
  if (signal == 0) ((void (*)(void))(guarded + PAGE))();
  printf("data called: %d\n", signal == SIGSEGV);
  return 0;
}

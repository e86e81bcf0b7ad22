/* What a program sees of signals; printed, and compared with the host's kernel. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int seen[65], order[64], n;
static sigjmp_buf back;
static char *area;

static void simple(int sig) { seen[sig]++; order[n++] = sig; }

static void info(int sig, siginfo_t *si, void *uc) {
  seen[sig]++;
  printf("info %d code %d pid ok %d uid ok %d\n", sig, si->si_code, si->si_pid == getpid(),
         si->si_uid == getuid());
  (void)uc;
}

static void fault(int sig, siginfo_t *si, void *p) {
  ucontext_t *uc = p;
  printf("fault %d code %d addr %p trap %d err %d cr2 %lx cs %x ss %x\n", sig, si->si_code,
         si->si_addr > (void *)0x1000 ? (void *)1 : si->si_addr,
         uc->uc_mcontext.gregs[REG_TRAPNO], uc->uc_mcontext.gregs[REG_ERR],
         uc->uc_mcontext.cr2 > 0x1000 ? 1 : uc->uc_mcontext.cr2, uc->uc_mcontext.gregs[REG_CS] & 3,
         uc->uc_mcontext.gregs[REG_SS] & 3);
  siglongjmp(back, 1);
}

static void repair(int sig, siginfo_t *si, void *p) {
  printf("repair %d at %ld\n", sig, (long)((char *)si->si_addr - area));
  mprotect(area, 4096, PROT_READ | PROT_WRITE);
  (void)p;
}

static void skip(int sig, siginfo_t *si, void *p) {
  ucontext_t *uc = p;
  printf("skip %d code %d\n", sig, si->si_code);
  uc->uc_mcontext.gregs[REG_EIP] += 2;
}

static void onStack(int sig) {
  stack_t st;
  sigaltstack(0, &st);
  printf("on stack %d flags %d\n", sig, st.ss_flags);
}

static void nested(int sig) {
  order[n++] = sig;
  if (sig == SIGUSR1) raise(SIGUSR2);
  order[n++] = -sig;
}

static void set(int sig, void *handler, int flags, int masked) {
  struct sigaction sa;
  memset(&sa, 0, sizeof sa);
  sa.sa_sigaction = handler;
  sa.sa_flags = flags;
  if (masked) sigaddset(&sa.sa_mask, masked);
  printf("sigaction %d\n", sigaction(sig, &sa, 0));
}

static void showOrder(void) {
  for (int i = 0; i < n; i++) printf(" %d", order[i]);
  printf("\n");
  n = 0;
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  set(SIGUSR1, simple, 0, 0);
  double before = 1.0 / 3;
  raise(SIGUSR1);
  printf("simple %d fpu %d\n", seen[SIGUSR1], before == 1.0 / 3);
  set(SIGUSR1, info, SA_SIGINFO, 0);
  raise(SIGUSR1);
  kill(getpid(), SIGUSR1);
  sigset_t block, old, pending;
  sigemptyset(&block);
  sigaddset(&block, SIGUSR1);
  sigaddset(&block, SIGUSR2);
  sigaddset(&block, SIGRTMIN);
  set(SIGUSR1, simple, 0, 0);
  set(SIGUSR2, simple, 0, 0);
  set(SIGRTMIN, simple, 0, 0);
  sigprocmask(SIG_BLOCK, &block, &old);
  raise(SIGUSR2), raise(SIGUSR1), raise(SIGUSR1), raise(SIGRTMIN), raise(SIGRTMIN);
  sigpending(&pending);
  printf("pending %d %d %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2),
         sigismember(&pending, SIGTERM));
  sigprocmask(SIG_SETMASK, &old, 0);
  showOrder();
  set(SIGUSR1, nested, 0, 0);
  set(SIGUSR2, nested, 0, 0);
  raise(SIGUSR1);
  showOrder();
  set(SIGUSR1, nested, 0, SIGUSR2);
  raise(SIGUSR1);
  showOrder();
  set(SIGUSR1, simple, SA_RESETHAND, 0);
  raise(SIGUSR1);
  struct sigaction now;
  sigaction(SIGUSR1, 0, &now);
  printf("reset %d\n", now.sa_handler == SIG_DFL);
  signal(SIGUSR1, SIG_IGN);
  raise(SIGUSR1);
  printf("errors %d %d %d\n", sigaction(SIGKILL, &now, 0), errno, kill(getpid(), 77));

  area = mmap(0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  set(SIGSEGV, fault, SA_SIGINFO, 0);
  set(SIGBUS, fault, SA_SIGINFO, 0);
  set(SIGFPE, fault, SA_SIGINFO, 0);
  set(SIGILL, fault, SA_SIGINFO, 0);
  set(SIGTRAP, fault, SA_SIGINFO, 0);
  if (!sigsetjmp(back, 1)) *(volatile int *)0x10 = 1;
  if (!sigsetjmp(back, 1)) area[0] = 1;
  if (!sigsetjmp(back, 1)) printf("%d", *(volatile int *)0xfffff000);
  if (!sigsetjmp(back, 1)) ((void (*)(void))0x20)();
  if (!sigsetjmp(back, 1)) __asm__ volatile("ud2");
  if (!sigsetjmp(back, 1)) __asm__ volatile("hlt");
  if (!sigsetjmp(back, 1)) __asm__ volatile("int3");
  if (!sigsetjmp(back, 1)) __asm__ volatile("int $0x42");
  if (!sigsetjmp(back, 1)) __asm__ volatile("xor %%edx,%%edx; xor %%ecx,%%ecx; div %%ecx" ::: "eax", "ecx", "edx");
  if (!sigsetjmp(back, 1)) __asm__ volatile("mov $0x7f, %%eax; add %%al, %%al; into" ::: "eax");
  if (!sigsetjmp(back, 1)) __asm__ volatile("mov $0x1234, %%eax; mov %%ax, %%gs" ::: "eax");
  short cw = 0x370;
  if (!sigsetjmp(back, 1)) __asm__ volatile("fldcw %0; fldz; fld1; fdivp; fwait" : : "m"(cw));
  __asm__ volatile("fninit");
  set(SIGSEGV, repair, SA_SIGINFO, 0);
  area[5] = 7;
  printf("repaired %d\n", area[5]);
  set(SIGILL, skip, SA_SIGINFO, 0);
  __asm__ volatile("ud2");

  stack_t st = {malloc(20000), 0, 20000};
  printf("altstack %d\n", sigaltstack(&st, 0));
  set(SIGUSR2, onStack, SA_ONSTACK, 0);
  raise(SIGUSR2);
  set(SIGUSR2, onStack, 0, 0);
  raise(SIGUSR2);
  st.ss_size = 100;
  printf("small %d %d\n", sigaltstack(&st, 0), errno);
  set(SIGUSR2, simple, 0, 0);
  sigemptyset(&block);
  sigaddset(&block, SIGUSR2);
  sigprocmask(SIG_BLOCK, &block, 0);
  raise(SIGUSR2);
  sigemptyset(&block);
  printf("suspend %d %d seen %d\n", sigsuspend(&block), errno, n);
  struct timespec zero = {0, 1000};
  sigaddset(&block, SIGUSR2);
  printf("timed %d %d\n", sigtimedwait(&block, 0, &zero), errno);
  raise(SIGUSR2);
  printf("timed %d\n", sigtimedwait(&block, 0, &zero));
  signal(SIGUSR1, SIG_DFL);
  raise(SIGUSR1);
  return 0;
}

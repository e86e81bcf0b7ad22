/* What signals and execve do to the registers of MMX and SSE, and what SSE's exceptions become. */
#define _GNU_SOURCE
#pragma GCC target("sse2")
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* <asm/sigcontext.h> and <ucontext.h> do not go together. */
struct fpstate {
  unsigned env[7];
  unsigned char st[8][10];
  unsigned short status, magic;
  unsigned fx[8];
  unsigned char fx_st[8][16];
  unsigned char xmm[8][16];
  unsigned char unused[176];
  unsigned software[12];
};

static unsigned char loaded[8][16], found[8][16];
static long double st_found;
static int changes;

static unsigned mxcsr(void) {
  unsigned value;
  __asm__ volatile("stmxcsr %0" : "=m"(value));
  return value;
}

static unsigned control(void) {
  unsigned short word;
  __asm__ volatile("fnstcw %0" : "=m"(word));
  return word;
}

static void set_mxcsr(unsigned value) { __asm__ volatile("ldmxcsr %0" ::"m"(value)); }

static void print(const char *what, unsigned char xmm[8][16]) {
  printf("%s:", what);
  for (int i = 0; i < 8; i++) {
    printf(" ");
    for (int k = 15; k >= 0; k--) printf("%02x", xmm[i][k]);
  }
  printf("\n");
}

static void clobber(int signal, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  struct fpstate *fp = (struct fpstate *)uc->uc_mcontext.fpregs;
  printf("signal %d: mxcsr %x, control %x; frame: magic %x %x, mxcsr %x, aligned %ld\n", signal, mxcsr(), control(),
         fp->magic, fp->software[0], fp->fx[6], (long)fp->fx % 64);
  printf("  env %x %x %x, fx %x %x\n", fp->env[0], fp->env[1], fp->env[2], fp->fx[0], fp->fx[1] & 0xffff);
  print("  in the frame", fp->xmm);
  if (changes & 1) memset(fp->xmm[3], 0x5a, 16);
  if (changes & 2) fp->fx[6] = 0x3f80; /* round down */
  if (changes & 4) memset(fp->fx_st[0], 0, 16); /* not taken: x87 comes from the old image */
  if (changes & 8) memcpy(fp->st[0], "\0\0\0\0\0\0\0\xc0\0\x40", 10);
  if (changes & 16) uc->uc_mcontext.fpregs = 0;
  __asm__ volatile(
      "pcmpeqd %%xmm0, %%xmm0\n movdqa %%xmm0, %%xmm1\n movdqa %%xmm0, %%xmm2\n movdqa %%xmm0, %%xmm3\n"
      "movdqa %%xmm0, %%xmm4\n movdqa %%xmm0, %%xmm5\n movdqa %%xmm0, %%xmm6\n movdqa %%xmm0, %%xmm7\n"
      "pcmpeqd %%mm0, %%mm0\n emms\n fldl2e\n fldpi" ::
          : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "st", "st(1)");
  set_mxcsr(0x7f80);
}

/* Loads everything, sends itself a signal, and stores everything, without C code between. */
static void through_a_signal(int signal) {
  static long double one_third = 1.0L / 3;
  int result;
  __asm__ volatile(
      "movdqu 0x00(%[in]), %%xmm0\n movdqu 0x10(%[in]), %%xmm1\n movdqu 0x20(%[in]), %%xmm2\n"
      "movdqu 0x30(%[in]), %%xmm3\n movdqu 0x40(%[in]), %%xmm4\n movdqu 0x50(%[in]), %%xmm5\n"
      "movdqu 0x60(%[in]), %%xmm6\n movdqu 0x70(%[in]), %%xmm7\n fldt %[third]\n"
      "push %%ebx\n mov %[pid], %%ebx\n int $0x80\n pop %%ebx\n fstpt %[st]\n"
      "movdqu %%xmm0, 0x00(%[out])\n movdqu %%xmm1, 0x10(%[out])\n movdqu %%xmm2, 0x20(%[out])\n"
      "movdqu %%xmm3, 0x30(%[out])\n movdqu %%xmm4, 0x40(%[out])\n movdqu %%xmm5, 0x50(%[out])\n"
      "movdqu %%xmm6, 0x60(%[out])\n movdqu %%xmm7, 0x70(%[out])\n"
      : "=a"(result), [st] "=m"(st_found)
      : "a"(SYS_kill), "c"(signal), [pid] "d"(getpid()), [in] "S"(loaded), [out] "D"(found), [third] "m"(one_third)
      : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
  print("after", found);
  printf("  mxcsr %x, control %x, st %.20Lg\n", mxcsr(), control(), st_found);
}

extern const char faulting[], behind[];

static void arithmetic(int signal, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  struct fpstate *fp = (struct fpstate *)uc->uc_mcontext.fpregs;
  greg_t *r = uc->uc_mcontext.gregs;
  printf("signal %d code %d at it %d, trap %d error %d, mxcsr %x\n", signal, info->si_code,
         info->si_addr == (void *)faulting && r[REG_EIP] == (greg_t)faulting, r[REG_TRAPNO], r[REG_ERR], fp->fx[6]);
  r[REG_EIP] = (greg_t)behind;
}

static __attribute__((noinline)) void divide(double a, double b, unsigned masks) {
  set_mxcsr(masks);
  __asm__ volatile("movsd %0, %%xmm0\n movsd %1, %%xmm1\n faulting: divsd %%xmm1, %%xmm0\n behind:" ::"m"(a), "m"(b)
                   : "xmm0", "xmm1");
  printf("then mxcsr %x\n", mxcsr());
}

int main(int argc, char **argv) {
  unsigned announced = 1 << 0 | 1 << 8 | 1 << 15 | 1 << 23 | 1 << 24 | 1 << 25 | 1 << 26;
  printf("AT_HWCAP %lx, mxcsr %x, control %x\n", getauxval(AT_HWCAP) & announced, mxcsr(), control());
  if (argc > 1) return 0;
  for (int i = 0; i < 128; i++) loaded[i / 16][i % 16] = 7 * i + 1;
  struct sigaction action = {.sa_sigaction = clobber, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, 0);
  for (changes = 0; changes < 32; changes++) {
    set_mxcsr(changes & 1 ? 0x1f80 : 0x9fa1);
    through_a_signal(SIGUSR1);
  }
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  static char stack[65536];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, 0);
  sigaction(SIGUSR2, &action, 0);
  changes = 1;
  through_a_signal(SIGUSR2);
  printf("room on a stack of AT_MINSIGSTKSZ: %d\n", getauxval(AT_MINSIGSTKSZ) % 16 == 0);

  struct sigaction fpe = {.sa_sigaction = arithmetic, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &fpe, 0);
  divide(1, 0, 0x1d80);
  divide(0, 0, 0x1f00);
  divide(1e300, 1e-300, 0x1b80);
  divide(1e-300, 1e300, 0x1780);
  divide(1, 3, 0x0f80);
  divide(5e-324, 3, 0x1e80);
  divide(1e300, 1e-300, 0x0b80);
  divide(1, 4, 0x0000);
  divide(1, 0, 0x1d84);
  set_mxcsr(0x7f80);
  fflush(stdout);
  execl(argv[0], argv[0], "again", (char *)0);
  return 1;
}

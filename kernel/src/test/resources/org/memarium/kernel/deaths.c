/* Dies in the way that its argument names. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int deep(int n) {
  volatile char page[4096];
  page[0] = n;
  return deep(n + 1) + page[0];
}

int main(int argc, char **argv) {
  char *how = argv[1];
  (void)argc;
  if (!strcmp(how, "null")) *(volatile int *)0 = 1;
  if (!strcmp(how, "readonly")) *(volatile char *)main = 1;
  if (!strcmp(how, "kernel")) printf("%d", *(volatile int *)0xc0000000);
  if (!strcmp(how, "jump")) ((void (*)(void))0x1234)();
  if (!strcmp(how, "recursion")) return deep(0);
  if (!strcmp(how, "divide")) __asm__ volatile("xor %%edx,%%edx; xor %%ecx,%%ecx; div %%ecx" ::: "eax", "ecx", "edx");
  if (!strcmp(how, "opcode")) __asm__ volatile("ud2");
  if (!strcmp(how, "privileged")) __asm__ volatile("cli");
  if (!strcmp(how, "breakpoint")) __asm__ volatile("int3");
  if (!strcmp(how, "abort")) abort();
  if (!strcmp(how, "kill")) kill(getpid(), SIGKILL);
  if (!strcmp(how, "pipe")) {
    int ends[2];
    pipe(ends);
    close(ends[0]);
    write(ends[1], "x", 1);
  }
  if (!strcmp(how, "bus")) {
    FILE *f = tmpfile();
    volatile char *p = mmap(0, 8192, PROT_READ, MAP_SHARED, fileno(f), 0);
    return p[5000];
  }
  if (!strcmp(how, "ignored")) {
    signal(SIGSEGV, SIG_IGN);
    *(volatile int *)0 = 1;
  }
  if (!strcmp(how, "deadlock")) {
    int ends[2];
    char c;
    pipe(ends);
    read(ends[0], &c, 1);
  }
  return 7;
}

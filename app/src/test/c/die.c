/* Dies in the way that its argument names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static int forever(volatile int depth) {
  return depth + forever(depth + 1) + 1;
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  volatile int zero = 0;
  printf("dying: %s\n", how);
  fflush(stdout);
  if (!strcmp(how, "null-write")) *(volatile int *)(long)zero = 1;
  if (!strcmp(how, "null-read")) return *(volatile int *)(long)zero;
  if (!strcmp(how, "null-call")) ((void (*)(void))(long)zero)();
  if (!strcmp(how, "stack-jump")) {
    static const char ret = (char)0xc3;
    volatile char code[16] = {ret};
    ((void (*)(void))(long)code)();
  }
  if (!strcmp(how, "constant-write")) *(volatile char *)(long)"constant" = 1;
  if (!strcmp(how, "kernel-read")) return *(volatile int *)0xfffff000L;
  if (!strcmp(how, "recursion")) return forever(zero);
  if (!strcmp(how, "division")) __asm__ volatile("mov $1, %%eax; cdq; idiv %0" ::"r"(zero) : "eax", "edx");
  if (!strcmp(how, "overflow")) __asm__ volatile("mov $0x80000000, %%eax; cdq; idiv %0" ::"r"(-1) : "eax", "edx");
  if (!strcmp(how, "ud2")) __asm__ volatile("ud2");
  if (!strcmp(how, "hlt")) __asm__ volatile("hlt");
  if (!strcmp(how, "int3")) __asm__ volatile("int3");
  if (!strcmp(how, "into")) __asm__ volatile("mov $0x7fffffff, %%eax; inc %%eax; into" ::: "eax");
  if (!strcmp(how, "abort")) abort();
  if (!strcmp(how, "beyond-file")) {
    FILE *file = tmpfile();
    char *area = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fileno(file), 0);
    return *(volatile char *)area;
  }
  return 0;
}

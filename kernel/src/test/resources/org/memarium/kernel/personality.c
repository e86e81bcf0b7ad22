// What personality(2) makes of an address space: the program starts itself again under each, prints
// its areas, and maps at places that are there under one only.
#include "window.h"
#include <sys/shm.h>

static long at(unsigned long where, unsigned long bytes, int prot, int flags, int fd) {
  long result = syscall(SYS_mmap2, where, bytes, prot, flags, fd, 0);
  printf("mmap %lx %lx %x %x", where, bytes, prot, flags);
  answer(result);
  return result;
}

static void all_areas(void) {
  FILE *f = fopen("/proc/self/maps", "r");
  char line[512];
  while (fgets(line, sizeof line, f)) {
    char range[32], rights[8], name[256] = "";
    sscanf(line, "%31s %7s %*s %*s %*s %255[^\n]", range, rights, name);
    printf("%s %s %s\n", range, rights, name);
  }
  fclose(f);
}

static int look(void) {
  printf("personality %x\n", personality(0xffffffff));
  all_areas();
  at(0, 3 * PAGE, PROT_READ, P | A, -1);
  at(0, 0x10000000, RW, P | A | MAP_NORESERVE, -1);
  at(0xd0000000, PAGE, RW, P | A, -1);
  at(0xd0000000, PAGE, RW, P | A | F, -1);
  at(0xf0000000, PAGE, RW, P | A | NOREPLACE, -1);
  protect(0, PAGE, RW);
  unmap(0, PAGE);
  unmap(0xe0000000, PAGE);
  long file = at(WINDOW, PAGE, PROT_READ, P | F, open("/proc/self/exe", O_RDONLY));
  printf("mremap");
  answer(syscall(SYS_mremap, file, PAGE, PAGE, 3, 0xd8000000));
  at(AT(4), PAGE, PROT_READ, P | F, open("/proc/self/exe", O_RDONLY));
  protect(AT(4), PAGE, RW);
  protect(AT(4), PAGE, PROT_READ);
  at(AT(8), PAGE, PROT_READ, S | F, memory_file(1));
  sbrk(5 * PAGE);
  int segment = shmget(IPC_PRIVATE, PAGE, 0600);
  shmat(segment, (void *)AT(12), 0);
  shmat(segment, (void *)AT(14), SHM_RDONLY);
  shmctl(segment, IPC_RMID, 0);
  all_areas();
  personality(ADDR_NO_RANDOMIZE | ADDR_LIMIT_3GB);
  puts("from now on in 3 GiB");
  at(0xd0000000, PAGE, RW, P | A | F, -1);
  unmap(0xd0000000, PAGE);
  personality(ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC);
  puts("from now on with all of it");
  at(0xd0000000, PAGE, PROT_READ, P | A | F, -1);
  unmap(0xd0000000, PAGE);
  return 0;
}

static void again(unsigned long bits, unsigned long stack) {
  fflush(stdout);
  int child = fork();
  if (child == 0) {
    limit(RLIMIT_STACK, stack);
    personality(ADDR_NO_RANDOMIZE | bits);
    execl("/proc/self/exe", "personality", "look", NULL);
    _exit(1);
  }
  int status;
  waitpid(child, &status, 0);
  printf("status %x\n", status);
}

int main(int arguments, char **argument) {
  if (arguments > 1) return look();
  unsigned long bits[] = {0, ADDR_COMPAT_LAYOUT, ADDR_LIMIT_3GB, READ_IMPLIES_EXEC, MMAP_PAGE_ZERO,
                          ADDR_LIMIT_3GB | ADDR_COMPAT_LAYOUT | MMAP_PAGE_ZERO, PER_LINUX32};
  unsigned long stacks[] = {8 << 20, 200 << 20, RLIM_INFINITY};
  for (int i = 0; i < sizeof bits / sizeof *bits; i++)
    for (int j = 0; j < 3; j++) again(bits[i], stacks[j]);
}

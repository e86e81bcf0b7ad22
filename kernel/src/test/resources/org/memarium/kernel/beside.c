/* beside MIB [SPIN]: fills and sums MIB of memory; with SPIN a child counts meanwhile. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  size_t words = atol(argv[1]) * (1048576 / 4);
  volatile uint32_t *stop =
      mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  uint32_t *at = mmap(0, words * 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint32_t sum = 0;
  if (argc > 2 && fork() == 0) {
    while (!*stop) stop[1]++;
    _exit(0);
  }
  for (size_t i = 0; i < words; i += 16) at[i] = i;
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < words; i += 16) sum = (sum << 5 | sum >> 27) + at[i];
  *stop = 1;
  while (wait(0) > 0) {
  }
  printf("%08x\n", (unsigned)sum);
  return 0;
}

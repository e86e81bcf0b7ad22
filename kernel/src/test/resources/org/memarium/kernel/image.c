/* Prints what execve laid out: vectors, strings, registers and the map of the address space. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int bss[5000], data[3000] = {1};

int main(int argc, char **argv, char **envp) {
  printf("argc %d at %p argv %p envp %p\n", argc, (void *)((int *)argv - 1), (void *)argv,
         (void *)envp);
  for (int i = 0; i <= argc; i++) printf("argv %p %s\n", argv[i], argv[i] ? argv[i] : "-");
  char **p = envp;
  for (; *p; p++) printf("envp %p %s\n", *p, *p);
  Elf32_auxv_t *aux = (Elf32_auxv_t *)(p + 1);
  for (; aux->a_type; aux++) {
    printf("aux %d %x\n", aux->a_type, aux->a_un.a_val);
    if (aux->a_type == AT_PLATFORM || aux->a_type == AT_EXECFN)
      printf("%s\n", (char *)aux->a_un.a_val);
  }
  printf("end %p bss %p data %p main %p brk %p\n", (void *)(aux + 1), (void *)bss, (void *)data,
         (void *)main, sbrk(0));
  for (int i = 0; i < 5000; i++)
    if (bss[i]) printf("bss is not zero\n");
  char line[300];
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) fputs(line, stdout);
  return argc;
}

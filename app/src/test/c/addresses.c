/* Where everything is: code, data, heap, stack, break, arguments, environment, auxiliary vector. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

extern char **environ;
static int data = 1;
static int bss;
static const int constant = 2;

/* What depends on the processor, the clock or the vdso is not the layout's business. */
static const struct {
  unsigned long type;
  const char *name;
} AUXV[] = {
    {AT_PHDR, "AT_PHDR"},     {AT_PHENT, "AT_PHENT"}, {AT_PHNUM, "AT_PHNUM"},
    {AT_PAGESZ, "AT_PAGESZ"}, {AT_BASE, "AT_BASE"},   {AT_FLAGS, "AT_FLAGS"},
    {AT_ENTRY, "AT_ENTRY"},   {AT_UID, "AT_UID"},     {AT_EUID, "AT_EUID"},
    {AT_GID, "AT_GID"},       {AT_EGID, "AT_EGID"},   {AT_CLKTCK, "AT_CLKTCK"},
    {AT_SECURE, "AT_SECURE"}, {AT_EXECFN, "AT_EXECFN"},
};

int main(int argc, char **argv) {
  int local = 0;
  printf("main %p\n", (void *)main);
  printf("constant %p\n", (void *)&constant);
  printf("data %p\n", (void *)&data);
  printf("bss %p\n", (void *)&bss);
  printf("sbrk(0) %p\n", sbrk(0));
  printf("malloc(100) %p\n", malloc(100));
  printf("malloc(1000000) %p\n", malloc(1000000));
  printf("sbrk(0) %p\n", sbrk(0));
  printf("mmap %p\n",
         mmap(NULL, 12345, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  printf("local %p\n", (void *)&local);
  for (int i = 0; i <= argc; i++) printf("argv[%d] %p %s\n", i, argv[i], argv[i] ? argv[i] : "");
  for (int i = 0; environ[i]; i++) printf("environ[%d] %p %s\n", i, environ[i], environ[i]);
  for (unsigned i = 0; i < sizeof AUXV / sizeof *AUXV; i++)
    printf("%s %#lx\n", AUXV[i].name, getauxval(AUXV[i].type));
  printf("AT_EXECFN %s\n", (char *)getauxval(AT_EXECFN));
  printf("AT_PLATFORM %s\n", (char *)getauxval(AT_PLATFORM));
  return 0;
}

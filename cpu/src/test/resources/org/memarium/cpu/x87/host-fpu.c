/*
 * Runs x87 instructions on the host's processor, in bulk: records of 232 bytes on standard input,
 * each answered by one of the same shape on standard output.
 *
 *   offset  size  in                                      out
 *        0   108  FNSAVE image to start from              FNSAVE image afterwards
 *      108   112  memory operand                          the same bytes afterwards
 *      220     4  prefix (0 or 0x66), opcode, modrm, 0    1 if SIGFPE came, otherwise 0
 *      224     4  EFLAGS                                  EFLAGS
 *      228     4  EAX                                     EAX
 *
 * A memory form's modrm has mod 0 and rm 6: the operand is at [esi], offset 108 of the record in
 * flight, whose address is the same for every record.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct record {
  uint8_t state[108];
  uint8_t memory[112];
  uint8_t code[4];
  uint32_t eflags;
  uint32_t eax;
} __attribute__((packed, aligned(16)));

_Static_assert(sizeof(struct record) >= 232, "record");

static sigjmp_buf back;

static void on_fpe(int signal) {
  (void)signal;
  siglongjmp(back, 1);
}

static void run(struct record *r, const uint8_t *stub) {
  uint32_t in = r->eflags, out, eax = r->eax;
  __asm__ volatile(
      "frstor (%%edi)\n\t"
      "pushl %[in]\n\t"
      "popfl\n\t"
      "call *%%edx\n\t"
      "pushfl\n\t"
      "popl %%edx\n\t"
      "fnsave (%%edi)\n\t"
      "fninit\n\t"
      : "+a"(eax), "=d"(out)
      : "D"(r->state), "S"(r->memory), "d"(stub), [in] "c"(in)
      : "memory", "cc");
  r->eflags = out;
  r->eax = eax;
}

int main(void) {
  uint8_t *stubs = mmap(NULL, 2 * 2048 * 8, PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stubs == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  for (int i = 0; i < 2 * 2048; i++) {
    uint8_t *s = stubs + 8 * i;
    if (i >= 2048) *s++ = 0x66;
    *s++ = 0xD8 | (i >> 8 & 7);
    *s++ = i & 0xFF;
    *s = 0xC3;
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_fpe;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGFPE, &action, NULL);
  static struct record r;
  static char inbuf[1 << 16], outbuf[1 << 16];
  setvbuf(stdin, inbuf, _IOFBF, sizeof inbuf);
  setvbuf(stdout, outbuf, _IOFBF, sizeof outbuf);
  while (fread(&r, 232, 1, stdin) == 1) {
    int i = (r.code[0] == 0x66 ? 2048 : 0) + (r.code[1] & 7) * 256 + r.code[2];
    memset(r.code, 0, sizeof r.code);
    if (sigsetjmp(back, 0) == 0) {
      run(&r, stubs + 8 * i);
    } else {
      r.code[0] = 1;
    }
    fwrite(&r, 232, 1, stdout);
  }
  return fflush(stdout) == 0 ? 0 : 1;
}

/* A restartable sequence that would never end, and another thread whose turn ends it. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/rseq.h>

static volatile int stop;
static volatile unsigned long rounds;

static void *spin(void *argument) {
  while (!stop) continue;
  return argument;
}

struct sequence {
  uint32_t version, flags;
  uint64_t start, length, abort;
} __attribute__((aligned(32)));

extern char begins[], ends[], aborts[];

int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, spin, NULL);
  static struct sequence sequence;
  sequence.start = (uintptr_t)begins;
  sequence.length = ends - begins;
  sequence.abort = (uintptr_t)aborts;
  struct rseq *area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
  for (int i = 0; i < 3; i++) {
    __asm__ volatile(
        "movl %[sequence], %[pointer]\n"
        "begins:\n\t"
        "incl %[rounds]\n\t"
        "jmp begins\n"
        "ends:\n\t"
        ".byte 0x0f, 0xb9, 0x3d\n\t"
        ".long 0x53053053\n"
        "aborts:\n"
        : [pointer] "=m"(*(uint32_t *)&area->rseq_cs), [rounds] "+m"(rounds)
        : [sequence] "r"(&sequence)
        : "memory", "cc");
    printf("aborted, forgotten %d, went on %d\n", (uint32_t)area->rseq_cs == 0, rounds > 1000);
  }
  stop = 1;
  pthread_join(thread, NULL);
  return 0;
}

/* The futex call itself, beneath the C library. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

static volatile uint32_t one, two, lock;

static int futex(volatile void *a, int op, unsigned value, const void *timeout, volatile void *b,
                 unsigned third) {
  int result = syscall(SYS_futex, a, op, value, timeout, b, third);
  return result < 0 ? -errno : result;
}

static const struct timespec brief = {0, 2000000}, bad = {0, 1000000000}, none = {0, 0};

static void refused(void) {
  char *area = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(area + 4096, 4096);
  one = 1;
  printf("wait: %d %d %d %d %d %d\n", futex(&one, FUTEX_WAIT, 0, NULL, NULL, 0),
         futex((char *)&one + 1, FUTEX_WAIT, 1, NULL, NULL, 0),
         futex(area + 4096, FUTEX_WAIT, 1, &brief, NULL, 0),
         futex(&one, FUTEX_WAIT, 1, &bad, NULL, 0), futex(&one, FUTEX_WAIT, 1, &none, NULL, 0),
         futex(&one, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, &brief, NULL, 0));
  printf("bitset: %d %d %d\n", futex(&one, FUTEX_WAIT_BITSET, 1, NULL, NULL, 0),
         futex(&one, FUTEX_WAIT_BITSET, 1, &brief, NULL, 1),
         futex(&one, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 1, &brief, NULL, 1));
  printf("read only: private %d shared %d wake %d\n",
         futex(area, FUTEX_WAIT_PRIVATE, 0, &brief, NULL, 0), futex(area, FUTEX_WAIT, 0, &brief, NULL, 0),
         futex(area, FUTEX_WAKE, 1, NULL, NULL, 0));
  printf("wake: %d %d %d %d\n", futex(&one, FUTEX_WAKE, 1, NULL, NULL, 0),
         futex((char *)&one + 2, FUTEX_WAKE, 1, NULL, NULL, 0),
         futex(area + 4096, FUTEX_WAKE, 1, NULL, NULL, 0),
         futex((void *)0xfffff000, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
  printf("others: %d %d %d %d %d\n", futex(&one, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0),
         futex(&one, 99, 0, NULL, NULL, 0), futex(&one, FUTEX_FD, 0, NULL, NULL, 0),
         futex(&one, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0),
         futex(&one, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
  printf("requeue: %d %d %d %d\n", futex(&one, FUTEX_CMP_REQUEUE, 1, (void *)1, &two, 5),
         futex(&one, FUTEX_CMP_REQUEUE, -1, (void *)1, &two, 1),
         futex(&one, FUTEX_REQUEUE, 1, (void *)-1, &two, 0),
         futex(&one, FUTEX_CMP_REQUEUE, 1, (void *)1, &two, 1));
  printf("requeue to lock: %d %d %d\n", futex(&one, FUTEX_CMP_REQUEUE_PI, 2, (void *)1, &two, 1),
         futex(&one, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &one, 1),
         futex(&one, FUTEX_WAIT_REQUEUE_PI, 1, &brief, &one, 0));
  one = 10;
  printf("operation: %d", futex(&two, FUTEX_WAKE_OP, 1, (void *)1, &one, FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 10)));
  printf(" %d", one);
  futex(&two, FUTEX_WAKE_OP, 1, (void *)1, &one, FUTEX_OP(FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 8, FUTEX_OP_CMP_GT, 10));
  printf(" %d", one);
  futex(&two, FUTEX_WAKE_OP, 1, (void *)1, &one, FUTEX_OP(FUTEX_OP_ADD, -1, FUTEX_OP_CMP_LT, -1));
  printf(" %d", one);
  futex(&two, FUTEX_WAKE_OP, 1, (void *)1, &one, FUTEX_OP(FUTEX_OP_ANDN, 6, FUTEX_OP_CMP_NE, 0));
  printf(" %d", one);
  futex(&two, FUTEX_WAKE_OP, 1, (void *)1, &one, FUTEX_OP(FUTEX_OP_XOR, 255, FUTEX_OP_CMP_GE, 0));
  printf(" %d", one);
  futex(&two, FUTEX_WAKE_OP, 1, (void *)1, &one, FUTEX_OP(FUTEX_OP_SET, 3, FUTEX_OP_CMP_LE, 0));
  printf(" %d", one);
  printf(" %d", futex(&two, FUTEX_WAKE_OP, 1, (void *)1, &one, FUTEX_OP(7, 3, FUTEX_OP_CMP_LE, 0)));
  printf(" %d\n", futex(&two, FUTEX_WAKE_OP, 1, (void *)1, &one, FUTEX_OP(FUTEX_OP_SET, 4, 9, 0)));
}

static void locks(void) {
  int me = gettid();
  lock = 0;
  printf("take %d", futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
  printf(" mine %d again %d try %d", (int)lock == me, futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0),
         futex(&lock, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
  printf(" release %d free %d again %d\n", futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), lock == 0,
         futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
  lock = 0x3ffffff0;
  printf("nobody's %d", futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
  lock = FUTEX_OWNER_DIED;
  printf(" dead %d", futex(&lock, FUTEX_LOCK_PI2, 0, NULL, NULL, 0));
  printf(" word %x\n", (lock & ~FUTEX_TID_MASK) | ((int)(lock & FUTEX_TID_MASK) == me));
  printf("release %d\n", futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
}

/* Threads that wait, and say how they woke. */
static volatile int results[8], started;
struct waiter {
  volatile uint32_t *at, *then;
  int operation, index;
  unsigned value, third;
  const struct timespec *timeout;
};

static void *waits(void *argument) {
  struct waiter *w = argument;
  __sync_fetch_and_add(&started, 1);
  results[w->index] = futex(w->at, w->operation, w->value, w->timeout, w->then, w->third);
  return (void *)(intptr_t)gettid();
}

/* Until so many threads sleep: they have said that they are about to. */
static void settle(int count) {
  struct timespec some = {0, 100000000};
  while (started < count) sched_yield();
  nanosleep(&some, NULL);
}

static void woken(void) {
  pthread_t threads[6];
  struct waiter w[6];
  one = two = started = 0;
  for (int i = 0; i < 6; i++) {
    w[i] = (struct waiter){&one, NULL, FUTEX_WAIT_BITSET_PRIVATE, i, 0, i < 3 ? 1 : 2, NULL};
    pthread_create(&threads[i], NULL, waits, &w[i]);
    settle(i + 1);
  }
  printf("bits: %d", futex(&one, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 4));
  printf(" %d", futex(&one, FUTEX_WAKE_BITSET_PRIVATE, 2, NULL, NULL, 1));
  printf(" shared %d", futex(&one, FUTEX_WAKE, 10, NULL, NULL, 0));
  printf(" moved %d", futex(&one, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, &two, 0));
  printf(" there %d", futex(&two, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0));
  printf(" operation %d", futex(&two, FUTEX_WAKE_OP_PRIVATE, 5, (void *)5, &one, FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)));
  printf(" rest %d\n", futex(&one, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0));
  for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
  printf("results: %d %d %d %d %d %d\n", results[0], results[1], results[2], results[3], results[4], results[5]);
}

static void passedOn(void) {
  pthread_t threads[3];
  struct waiter w[3];
  one = started = 0;
  lock = 0;
  futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
  for (int i = 0; i < 3; i++) {
    w[i] = (struct waiter){&one, &lock, FUTEX_WAIT_REQUEUE_PI_PRIVATE, i, 0, 0, NULL};
    pthread_create(&threads[i], NULL, waits, &w[i]);
    settle(i + 1);
  }
  printf("plain wake %d", futex(&one, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
  printf(" plain requeue %d", futex(&one, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1, &two, 0));
  printf(" wrong lock %d", futex(&one, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)1, &two, 0));
  printf(" moved %d", futex(&one, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)10, &lock, 0));
  printf(" marked %d\n", lock >> 31);
  /* A thread that ends without letting go: the next one is told. */
  futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
  void *first, *second, *third;
  pthread_join(threads[0], &first);
  pthread_join(threads[1], &second);
  pthread_join(threads[2], &third);
  printf("results: %d %d %d", results[0], results[1], results[2]);
  printf(" word %x last's %d\n", lock & ~FUTEX_TID_MASK, (int)(lock & FUTEX_TID_MASK) == (int)(intptr_t)third);
  printf("nobody's %d\n", futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  /* Waits for a lock come to an end. */
  lock = 0;
  started = 0;
  futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
  w[0] = (struct waiter){&lock, NULL, FUTEX_LOCK_PI_PRIVATE, 0, 0, 0, &brief};
  pthread_create(&threads[0], NULL, waits, &w[0]);
  pthread_join(threads[0], NULL);
  printf("late %d, marked %d,", results[0], lock >> 31);
  printf(" release %d,", futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  printf(" word %d\n", lock);
}

static volatile uint32_t crossed[2];
static void *crosses(void *argument) {
  futex(&crossed[1], FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
  __sync_fetch_and_add(&started, 1);
  results[0] = futex(&crossed[0], FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
  futex(&crossed[0], FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
  futex(&crossed[1], FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
  return argument;
}

static void deadlock(void) {
  pthread_t thread;
  started = 0;
  futex(&crossed[0], FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
  pthread_create(&thread, NULL, crosses, NULL);
  settle(1);
  printf("deadlock %d", futex(&crossed[1], FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  futex(&crossed[0], FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
  pthread_join(thread, NULL);
  printf(" resolved %d\n", results[0]);
}

/* Files and shared memory, by different addresses. */
static void shared(void) {
  char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  volatile uint32_t *word = (void *)(memory + 4096 + 64);
  printf("private wait %d\n", futex(word, FUTEX_WAIT_PRIVATE, 0, &brief, NULL, 0));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    char *moved = mremap(memory, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, memory - 65536);
    word = (void *)(moved + 4096 + 64);
    __sync_fetch_and_add(&word[1], 1);
    int result = futex(word, FUTEX_WAIT, 0, NULL, NULL, 0);
    _exit(result == 0 && moved == memory - 65536 ? 7 : 8);
  }
  struct timespec some = {0, 100000000};
  while (word[1] == 0) sched_yield();
  nanosleep(&some, NULL);
  printf("private wake %d shared wake %d\n", futex(word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0),
         futex(word, FUTEX_WAKE, 1, NULL, NULL, 0));
  int status;
  waitpid(child, &status, 0);
  printf("child %d\n", WEXITSTATUS(status));
}

static void vector(void) {
  struct {
    uint64_t value, address;
    uint32_t flags, reserved;
  } v[2] = {{1, (uintptr_t)&one, 2, 0}, {2, (uintptr_t)&two, 2 | FUTEX_PRIVATE_FLAG, 0}};
  long long soon[2] = {0, 0};
  one = 1;
  two = 2;
  printf("vector %ld", syscall(449, v, 2, 0, soon, CLOCK_MONOTONIC));
  printf("/%d", errno);
  two = 3;
  printf(" %ld/%d", syscall(449, v, 2, 0, soon, CLOCK_MONOTONIC), errno);
  printf(" %ld/%d", syscall(449, v, 129, 0, NULL, 0), errno);
  printf(" %ld/%d", syscall(449, v, 2, 1, NULL, 0), errno);
  printf(" %ld/%d\n", syscall(449, v, 2, 0, soon, 7), errno);
}

static void lists(void) {
  void *head;
  size_t bytes;
  printf("list %ld", syscall(SYS_get_robust_list, 0, &head, &bytes));
  printf(" %d", (int)bytes);
  printf(" none %ld", syscall(SYS_get_robust_list, 999999, &head, &bytes));
  printf("/%d", errno);
  printf(" bad %ld", syscall(SYS_set_robust_list, head, 13));
  printf("/%d\n", errno);
}

int main(void) {
  setvbuf(stdout, NULL, _IOFBF, 65536);
  refused();
  locks();
  woken();
  passedOn();
  deadlock();
  shared();
  vector();
  lists();
  fflush(stdout);
  return 0;
}

/* Everything of POSIX threads at once; what is printed depends on no order of execution. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 200

static void check(const char *what, int is, int expected) {
  if (is != expected) printf("%s: %d, not %d\n", what, is, expected);
}

/* Mutexes. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counter;
static __thread long mine;

static void *count(void *argument) {
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&mutex);
    long now = counter;
    if (i % 16 == 0) sched_yield();
    counter = now + 1;
    mine++;
    pthread_mutex_unlock(&mutex);
  }
  return (void *)(mine + (long)argument);
}

static void mutexes(void) {
  pthread_t threads[THREADS];
  long sum = 0;
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, count, (void *)i);
  for (int i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  printf("mutex: %ld, threads' own %ld, the first's %ld\n", counter, sum, mine);

  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_t again;
  pthread_mutex_init(&again, &attributes);
  check("lock", pthread_mutex_lock(&again), 0);
  check("lock again", pthread_mutex_lock(&again), 0);
  check("unlock", pthread_mutex_unlock(&again), 0);
  check("unlock again", pthread_mutex_unlock(&again), 0);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&again, &attributes);
  pthread_mutex_lock(&again);
  printf("errorcheck: lock %d trylock %d", pthread_mutex_lock(&again),
         pthread_mutex_trylock(&again));
  pthread_mutex_unlock(&again);
  printf(" unlock %d\n", pthread_mutex_unlock(&again));
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 2000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  pthread_mutex_lock(&mutex);
  printf("timedlock: %d\n", pthread_mutex_timedlock(&mutex, &soon));
  pthread_mutex_unlock(&mutex);
}

/* Condition variables: a queue of four places. */
static pthread_mutex_t queueLock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t notEmpty = PTHREAD_COND_INITIALIZER, notFull = PTHREAD_COND_INITIALIZER;
static int queue[4], used, head;
static long consumed, items;

static void *produce(void *argument) {
  for (int i = 1; i <= ROUNDS; i++) {
    pthread_mutex_lock(&queueLock);
    while (used == 4) pthread_cond_wait(&notFull, &queueLock);
    queue[(head + used++) % 4] = i;
    pthread_cond_signal(&notEmpty);
    pthread_mutex_unlock(&queueLock);
  }
  return argument;
}

static void *consume(void *argument) {
  for (;;) {
    pthread_mutex_lock(&queueLock);
    while (used == 0) pthread_cond_wait(&notEmpty, &queueLock);
    int item = queue[head];
    head = (head + 1) % 4;
    used--;
    if (item > 0) consumed += item, items++;
    pthread_cond_signal(&notFull);
    pthread_mutex_unlock(&queueLock);
    if (item == 0) return argument;
  }
}

static void conditions(void) {
  pthread_t producers[4], consumers[4];
  for (int i = 0; i < 4; i++) {
    pthread_create(&producers[i], NULL, produce, NULL);
    pthread_create(&consumers[i], NULL, consume, NULL);
  }
  for (int i = 0; i < 4; i++) pthread_join(producers[i], NULL);
  for (int i = 0; i < 4; i++) {
    pthread_mutex_lock(&queueLock);
    while (used == 4) pthread_cond_wait(&notFull, &queueLock);
    queue[(head + used++) % 4] = 0;
    pthread_cond_broadcast(&notEmpty);
    pthread_mutex_unlock(&queueLock);
  }
  for (int i = 0; i < 4; i++) pthread_join(consumers[i], NULL);
  printf("conditions: %ld items, sum %ld\n", items, consumed);

  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_t never;
  pthread_cond_init(&never, &attributes);
  struct timespec soon;
  clock_gettime(CLOCK_MONOTONIC, &soon);
  soon.tv_nsec += 2000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  pthread_mutex_lock(&queueLock);
  printf("timedwait: %d\n", pthread_cond_timedwait(&never, &queueLock, &soon));
  pthread_mutex_unlock(&queueLock);
}

/* Barriers: nobody is a round ahead. */
static pthread_barrier_t barrier;
static int round_of[THREADS], ahead, serial;

static void *march(void *argument) {
  int me = (int)(intptr_t)argument;
  for (int i = 0; i < 50; i++) {
    round_of[me] = i;
    int last = pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
    for (int other = 0; other < THREADS; other++)
      if (round_of[other] != i) __sync_fetch_and_add(&ahead, 1);
    __sync_fetch_and_add(&serial, last);
    pthread_barrier_wait(&barrier);
  }
  return NULL;
}

static void barriers(void) {
  pthread_t threads[THREADS];
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (intptr_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, march, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  printf("barrier: %d out of step, %d serial\n", ahead, serial);
}

/* Readers and writers. */
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static int left, right, torn;

static void *readOrWrite(void *argument) {
  for (int i = 0; i < ROUNDS; i++) {
    if ((intptr_t)argument % 4 == 0) {
      pthread_rwlock_wrlock(&rwlock);
      left++;
      if (i % 32 == 0) sched_yield();
      right++;
    } else {
      pthread_rwlock_rdlock(&rwlock);
      if (left != right) __sync_fetch_and_add(&torn, 1);
    }
    pthread_rwlock_unlock(&rwlock);
  }
  return NULL;
}

static void readersAndWriters(void) {
  pthread_t threads[THREADS];
  for (intptr_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, readOrWrite, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  printf("rwlock: %d %d, %d torn\n", left, right, torn);
}

/* Keys, once, spin locks, semaphores. */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_spinlock_t spin;
static int destroyed, initialised, spun;
static sem_t semaphore, done;

static void destroy(void *value) { __sync_fetch_and_add(&destroyed, (int)(intptr_t)value); }
static void initialise(void) { initialised++; }

static void *useAll(void *argument) {
  pthread_once(&once, initialise);
  pthread_setspecific(key, argument);
  sem_wait(&semaphore);
  pthread_spin_lock(&spin);
  spun++;
  pthread_spin_unlock(&spin);
  sem_post(&done);
  return NULL;
}

static void keys(void) {
  pthread_key_create(&key, destroy);
  pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
  sem_init(&semaphore, 0, 0);
  sem_init(&done, 0, 0);
  pthread_t threads[THREADS];
  for (intptr_t i = 0; i < THREADS; i++) {
    if (i % 2) {
      pthread_create(&threads[i], NULL, useAll, (void *)(i + 1));
    } else {
      pthread_attr_t detached;
      pthread_attr_init(&detached);
      pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
      pthread_attr_setstacksize(&detached, 65536);
      pthread_create(&threads[i], &detached, useAll, NULL);
    }
  }
  for (int i = 0; i < THREADS; i++) sem_post(&semaphore);
  for (int i = 0; i < THREADS; i++) sem_wait(&done);
  for (int i = 1; i < THREADS; i += 2) pthread_join(threads[i], NULL);
  printf("once %d, spun %d, destroyed %d, trywait %d\n", initialised, spun, destroyed,
         sem_trywait(&semaphore) == 0 ? 0 : errno);
}

/* Cancellation. */
static int cleaned;
static volatile int never;
static sem_t ready;

static void clean(void *argument) { cleaned += (int)(intptr_t)argument; }

static void unlock(void *lock) { pthread_mutex_unlock(lock); }

static void *waitForEver(void *argument) {
  pthread_cleanup_push(clean, (void *)1);
  sem_post(&ready);
  pthread_mutex_lock(&queueLock);
  pthread_cleanup_push(unlock, &queueLock);
  pthread_cond_t nobody = PTHREAD_COND_INITIALIZER;
  while (!never) pthread_cond_wait(&nobody, &queueLock);
  pthread_cleanup_pop(1);
  pthread_cleanup_pop(0);
  return argument;
}

static void *sleepForEver(void *argument) {
  pthread_cleanup_push(clean, (void *)10);
  sem_post(&ready);
  while (!never) sleep(1000);
  pthread_cleanup_pop(0);
  return argument;
}

static void *spinForEver(void *argument) {
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  pthread_cleanup_push(clean, (void *)100);
  sem_post(&ready);
  while (!never) continue;
  pthread_cleanup_pop(0);
  return argument;
}

static void *leaveEarly(void *argument) {
  pthread_cleanup_push(clean, (void *)1000);
  pthread_exit(argument);
  pthread_cleanup_pop(0);
  return NULL;
}

static void cancellation(void) {
  void *(*bodies[])(void *) = {waitForEver, sleepForEver, spinForEver};
  sem_init(&ready, 0, 0);
  int cancelled = 0;
  for (int i = 0; i < 3; i++) {
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, bodies[i], NULL);
    sem_wait(&ready);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    cancelled += result == PTHREAD_CANCELED;
  }
  pthread_t thread;
  void *result;
  pthread_create(&thread, NULL, leaveEarly, (void *)77);
  pthread_join(thread, &result);
  printf("cancelled %d, cleaned %d, left early with %d, lock free %d\n", cancelled, cleaned,
         (int)(intptr_t)result, pthread_mutex_trylock(&queueLock) == 0);
  pthread_mutex_unlock(&queueLock);
}

/* Signals to threads. */
static __thread volatile int hits;
static volatile int wrong;
static sem_t armed;

static void hit(int signal) {
  hits++;
  (void)signal;
}

static void *target(void *argument) {
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, &old);
  sigdelset(&old, SIGUSR1);
  sem_post(&armed);
  while (!hits) sigsuspend(&old);
  if (hits != 1) wrong++;
  return argument;
}

static void signals(void) {
  signal(SIGUSR1, hit);
  sem_init(&armed, 0, 0);
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, target, NULL);
  for (int i = 0; i < THREADS; i++) sem_wait(&armed);
  for (int i = 0; i < THREADS; i++) pthread_kill(threads[i], SIGUSR1);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  printf("signals: %d wrong, %d for the first\n", wrong, hits);

  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  kill(getpid(), SIGUSR2);
  int got;
  printf("sigwait %d", sigwait(&set, &got));
  printf(" of %s\n", got == SIGUSR2 ? "SIGUSR2" : "another");
}

/* Locks that pass their waiter's priority on, and locks that outlive their owner. */
static pthread_mutex_t inherits;
static long inheritCounter;

static void *countInherits(void *argument) {
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&inherits);
    long now = inheritCounter;
    if (i % 8 == 0) sched_yield();
    inheritCounter = now + 1;
    pthread_mutex_unlock(&inherits);
  }
  return argument;
}

static void *dieWithLock(void *argument) {
  pthread_mutex_lock(argument);
  return NULL;
}

static void *waitForDead(void *argument) { return (void *)(intptr_t)pthread_mutex_lock(argument); }

static void protocols(void) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  check("protocol", pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT), 0);
  pthread_mutex_init(&inherits, &attributes);
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, countInherits, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  printf("inheriting: %ld\n", inheritCounter);

  for (int inherit = 0; inherit < 2; inherit++) {
    pthread_mutex_t robust;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (inherit) pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&robust, &attributes);
    pthread_t thread;
    pthread_create(&thread, NULL, dieWithLock, &robust);
    pthread_join(thread, NULL);
    int first = pthread_mutex_lock(&robust);
    int made = pthread_mutex_consistent(&robust);
    pthread_mutex_unlock(&robust);
    printf("robust: lock %s, consistent %d, lock %d\n", first == EOWNERDEAD ? "EOWNERDEAD" : "other",
           made, pthread_mutex_lock(&robust));
    void *result;
    pthread_create(&thread, NULL, waitForDead, &robust);
    usleep(2000);
    pthread_mutex_unlock(&robust);
    pthread_join(thread, &result);
    printf("robust: passed on %d", (int)(intptr_t)result);
    first = pthread_mutex_lock(&robust);
    pthread_mutex_unlock(&robust);
    printf(", then %s,", first == EOWNERDEAD ? "EOWNERDEAD" : "other");
    printf(" at last %s\n", pthread_mutex_lock(&robust) == ENOTRECOVERABLE ? "ENOTRECOVERABLE" : "other");
  }
}

/* The same between processes. */
struct shared {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  pthread_barrier_t barrier;
  sem_t semaphore;
  int turn, total;
};

static void processes(void) {
  struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t mutexes;
  pthread_condattr_t conditions;
  pthread_barrierattr_t barriers;
  pthread_mutexattr_init(&mutexes);
  pthread_mutexattr_setpshared(&mutexes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&mutexes, PTHREAD_MUTEX_ROBUST);
  pthread_condattr_init(&conditions);
  pthread_condattr_setpshared(&conditions, PTHREAD_PROCESS_SHARED);
  pthread_barrierattr_init(&barriers);
  pthread_barrierattr_setpshared(&barriers, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&shared->mutex, &mutexes);
  pthread_cond_init(&shared->condition, &conditions);
  pthread_barrier_init(&shared->barrier, &barriers, 3);
  sem_init(&shared->semaphore, 1, 0);
  fflush(stdout);
  for (int me = 0; me < 2; me++) {
    if (fork() == 0) {
      pthread_barrier_wait(&shared->barrier);
      for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&shared->mutex);
        while (shared->turn != me) pthread_cond_wait(&shared->condition, &shared->mutex);
        shared->total += me + 1;
        shared->turn = 1 - me;
        pthread_cond_broadcast(&shared->condition);
        pthread_mutex_unlock(&shared->mutex);
      }
      sem_post(&shared->semaphore);
      if (me == 1) {
        sem_wait(&shared->semaphore);
        sem_wait(&shared->semaphore);
        pthread_mutex_lock(&shared->mutex);
      }
      _exit(0);
    }
  }
  pthread_barrier_wait(&shared->barrier);
  while (wait(NULL) > 0) continue;
  int lock = pthread_mutex_lock(&shared->mutex);
  printf("processes: %d, lock %s\n", shared->total, lock == EOWNERDEAD ? "EOWNERDEAD" : "other");
  munmap(shared, sizeof *shared);
}

/* Many threads, and many one after the other. */
static void *nothing(void *argument) { return argument; }

static void many(void) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 65536);
  static pthread_t threads[100];
  int made = 0;
  for (int i = 0; i < 100; i++) made += pthread_create(&threads[i], &small, nothing, NULL) == 0;
  for (int i = 0; i < 100; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < 300; i++) {
    pthread_t thread;
    made += pthread_create(&thread, NULL, nothing, NULL) == 0;
    pthread_join(thread, NULL);
  }
  printf("many: %d\n", made);
}

int main(int argc, char **argv) {
  mutexes();
  conditions();
  barriers();
  readersAndWriters();
  keys();
  cancellation();
  signals();
  protocols();
  if (argc > 1) processes();
  many();
  (void)argv;
  pthread_exit(NULL);
}

/* Threads that fight for everything pthreads has; prints only what must come out. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 300 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static sem_t semaphore;
static __thread int local = 7;
static long counted, spun, read_wrong, written, onces, destroyed, cleaned, posted;
static int queue[4], in_queue, next_in, next_out;

static void start(pthread_t *threads, void *(*run)(void *)) {
  for (long i = 0; i < THREADS; i++) {
    int error = pthread_create(&threads[i], 0, run, (void *)i);
    if (error) printf("pthread_create: %s\n", strerror(error)), exit(1);
  }
}

static long join(pthread_t *threads) {
  long sum = 0;
  for (int i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  return sum;
}

static void do_once(void) { onces++; }
static void destroy(void *value) { __atomic_fetch_add(&destroyed, (long)value, __ATOMIC_SEQ_CST); }

static void *count(void *argument) {
  pthread_once(&once, do_once);
  pthread_setspecific(key, (void *)((long)argument + 1));
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&mutex);
    long seen = counted;
    if (i % 50 == 0) sched_yield();
    counted = seen + 1;
    pthread_mutex_unlock(&mutex);
    pthread_spin_lock(&spin);
    spun++;
    pthread_spin_unlock(&spin);
    local += i;
    errno = (int)(long)argument;
    if (i % 100 == 0) usleep(10);
    if (errno != (int)(long)argument && errno != EINTR) abort();
  }
  return (void *)(long)local;
}

static void *produce_or_consume(void *argument) {
  long id = (long)argument, sum = 0;
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&mutex);
    if (id % 2) {
      while (in_queue == 4) pthread_cond_wait(&emptied, &mutex);
      queue[next_in++ % 4] = i;
      in_queue++;
      pthread_cond_signal(&filled);
    } else {
      while (in_queue == 0) pthread_cond_wait(&filled, &mutex);
      sum += queue[next_out++ % 4];
      in_queue--;
      pthread_cond_broadcast(&emptied);
    }
    pthread_mutex_unlock(&mutex);
  }
  return (void *)sum;
}

static void *read_or_write(void *argument) {
  static long a, b;
  for (int i = 0; i < ROUNDS; i++) {
    if ((long)argument < 2) {
      pthread_rwlock_wrlock(&rwlock);
      a++;
      sched_yield();
      b++;
      written++;
      pthread_rwlock_unlock(&rwlock);
    } else {
      pthread_rwlock_rdlock(&rwlock);
      if (a != b) __atomic_fetch_add(&read_wrong, 1, __ATOMIC_SEQ_CST);
      pthread_rwlock_unlock(&rwlock);
    }
  }
  return 0;
}

static void *meet(void *argument) {
  long serial = 0;
  for (int i = 0; i < 20; i++) serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
  return (void *)serial;
}

static void clean(void *argument) { __atomic_fetch_add(&cleaned, 1, __ATOMIC_SEQ_CST); }

static void unlock(void *argument) { pthread_mutex_unlock(argument); }

static void *wait_forever(void *argument) {
  pthread_cleanup_push(clean, 0);
  if ((long)argument % 2) {
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    for (;;) pthread_cond_wait(&filled, &mutex);
    pthread_cleanup_pop(1);
  }
  for (;;) pause();
  pthread_cleanup_pop(1);
  return 0;
}

static void *post(void *argument) {
  sem_wait(&semaphore);
  __atomic_fetch_add(&posted, 1, __ATOMIC_SEQ_CST);
  sem_post(&semaphore);
  return 0;
}

static void *deep(void *argument) {
  volatile char room[60000];
  memset((void *)room, (int)(long)argument, sizeof room);
  free(malloc(100000));
  return (void *)(long)room[59999];
}

static sigset_t usr1;
static void *take_signal(void *argument) {
  int signal;
  sigwait(&usr1, &signal);
  return (void *)(long)(signal == SIGUSR1);
}

static volatile sig_atomic_t handled;
static void handle(int signal) { handled++; }

static void *end_early(void *argument) {
  if ((long)argument % 2) pthread_exit((void *)5);
  return (void *)6;
}

static void *hold_and_die(void *robust) {
  pthread_mutex_lock(robust);
  return 0;
}

/* Arguments of one call have no order, so each answer is printed by itself. */
static void say(const char *what, int answer) { printf(" %s %d", what, answer); }

static void kinds_of_mutexes(void) {
  pthread_mutexattr_t attributes;
  pthread_mutex_t m;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&m, &attributes);
  printf("recursive:");
  say("lock", pthread_mutex_lock(&m));
  say("again", pthread_mutex_lock(&m));
  say("unlock", pthread_mutex_unlock(&m));
  say("again", pthread_mutex_unlock(&m));
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&m, &attributes);
  printf("\nerror checking:");
  say("lock", pthread_mutex_lock(&m));
  say("deadlock", pthread_mutex_lock(&m) == EDEADLK);
  say("unlock", pthread_mutex_unlock(&m));
  say("not mine", pthread_mutex_unlock(&m) == EPERM);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_NORMAL);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&m, &attributes);
  pthread_t thread;
  pthread_create(&thread, 0, hold_and_die, &m);
  pthread_join(thread, 0);
  printf("\nrobust:");
  say("owner died", pthread_mutex_lock(&m) == EOWNERDEAD);
  say("consistent", pthread_mutex_consistent(&m));
  say("unlock", pthread_mutex_unlock(&m));
  say("lock", pthread_mutex_lock(&m));
  pthread_mutexattr_init(&attributes);
  printf("\n");
  if (pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0 && pthread_mutex_init(&m, &attributes) == 0) {
    printf("inheriting:");
    say("lock", pthread_mutex_lock(&m));
    say("busy", pthread_mutex_trylock(&m) == EBUSY);
    say("unlock", pthread_mutex_unlock(&m));
    say("try", pthread_mutex_trylock(&m));
    say("unlock", pthread_mutex_unlock(&m));
    printf("\n");
  }
}

static struct timespec soon(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  t.tv_nsec += 5000000;
  if (t.tv_nsec >= 1000000000) t.tv_nsec -= 1000000000, t.tv_sec++;
  return t;
}

int main(void) {
  pthread_t threads[THREADS];
  pthread_spin_init(&spin, 0);
  pthread_barrier_init(&barrier, 0, THREADS);
  pthread_key_create(&key, destroy);
  start(threads, count);
  long sum = join(threads);
  printf("counted %ld, spun %ld, once %ld, locals %ld, mine %d, destroyed %ld\n", counted, spun, onces, sum, local, destroyed);
  start(threads, produce_or_consume);
  sum = join(threads);
  printf("consumed %ld, left %d\n", sum, in_queue);
  start(threads, read_or_write);
  join(threads);
  printf("written %ld, torn %ld\n", written, read_wrong);
  start(threads, meet);
  printf("met %ld times\n", join(threads));
  start(threads, wait_forever);
  usleep(20000);
  int was_canceled = 0;
  for (int i = 0; i < THREADS; i++) pthread_cancel(threads[i]);
  for (int i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(threads[i], &result);
    was_canceled += result == PTHREAD_CANCELED;
  }
  printf("canceled %d, cleaned %ld\n", was_canceled, cleaned);
  sem_init(&semaphore, 0, 0);
  start(threads, post);
  usleep(1000);
  sem_post(&semaphore);
  join(threads);
  printf("posted %ld, semaphore %d\n", posted, sem_trywait(&semaphore));
  start(threads, deep);
  printf("deep %ld\n", join(threads));
  start(threads, end_early);
  printf("ended %ld\n", join(threads));
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, 0);
  start(threads, take_signal);
  for (int i = 0; i < THREADS; i++) pthread_kill(threads[i], SIGUSR1);
  printf("took %ld\n", join(threads));
  signal(SIGUSR2, handle);
  pthread_kill(pthread_self(), SIGUSR2);
  printf("handled %d\n", handled);
  kinds_of_mutexes();
  struct timespec t = soon(CLOCK_REALTIME);
  pthread_mutex_lock(&mutex);
  printf("timed out %d", pthread_cond_timedwait(&filled, &mutex, &t) == ETIMEDOUT);
  pthread_t other;
  t = soon(CLOCK_REALTIME);
  printf(" %d", pthread_mutex_timedlock(&mutex, &t) == ETIMEDOUT);
  pthread_mutex_unlock(&mutex);
  t = soon(CLOCK_REALTIME);
  printf(" %d\n", sem_timedwait(&semaphore, &t) == -1 && errno == ETIMEDOUT);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 65536 * 2);
  for (int i = 0; i < 100; i++) {
    int error = pthread_create(&other, &attributes, end_early, 0);
    if (error) printf("detached %d: %s\n", i, strerror(error));
    if (i % 10 == 0) usleep(100);
  }
  for (int i = 0; i < 200; i++) {
    void *result;
    pthread_create(&other, 0, end_early, (void *)(long)i);
    pthread_join(other, &result);
    if ((long)result != 6 - i % 2) printf("wrong result of thread %d\n", i);
  }
  printf("done\n");
  fflush(stdout);
  if (fork() == 0) {
    start(threads, count);
    printf("threads of a child: %ld\n", join(threads));
    fflush(stdout);
    pthread_create(&other, 0, wait_forever, 0);
    exit(3);
  }
  int status;
  wait(&status);
  printf("child %d\n", status >> 8);
  pthread_exit(0);
}

/* The sieve of Eratosthenes over a megabyte: byte stores with growing strides. */
#include "start.h"

#define SIZE (1u << 20)

static u8 composite[SIZE];

static u32 work(u32 rounds) {
  u32 primes = 0;
  for (u32 round = 0; round < rounds; round++) {
    memset(composite, 0, SIZE);
    for (u32 i = 2; i * i < SIZE; i++) {
      if (!composite[i]) {
        for (u32 j = i * i; j < SIZE; j += i) composite[j] = 1;
      }
    }
    for (u32 i = 2; i < SIZE; i++) primes += !composite[i];
  }
  return primes;
}

/* SHA-256 of 16 KiB again and again: shifts, rotations and logic, nearly all in registers. */
#include "start.h"

#define BYTES (16u << 10)

static u8 data[BYTES];
static u32 k[64];
static u32 state[8];

static inline u32 rotate(u32 x, int by) { return x >> by | x << (32 - by); }

/* The constants are the first 32 bits of the fractional parts of cube roots of primes; any odd
 * numbers do for a measurement. */
static void constants(void) {
  for (int i = 0; i < 64; i++) k[i] = next_random() | 1;
  for (int i = 0; i < 8; i++) state[i] = next_random();
}

static void block(const u8 *from) {
  u32 w[64];
  for (int i = 0; i < 16; i++) {
    w[i] = (u32)from[4 * i] << 24 | (u32)from[4 * i + 1] << 16 | (u32)from[4 * i + 2] << 8 |
           from[4 * i + 3];
  }
  for (int i = 16; i < 64; i++) {
    u32 s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    u32 s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  u32 a = state[0], b = state[1], c = state[2], d = state[3];
  u32 e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < 64; i++) {
    u32 t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
    u32 t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static u32 work(u32 rounds) {
  constants();
  for (u32 i = 0; i < BYTES; i++) data[i] = (u8)next_random();
  for (u32 round = 0; round < rounds; round++) {
    for (u32 at = 0; at < BYTES; at += 64) block(data + at);
  }
  return state[0] ^ state[7];
}

/* Integer matrices of 128 x 128: multiplications, and loads from rows and columns. */
#include "start.h"

#define N 128

static u32 a[N][N], b[N][N], c[N][N];

static u32 work(u32 rounds) {
  for (u32 i = 0; i < N; i++) {
    for (u32 j = 0; j < N; j++) {
      a[i][j] = next_random();
      b[i][j] = next_random();
    }
  }
  for (u32 round = 0; round < rounds; round++) {
    for (u32 i = 0; i < N; i++) {
      for (u32 j = 0; j < N; j++) {
        u32 sum = 0;
        for (u32 k = 0; k < N; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
      }
    }
    a[round % N][(round / N) % N] ^= c[N - 1][round % N];
  }
  u32 checksum = 0;
  for (u32 i = 0; i < N; i++) {
    for (u32 j = 0; j < N; j++) checksum = checksum * 31 + c[i][j];
  }
  return checksum;
}

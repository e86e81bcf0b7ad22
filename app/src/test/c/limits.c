/* All resource limits, as the program sees them. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>

int main(void) {
  for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
    struct rlimit64 limit;
    if (getrlimit64(resource, &limit)) return 1;
    printf("%d %llu %llu\n", resource, (unsigned long long)limit.rlim_cur,
           (unsigned long long)limit.rlim_max);
  }
  return 0;
}

/* Arithmetic whose last digits show the width of the registers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  double third = 1.0 / (argc + 2);
  long double pi = 4 * atanl(argc);
  printf("%a %.17g %.20Lf %La\n", third, third, pi, pi);
  printf("%e %g %.3f %5.1f|%-9.2e|\n", 12345.678, 1e-5, 2.0 / 3, -0.05, 1e300 * argc);
  printf("%Lf %Lg %f %f\n", powl(2, 0.5L * argc), expl(1) * 1e4900L, (double)NAN, -INFINITY);
  for (int i = 1; i < 8; i++)
    printf("%.17g %.17g %.17g %.17g\n", sin(i * argc), log(i * argc), sqrt(i * argc), pow(1.1, i));
  printf("%.17g %ld %lld\n", strtod("0.1", NULL) + strtod("0.2", NULL), lrint(2.5 * argc),
         llrint(-1e15 - 0.5));
  (void)argv;
  return argc == 1 ? 7 : 0;
}

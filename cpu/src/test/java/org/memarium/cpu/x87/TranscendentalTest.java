package org.memarium.cpu.x87;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigInteger;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BinaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Transcendental results are the correctly rounded ones, in all four directions. */
class TranscendentalTest {
  private static final int ROUNDS = 400;

  /** A function, the exponents of its arguments, and which register holds the result. */
  record Function(
      String name,
      int modrm,
      int lowestX,
      int highestX,
      int lowestY,
      int highestY,
      int result,
      BinaryOperator<BigInteger> plain) {

    boolean isLogarithm() {
      return modrm == 0xF1;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static List<Function> functions() {
    return List.of(
        new Function("fsin", 0xFE, -40, 62, 0, 0, 0, (x, y) -> PlainFunctions.sine(x)),
        new Function("fcos", 0xFF, -20, 62, 0, 0, 0, (x, y) -> PlainFunctions.cosine(x)),
        new Function("fptan", 0xF2, -40, 62, 0, 0, 1, (x, y) -> PlainFunctions.tangent(x)),
        new Function(
            "f2xm1", 0xF0, -50, -1, 0, 0, 0, (x, y) -> PlainFunctions.powerOfTwoMinusOne(x)),
        new Function("fyl2x", 0xF1, -60, 60, -40, 40, 0, PlainFunctions::timesLogarithm),
        new Function("fyl2x near one", 0xF1, -1, 0, -40, 40, 0, PlainFunctions::timesLogarithm),
        new Function("fyl2xp1", 0xF9, -50, -2, -40, 40, 0, PlainFunctions::timesLogarithmPlusOne),
        new Function("fpatan", 0xF3, -30, 30, -30, 30, 0, PlainFunctions::angle),
        new Function("fpatan near one", 0xF3, 0, 1, 0, 1, 0, PlainFunctions::angle));
  }

  @ParameterizedTest
  @MethodSource("functions")
  void resultIsCorrectlyRounded(Function function) {
    SplittableRandom random = new SplittableRandom(function.modrm);
    for (int i = 0; i < ROUNDS; i++) {
      int xse = 0x3FFF + random.nextInt(function.lowestX, function.highestX + 1);
      int yse = 0x3FFF + random.nextInt(function.lowestY, function.highestY + 1);
      if (!function.isLogarithm()) {
        xse |= random.nextInt(2) << 15;
      }
      yse |= random.nextInt(2) << 15;
      // Few bits now and then: near exact results rounding is most delicate.
      int zeros = random.nextInt(4) == 0 ? random.nextInt(40, 63) : 0;
      long xm = (random.nextLong() | 1L << 63) & -1L << zeros;
      long ym = (random.nextLong() | 1L << 63) & -1L << zeros;
      if (function.isLogarithm() && xm == 1L << 63) {
        // The logarithm is exact.
        continue;
      }
      BigInteger exact =
          function.plain.apply(PlainFunctions.number(xm, xse), PlainFunctions.number(ym, yse));
      for (int rounding = 0; rounding < 4; rounding++) {
        Fpu fpu = new Fpu();
        fpu.load(13, 0x037F | rounding << 10, 0);
        fpu.load(29, ym, yse);
        fpu.load(29, xm, xse);
        fpu.register(0xD9, function.modrm);
        if (function.result == 1) {
          fpu.register(0xDD, 0xD8);
        }
        boolean stored = fpu.store(31);
        assertEquals(
            PlainFunctions.round(exact, rounding),
            "%04x.%016x".formatted(fpu.storedHigh(), fpu.storedLow()),
            "%s of %04x.%016x, %04x.%016x, rounding %d"
                .formatted(function, xse, xm, yse, ym, rounding));
        assertEquals(true, stored);
      }
    }
  }
}

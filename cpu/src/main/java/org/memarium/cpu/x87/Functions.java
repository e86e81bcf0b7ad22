package org.memarium.cpu.x87;

/**
 * The instructions D9 E0 to D9 FF without an operand in their text: of ST(0), or of ST(0) and
 * ST(1).
 */
final class Functions {
  private final RegisterStack stack;
  private final Rounder rounder;
  private final Operand exponent = new Operand();
  private final Trigonometric trigonometric = new Trigonometric();
  private final Exponential exponential = new Exponential();
  private final Logarithm logarithm = new Logarithm();
  private final ArcTangent arcTangent = new ArcTangent();

  Functions(RegisterStack stack, Rounder rounder) {
    this.stack = stack;
    this.rounder = rounder;
  }

  /**
   * Runs one of them.
   *
   * @param modrm the second byte
   */
  void run(int modrm) {
    switch (modrm) {
      case 0xE0 -> setSign(true);
      case 0xE1 -> setSign(false);
      case 0xE4 -> test();
      case 0xE5 -> examine();
      case 0xF0, 0xFA, 0xFC -> unary(modrm);
      case 0xF1, 0xF3, 0xF9 -> binaryPop(modrm);
      case 0xF2, 0xF4, 0xFB -> twoResults(modrm);
      case 0xF5 -> remainder(true);
      case 0xF6 -> turn(-1);
      case 0xF7 -> turn(1);
      case 0xF8 -> remainder(false);
      case 0xFD -> scale();
      case 0xFE, 0xFF -> trigonometric(modrm);
      default -> throw new IllegalStateException("no x87 form: d9 %02x".formatted(modrm));
    }
  }

  /** FCHS, FABS: of any number, NaNs too. */
  private void setSign(boolean change) {
    int top = stack.top;
    if (stack.isEmpty(top)) {
      underflow();
      return;
    }
    stack.status &= ~StatusWord.C1;
    int signExponent = stack.signExponent[top];
    stack.signExponent[top] = change ? signExponent ^ Float80.SIGN : signExponent & ~Float80.SIGN;
  }

  private void underflow() {
    if (Outcome.stackUnderflow(stack)) {
      stack.setIndefinite(stack.top);
    }
  }

  /** FTST: compares with zero. */
  private void test() {
    int top = stack.top;
    boolean empty = stack.isEmpty(top);
    int relation = Compare.UNORDERED;
    if (!empty) {
      rounder.begin();
      relation =
          Compare.compare(rounder, stack.mantissa[top], stack.signExponent[top], 0, 0, false);
    }
    boolean _ = empty ? Outcome.stackUnderflow(stack) : Outcome.accept(stack, rounder);
    setConditions(relation);
  }

  /** FXAM. */
  private void examine() {
    int top = stack.top;
    setConditions(
        Compare.examine(stack.mantissa[top], stack.signExponent[top], stack.isEmpty(top)));
  }

  private void setConditions(int conditions) {
    stack.status = (stack.status & ~StatusWord.CONDITIONS) | conditions;
  }

  /** FINCSTP, FDECSTP: TOP alone changes. */
  private void turn(int by) {
    stack.top = stack.top + by & 7;
    stack.status &= ~StatusWord.C1;
  }

  /** ST(0) = f(ST(0)). */
  private void unary(int modrm) {
    int top = stack.top;
    if (stack.isEmpty(top)) {
      underflow();
      return;
    }
    long m = stack.mantissa[top];
    int se = stack.signExponent[top];
    rounder.begin();
    switch (modrm) {
      case 0xF0 -> exponential.powerMinusOne(rounder, m, se);
      case 0xFA -> SquareRoot.squareRoot(rounder, m, se);
      default -> Conversion.roundToInteger(rounder, m, se);
    }
    if (Outcome.accept(stack, rounder)) {
      stack.set(top, rounder.signExponent, rounder.mantissa);
    }
  }

  /** FSCALE. */
  private void scale() {
    int top = stack.top;
    int other = stack.physical(1);
    if (stack.isEmpty(top) || stack.isEmpty(other)) {
      underflow();
      return;
    }
    rounder.begin();
    Scale.scale(
        rounder,
        stack.mantissa[top],
        stack.signExponent[top],
        stack.mantissa[other],
        stack.signExponent[other]);
    if (Outcome.accept(stack, rounder)) {
      stack.set(top, rounder.signExponent, rounder.mantissa);
    }
  }

  /** FPREM, FPREM1. Without a result, C2 says "complete" and the quotient's bits stay. */
  private void remainder(boolean toNearest) {
    int top = stack.top;
    int other = stack.physical(1);
    stack.status &= ~StatusWord.C2;
    if (stack.isEmpty(top) || stack.isEmpty(other)) {
      underflow();
      return;
    }
    rounder.begin();
    int conditions =
        Remainder.remainder(
            rounder,
            stack.mantissa[top],
            stack.signExponent[top],
            stack.mantissa[other],
            stack.signExponent[other],
            toNearest);
    if (Outcome.accept(stack, rounder)) {
      stack.set(top, rounder.signExponent, rounder.mantissa);
      if (conditions != Remainder.NO_QUOTIENT) {
        setConditions(conditions);
      }
    }
  }

  /** FSIN, FCOS: C2 says that the angle is too large, and nothing else changes. */
  private void trigonometric(int modrm) {
    int top = stack.top;
    stack.status &= ~StatusWord.C2;
    if (stack.isEmpty(top)) {
      underflow();
      return;
    }
    long m = stack.mantissa[top];
    int se = stack.signExponent[top];
    if (Trigonometric.isTooLarge(m, se)) {
      setTooLarge();
      return;
    }
    rounder.begin();
    if (modrm == 0xFE) {
      trigonometric.sine(rounder, m, se);
    } else {
      trigonometric.cosine(rounder, m, se);
    }
    if (Outcome.accept(stack, rounder)) {
      stack.set(top, rounder.signExponent, rounder.mantissa);
    }
  }

  private void setTooLarge() {
    stack.status = (stack.status & ~StatusWord.C1) | StatusWord.C2;
  }

  /** ST(1) = f(ST(0), ST(1)), and pop: FYL2X, FPATAN, FYL2XP1. */
  private void binaryPop(int modrm) {
    int top = stack.top;
    int other = stack.physical(1);
    if (stack.isEmpty(top) || stack.isEmpty(other)) {
      if (Outcome.stackUnderflow(stack)) {
        stack.setIndefinite(other);
        stack.pop();
      }
      return;
    }
    long xm = stack.mantissa[top];
    int xse = stack.signExponent[top];
    long ym = stack.mantissa[other];
    int yse = stack.signExponent[other];
    rounder.begin();
    switch (modrm) {
      case 0xF1 -> logarithm.logarithm(rounder, xm, xse, ym, yse);
      case 0xF3 -> arcTangent.angle(rounder, xm, xse, ym, yse);
      default -> logarithm.logarithmPlusOne(rounder, xm, xse, ym, yse);
    }
    if (Outcome.accept(stack, rounder)) {
      stack.set(other, rounder.signExponent, rounder.mantissa);
      stack.pop();
    }
  }

  /** ST(0) = f(ST(0)), and push a second result: FPTAN, FXTRACT, FSINCOS. */
  private void twoResults(int modrm) {
    int top = stack.top;
    boolean angle = modrm != 0xF4;
    if (angle) {
      stack.status &= ~StatusWord.C2;
    }
    boolean empty = stack.isEmpty(top);
    if (empty || !stack.isEmpty(stack.physical(-1))) {
      if (empty ? Outcome.stackUnderflow(stack) : Outcome.stackOverflow(stack)) {
        twoIndefinites();
      }
      return;
    }
    if (angle && Trigonometric.isTooLarge(stack.mantissa[top], stack.signExponent[top])) {
      setTooLarge();
      return;
    }
    rounder.begin();
    switch (modrm) {
      case 0xF2 -> tangent();
      case 0xF4 -> extract();
      default -> sineAndCosine();
    }
  }

  /** FPTAN: the tangent, and 1, so that a division makes the cotangent of it. */
  private void tangent() {
    int top = stack.top;
    trigonometric.tangent(rounder, stack.mantissa[top], stack.signExponent[top]);
    if (Outcome.accept(stack, rounder)) {
      stack.set(top, rounder.signExponent, rounder.mantissa);
      if (Float80.isNaN(rounder.mantissa, rounder.signExponent)) {
        stack.push(rounder.signExponent, rounder.mantissa);
      } else {
        stack.push(Float80.BIAS, Float80.INTEGER_BIT);
      }
    }
  }

  /** FSINCOS. */
  private void sineAndCosine() {
    int top = stack.top;
    long m = stack.mantissa[top];
    int se = stack.signExponent[top];
    trigonometric.sine(rounder, m, se);
    long sineMantissa = rounder.mantissa;
    int sineSignExponent = rounder.signExponent;
    boolean sineRoundedUp = rounder.roundedUp;
    trigonometric.cosine(rounder, m, se);
    rounder.roundedUp = sineRoundedUp;
    if (Outcome.accept(stack, rounder)) {
      stack.set(top, sineSignExponent, sineMantissa);
      stack.push(rounder.signExponent, rounder.mantissa);
    }
  }

  private void twoIndefinites() {
    stack.setIndefinite(stack.top);
    stack.push(Float80.INDEFINITE_SIGN_EXPONENT, Float80.INDEFINITE_MANTISSA);
  }

  /** FXTRACT: the exponent without bias, and the mantissa between 1 and 2. */
  private void extract() {
    long m = stack.mantissa[stack.top];
    int se = stack.signExponent[stack.top];
    int sign = se & Float80.SIGN;
    int significand = sign | Float80.BIAS;
    if (rounder.answersNaN(m, se)) {
      significand = rounder.signExponent;
      m = rounder.mantissa;
    } else if (Float80.isInfinity(m, se)) {
      rounder.setInfinity(0);
      significand = se;
    } else if (m == 0) {
      rounder.zeroDivide(Float80.SIGN);
      significand = sign;
    } else {
      rounder.noteDenormal(m, se);
      int shift = Long.numberOfLeadingZeros(m);
      m <<= shift;
      exponent.setInteger(Math.max(se & Float80.EXPONENT, 1) - shift - Float80.BIAS);
      rounder.set(exponent.signExponent, exponent.mantissa);
    }
    if (Outcome.accept(stack, rounder)) {
      stack.set(stack.top, rounder.signExponent, rounder.mantissa);
      stack.push(significand, m);
    }
  }
}

package org.memarium.cpu.x87;

/** The instructions that move numbers: between registers, from memory, to memory. */
final class Moves {
  /** What a store writes: the first eight bytes, or all of a shorter operand. */
  long low;

  /** Bytes 8 and 9 of what a store writes. */
  int high;

  private final RegisterStack stack;
  private final Rounder rounder;

  Moves(RegisterStack stack, Rounder rounder) {
    this.stack = stack;
    this.rounder = rounder;
  }

  /** FLD ST(i). */
  void load(int i) {
    int source = stack.physical(i);
    if (stack.isEmpty(source)) {
      if (Outcome.stackUnderflow(stack)) {
        stack.push(Float80.INDEFINITE_SIGN_EXPONENT, Float80.INDEFINITE_MANTISSA);
      }
      return;
    }
    push(stack.signExponent[source], stack.mantissa[source]);
  }

  /** FLD1 to FLDZ. */
  void loadConstant(int number) {
    Constants.load(rounder, number);
    push(rounder.signExponent, rounder.mantissa);
  }

  /** FLD m80: whatever it is. */
  void loadExtended(Operand operand) {
    push(operand.signExponent, operand.mantissa);
  }

  /**
   * FLD, FILD and FBLD: a signaling NaN and a denormal number are noticed. An unmasked DE does not
   * keep processors from pushing the number.
   */
  void load(Operand operand) {
    if (!stack.isEmpty(stack.physical(-1))) {
      push(0, 0);
      return;
    }
    rounder.begin();
    if (operand.denormal) {
      rounder.raised = StatusWord.DENORMAL;
    } else if (rounder.answersNaN(operand.mantissa, operand.signExponent)) {
      operand.mantissa = rounder.mantissa;
    }
    if (Outcome.accept(stack, rounder) || operand.denormal) {
      stack.push(operand.signExponent, operand.mantissa);
    }
  }

  private void push(int signExponent, long mantissa) {
    if (stack.isEmpty(stack.physical(-1))) {
      stack.status &= ~StatusWord.C1;
      stack.push(signExponent, mantissa);
    } else if (Outcome.stackOverflow(stack)) {
      stack.push(Float80.INDEFINITE_SIGN_EXPONENT, Float80.INDEFINITE_MANTISSA);
    }
  }

  /** FXCH: empty registers count as the default NaN. */
  void exchange(int i) {
    int top = stack.top;
    int other = stack.physical(i);
    if (stack.isEmpty(top) || stack.isEmpty(other)) {
      if (!Outcome.stackUnderflow(stack)) {
        return;
      }
      fillIfEmpty(top);
      fillIfEmpty(other);
    } else {
      stack.status &= ~StatusWord.C1;
    }
    long mantissa = stack.mantissa[top];
    int signExponent = stack.signExponent[top];
    stack.set(top, stack.signExponent[other], stack.mantissa[other]);
    stack.set(other, signExponent, mantissa);
  }

  private void fillIfEmpty(int physical) {
    if (stack.isEmpty(physical)) {
      stack.setIndefinite(physical);
    }
  }

  /** FCMOVcc. */
  void move(int i, boolean condition) {
    int top = stack.top;
    int source = stack.physical(i);
    if (stack.isEmpty(top) || stack.isEmpty(source)) {
      if (Outcome.stackUnderflow(stack)) {
        stack.setIndefinite(top);
      }
      return;
    }
    if (condition) {
      stack.set(top, stack.signExponent[source], stack.mantissa[source]);
    }
  }

  /** FFREE, and its undocumented relative that pops. */
  void free(int i, boolean pops) {
    stack.occupied &= ~(1 << stack.physical(i));
    stack.status &= ~StatusWord.C1;
    if (pops) {
      stack.pop();
    }
  }

  /** FST ST(i). */
  void store(int i, boolean pops) {
    int top = stack.top;
    int target = stack.physical(i);
    if (stack.isEmpty(top)) {
      if (!Outcome.stackUnderflow(stack)) {
        return;
      }
      stack.setIndefinite(target);
    } else {
      stack.status &= ~StatusWord.C1;
      stack.set(target, stack.signExponent[top], stack.mantissa[top]);
    }
    if (pops) {
      stack.pop();
    }
  }

  /** The undocumented FSTP that minds no empty register. */
  void storeUnchecked(int i) {
    int top = stack.top;
    if (!stack.isEmpty(top)) {
      stack.set(stack.physical(i), stack.signExponent[top], stack.mantissa[top]);
    }
    stack.status &= ~StatusWord.C1;
    stack.pop();
  }

  /** FNSTCW, FNSTSW. */
  boolean storeWord(int word) {
    low = word;
    return true;
  }

  /** FSTP m80. */
  boolean storeExtended() {
    int top = stack.top;
    if (stack.isEmpty(top)) {
      return storeIndefinite(Float80.INDEFINITE_MANTISSA, Float80.INDEFINITE_SIGN_EXPONENT, true);
    }
    stack.status &= ~StatusWord.C1;
    low = stack.mantissa[top];
    high = stack.signExponent[top];
    stack.pop();
    return true;
  }

  /** FST m32. */
  boolean storeFloat(boolean pops) {
    if (stack.isEmpty(stack.top)) {
      return storeIndefinite(0xFFC00000L, 0, pops);
    }
    rounder.begin();
    Conversion.toFloat(rounder, stack.mantissa[stack.top], stack.signExponent[stack.top]);
    return finish(pops);
  }

  /** FST m64. */
  boolean storeDouble(boolean pops) {
    if (stack.isEmpty(stack.top)) {
      return storeIndefinite(0xFFF80000_00000000L, 0, pops);
    }
    rounder.begin();
    Conversion.toDouble(rounder, stack.mantissa[stack.top], stack.signExponent[stack.top]);
    return finish(pops);
  }

  /** FIST. */
  boolean storeInteger(int bits, boolean pops) {
    if (stack.isEmpty(stack.top)) {
      return storeIndefinite(-1L << (bits - 1), 0, pops);
    }
    rounder.begin();
    Conversion.toInteger(rounder, stack.mantissa[stack.top], stack.signExponent[stack.top], bits);
    return finish(pops);
  }

  /** FBSTP. */
  boolean storeDecimal() {
    if (stack.isEmpty(stack.top)) {
      return storeIndefinite(Decimal.INDEFINITE_LOW, Decimal.INDEFINITE_HIGH, true);
    }
    rounder.begin();
    Decimal.toDecimal(rounder, stack.mantissa[stack.top], stack.signExponent[stack.top]);
    high = rounder.signExponent;
    return finish(true);
  }

  private boolean finish(boolean pops) {
    if (!Outcome.acceptStore(stack, rounder)) {
      return false;
    }
    low = rounder.mantissa;
    if (pops) {
      stack.pop();
    }
    return true;
  }

  private boolean storeIndefinite(long indefiniteLow, int indefiniteHigh, boolean pops) {
    if (!Outcome.stackUnderflow(stack)) {
      return false;
    }
    low = indefiniteLow;
    high = indefiniteHigh;
    if (pops) {
      stack.pop();
    }
    return true;
  }
}

package org.memarium.cpu.x87;

/**
 * The instructions with two operands and one result: add, multiply, subtract, divide, and the
 * comparisons. One operand is ST(0), the other a register or memory.
 */
final class Arithmetic {
  private static final int CARRY_FLAG = 0x01;
  private static final int PARITY_FLAG = 0x04;
  private static final int ZERO_FLAG = 0x40;

  /** What the last comparison said of EFLAGS: ZF, PF and CF in their places. */
  int comparisonFlags;

  private final RegisterStack stack;
  private final Rounder rounder;
  private final Operand operand;

  Arithmetic(RegisterStack stack, Rounder rounder, Operand operand) {
    this.stack = stack;
    this.rounder = rounder;
    this.operand = operand;
  }

  /**
   * ST(destination) = ST(0) op ST(i).
   *
   * @param digit bits 3 to 5 of modrm: the operation
   * @param destination 0 or i
   */
  void registers(int digit, int i, int destination, boolean pops) {
    int source = stack.physical(i);
    int target = stack.physical(destination);
    if (stack.isEmpty(stack.top) || stack.isEmpty(source)) {
      if (Outcome.stackUnderflow(stack)) {
        stack.setIndefinite(target);
        if (pops) {
          stack.pop();
        }
      }
      return;
    }
    compute(digit, stack.mantissa[source], stack.signExponent[source]);
    if (Outcome.accept(stack, rounder)) {
      stack.set(target, rounder.signExponent, rounder.mantissa);
      if (pops) {
        stack.pop();
      }
    }
  }

  /**
   * ST(0) = ST(0) op memory, or a comparison of the two.
   *
   * @param digit the reg field of modrm
   */
  void memory(int digit) {
    int top = stack.top;
    if (digit == 2 || digit == 3) {
      boolean empty = stack.isEmpty(top);
      int relation =
          empty ? Compare.UNORDERED : relation(operand.mantissa, operand.signExponent, false);
      if (!empty) {
        noteDenormalOperand();
      }
      finishCompare(empty, relation, digit - 2);
      return;
    }
    if (stack.isEmpty(top)) {
      if (Outcome.stackUnderflow(stack)) {
        stack.setIndefinite(top);
      }
      return;
    }
    compute(digit, operand.mantissa, operand.signExponent);
    noteDenormalOperand();
    if (Outcome.accept(stack, rounder)) {
      stack.set(top, rounder.signExponent, rounder.mantissa);
    }
  }

  /**
   * DE for an operand that was denormal before it was widened, unless something else goes first.
   */
  private void noteDenormalOperand() {
    if (operand.denormal
        && (rounder.raised & (StatusWord.INVALID | StatusWord.ZERO_DIVIDE)) == 0
        && !Float80.isNaN(stack.mantissa[stack.top], stack.signExponent[stack.top])) {
      rounder.raised |= StatusWord.DENORMAL;
    }
  }

  private void compute(int digit, long bm, int bse) {
    long am = stack.mantissa[stack.top];
    int ase = stack.signExponent[stack.top];
    rounder.begin();
    switch (digit) {
      case 0 -> AddSubtract.add(rounder, am, ase, bm, bse);
      case 1 -> Multiply.multiply(rounder, am, ase, bm, bse);
      case 4 -> AddSubtract.subtract(rounder, am, ase, bm, bse);
      case 5 -> AddSubtract.subtract(rounder, bm, bse, am, ase);
      case 6 -> Divide.divide(rounder, am, ase, bm, bse);
      default -> Divide.divide(rounder, bm, bse, am, ase);
    }
  }

  /** FCOM, FUCOM: ST(0) with ST(i), into the condition codes. */
  void compare(int i, int pops, boolean quiet) {
    boolean empty = isEitherEmpty(i);
    finishCompare(empty, empty ? Compare.UNORDERED : relation(i, quiet), pops);
  }

  private boolean isEitherEmpty(int i) {
    return stack.isEmpty(stack.top) || stack.isEmpty(stack.physical(i));
  }

  private int relation(int i, boolean quiet) {
    int other = stack.physical(i);
    return relation(stack.mantissa[other], stack.signExponent[other], quiet);
  }

  private int relation(long bm, int bse, boolean quiet) {
    int top = stack.top;
    rounder.begin();
    return Compare.compare(rounder, stack.mantissa[top], stack.signExponent[top], bm, bse, quiet);
  }

  /** Condition codes are set whatever happens; an unmasked exception prevents but the popping. */
  private void finishCompare(boolean empty, int relation, int pops) {
    boolean accepted = empty ? Outcome.stackUnderflow(stack) : Outcome.accept(stack, rounder);
    stack.status = (stack.status & ~StatusWord.CONDITIONS) | relation;
    if (accepted) {
      for (int i = 0; i < pops; i++) {
        stack.pop();
      }
    }
  }

  /** FCOMI, FUCOMI: ST(0) with ST(i), into EFLAGS; C1 stays unless there is a stack fault. */
  void compareToFlags(int i, boolean pops, boolean quiet) {
    boolean empty = isEitherEmpty(i);
    int relation = empty ? Compare.UNORDERED : relation(i, quiet);
    int c1 = empty ? 0 : stack.status & StatusWord.C1;
    boolean accepted = empty ? Outcome.stackUnderflow(stack) : Outcome.accept(stack, rounder);
    stack.status |= c1;
    comparisonFlags =
        switch (relation) {
          case Compare.GREATER -> 0;
          case Compare.LESS -> CARRY_FLAG;
          case Compare.EQUAL -> ZERO_FLAG;
          default -> ZERO_FLAG | PARITY_FLAG | CARRY_FLAG;
        };
    if (accepted && pops) {
      stack.pop();
    }
  }
}

package org.memarium.cpu;

import org.memarium.hardware.ProcessorException;

/** Multiplication, division, sign extension into EDX, and the decimal adjustments. */
final class Multiplication {
  private Multiplication() {}

  static void execute(Core c, Instruction i) {
    switch (i.operation()) {
      case MUL -> multiply(c, i, false);
      case IMUL -> multiply(c, i, true);
      case IMUL_LOW -> multiplyLow(c, i);
      case DIV -> divide(c, i);
      case IDIV -> divideSigned(c, i);
      case CBW ->
          c.setRegister(
              Cpu.EAX,
              0,
              i.operandBytes,
              i.operandBytes == 2 ? (byte) c.r[Cpu.EAX] : (short) c.r[Cpu.EAX]);
      case CWD -> {
        int sign = Core.signExtend(c.r[Cpu.EAX], i.operandBytes) < 0 ? -1 : 0;
        c.setRegister(Cpu.EDX, 0, i.operandBytes, sign);
      }
      case DAA -> decimalAdjust(c, false);
      case DAS -> decimalAdjust(c, true);
      case AAA -> asciiAdjust(c, 1);
      case AAS -> asciiAdjust(c, -1);
      case AAM -> {
        if (i.immediate == 0) {
          throw ProcessorException.of(ProcessorException.DIVIDE_ERROR);
        }
        int al = c.r[Cpu.EAX] & 0xff;
        int low = al % i.immediate;
        c.setRegister(Cpu.EAX, 0, 2, (al / i.immediate) << 8 | low);
        c.logic(low, 1);
      }
      case AAD -> {
        int ax = c.r[Cpu.EAX] & 0xffff;
        int low = ((ax & 0xff) + (ax >>> 8) * i.immediate) & 0xff;
        c.setRegister(Cpu.EAX, 0, 2, low);
        c.logic(low, 1);
      }
      default -> throw new IllegalStateException(i.form.toString());
    }
  }

  private static void multiply(Core c, Instruction i, boolean signed) {
    int factor = c.destination(i);
    int accumulator = c.register(Cpu.EAX, 0, i.size);
    int bits = 8 * i.size;
    long product =
        signed
            ? (long) Core.signExtend(factor, i.size) * Core.signExtend(accumulator, i.size)
            : (factor & 0xffff_ffffL) * (accumulator & 0xffff_ffffL);
    int low = (int) product & Core.mask(i.size);
    boolean overflow = signed ? product != Core.signExtend(low, i.size) : product >>> bits != 0;
    if (i.size == 1) {
      c.setRegister(Cpu.EAX, 0, 2, (int) product);
    } else {
      c.setRegister(Cpu.EAX, 0, i.size, low);
      c.setRegister(Cpu.EDX, 0, i.size, (int) (product >> bits));
    }
    c.setCarryOverflowAdjust(overflow, overflow, c.adjust());
  }

  private static void multiplyLow(Core c, Instruction i) {
    boolean three = i.form.operands().size() == 3;
    int x = Core.signExtend(c.source(i), i.size);
    int y = Core.signExtend(three ? i.immediate : c.register(i.a, 0, i.size), i.size);
    long product = (long) x * y;
    int low = (int) product;
    boolean overflow = product != Core.signExtend(low, i.size);
    c.setRegister(i.a, 0, i.size, low);
    c.setCarryOverflowAdjust(overflow, overflow, c.adjust());
  }

  /** The low 32 bits of a signed product. */
  static int multiplyLow(Core c, int x, int y) {
    long product = (long) x * y;
    int low = (int) product;
    boolean overflow = product != low;
    c.setCarryOverflowAdjust(overflow, overflow, c.adjust());
    return low;
  }

  /** EDX:EAX = EAX * factor, unsigned. */
  static void multiplyUnsigned(Core c, int factor) {
    long product = (factor & 0xffff_ffffL) * (c.r[Cpu.EAX] & 0xffff_ffffL);
    c.r[Cpu.EAX] = (int) product;
    c.r[Cpu.EDX] = (int) (product >>> 32);
    boolean overflow = product >>> 32 != 0;
    c.setCarryOverflowAdjust(overflow, overflow, c.adjust());
  }

  private static void divide(Core c, Instruction i) {
    long divisor = c.destination(i) & 0xffff_ffffL;
    if (divisor == 0) {
      throw ProcessorException.of(ProcessorException.DIVIDE_ERROR);
    }
    long dividend = dividend(c, i.size);
    long quotient = Long.divideUnsigned(dividend, divisor);
    long remainder = Long.remainderUnsigned(dividend, divisor);
    if (Long.compareUnsigned(quotient, Core.mask(i.size) & 0xffff_ffffL) > 0) {
      throw ProcessorException.of(ProcessorException.DIVIDE_ERROR);
    }
    setQuotient(c, i.size, (int) quotient, (int) remainder);
  }

  private static void divideSigned(Core c, Instruction i) {
    long divisor = Core.signExtend(c.destination(i), i.size);
    long dividend = dividend(c, i.size);
    int bits = 16 * i.size;
    dividend = dividend << (64 - bits) >> (64 - bits);
    if (divisor == 0 || (dividend == Long.MIN_VALUE && divisor == -1)) {
      throw ProcessorException.of(ProcessorException.DIVIDE_ERROR);
    }
    long quotient = dividend / divisor;
    if (quotient != Core.signExtend((int) quotient, i.size)) {
      throw ProcessorException.of(ProcessorException.DIVIDE_ERROR);
    }
    setQuotient(c, i.size, (int) quotient, (int) (dividend % divisor));
  }

  /** AX, DX:AX or EDX:EAX. */
  private static long dividend(Core c, int size) {
    return switch (size) {
      case 1 -> c.r[Cpu.EAX] & 0xffff;
      case 2 -> (c.r[Cpu.EDX] & 0xffffL) << 16 | (c.r[Cpu.EAX] & 0xffff);
      default -> (long) c.r[Cpu.EDX] << 32 | (c.r[Cpu.EAX] & 0xffff_ffffL);
    };
  }

  private static void setQuotient(Core c, int size, int quotient, int remainder) {
    if (size == 1) {
      c.setRegister(Cpu.EAX, 0, 2, (remainder & 0xff) << 8 | (quotient & 0xff));
    } else {
      c.setRegister(Cpu.EAX, 0, size, quotient);
      c.setRegister(Cpu.EDX, 0, size, remainder);
    }
  }

  private static void decimalAdjust(Core c, boolean subtract) {
    int al = c.r[Cpu.EAX] & 0xff;
    boolean carry = c.carry();
    boolean low = (al & 0xf) > 9 || c.adjust();
    boolean high = al > 0x99 || carry;
    int after = al;
    boolean carryOut = false;
    if (low) {
      after = subtract ? after - 6 : after + 6;
      carryOut = carry || (subtract && al < 6);
    }
    if (high) {
      after = subtract ? after - 0x60 : after + 0x60;
      carryOut = true;
    }
    c.setRegister(Cpu.EAX, 0, 1, after);
    c.result = (byte) after;
    c.setCarryOverflowAdjust(carryOut, false, low);
  }

  private static void asciiAdjust(Core c, int direction) {
    int ax = c.r[Cpu.EAX];
    boolean adjust = (ax & 0xf) > 9 || c.adjust();
    int after = adjust ? ax + 0x106 * direction : ax;
    c.setRegister(Cpu.EAX, 0, 2, after & 0xff0f);
    c.result = (byte) (after & 0xf);
    c.setCarryOverflowAdjust(adjust, false, adjust);
  }
}

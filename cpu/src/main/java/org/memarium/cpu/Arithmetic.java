package org.memarium.cpu;

/** Addition, subtraction, logic and compare-and-exchange, in all sizes and operand kinds. */
final class Arithmetic {
  private Arithmetic() {}

  static void execute(Core c, Instruction i) {
    int size = i.size;
    switch (i.operation()) {
      case ADD -> {
        int source = c.source(i);
        c.finish(i, c.add(c.modify(i), source, 0, size));
      }
      case ADC -> {
        int source = c.source(i);
        c.finish(i, c.add(c.modify(i), source, c.carry() ? 1 : 0, size));
      }
      case SUB -> {
        int source = c.source(i);
        c.finish(i, c.subtract(c.modify(i), source, 0, size));
      }
      case SBB -> {
        int source = c.source(i);
        c.finish(i, c.subtract(c.modify(i), source, c.carry() ? 1 : 0, size));
      }
      case AND -> {
        int source = c.source(i);
        c.finish(i, c.logic(c.modify(i) & source, size));
      }
      case OR -> {
        int source = c.source(i);
        c.finish(i, c.logic(c.modify(i) | source, size));
      }
      case XOR -> {
        int source = c.source(i);
        c.finish(i, c.logic(c.modify(i) ^ source, size));
      }
      case CMP -> {
        int source = c.source(i);
        c.subtract(c.destination(i), source, 0, size);
      }
      case TEST -> {
        int source = c.source(i);
        c.logic(c.destination(i) & source, size);
      }
      case INC -> {
        int before = c.modify(i);
        boolean carry = c.carry();
        int after = c.add(before, 1, 0, size);
        c.setCarry(carry);
        c.finish(i, after);
      }
      case DEC -> {
        int before = c.modify(i);
        boolean carry = c.carry();
        int after = c.subtract(before, 1, 0, size);
        c.setCarry(carry);
        c.finish(i, after);
      }
      case NOT -> c.finish(i, ~c.modify(i));
      case NEG -> c.finish(i, c.subtract(0, c.modify(i), 0, size));
      case XADD -> {
        int before = c.modify(i);
        int sum = c.add(before, c.register(i.b, i.bShift, size), 0, size);
        // The register first: XADD of a register with itself leaves the sum.
        c.setRegister(i.b, i.bShift, size, before);
        c.finish(i, sum);
      }
      case CMPXCHG -> compareAndExchange(c, i, size);
      case CMPXCHG8B -> compareAndExchange8(c, i);
      default -> throw new IllegalStateException(i.form.toString());
    }
  }

  private static void compareAndExchange(Core c, Instruction i, int size) {
    int before = c.modify(i);
    int accumulator = c.register(Cpu.EAX, 0, size);
    c.subtract(accumulator, before, 0, size);
    if (accumulator == before) {
      c.finish(i, c.register(i.b, i.bShift, size));
    } else {
      // The destination is written in any case, as the processor's bus shows it.
      c.finish(i, before);
      c.setRegister(Cpu.EAX, 0, size, before);
    }
  }

  private static void compareAndExchange8(Core c, Instruction i) {
    long linear = c.linear(i, 8, true);
    c.mmu.probeWrite(linear, 8);
    long before = c.mmu.readLong(linear);
    long expected = (long) c.r[Cpu.EDX] << 32 | (c.r[Cpu.EAX] & 0xffff_ffffL);
    boolean equal = before == expected;
    if (equal) {
      c.mmu.writeLong(linear, (long) c.r[Cpu.ECX] << 32 | (c.r[Cpu.EBX] & 0xffff_ffffL));
    } else {
      c.mmu.writeLong(linear, before);
      c.r[Cpu.EAX] = (int) before;
      c.r[Cpu.EDX] = (int) (before >>> 32);
    }
    int flags = c.arithmeticFlags();
    c.setArithmeticFlags(equal ? flags | Flags.ZF : flags & ~Flags.ZF);
  }
}

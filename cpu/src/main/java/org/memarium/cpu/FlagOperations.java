package org.memarium.cpu;

/** Instructions that move or change flags and nothing else. */
final class FlagOperations {
  private static final int LOW_BYTE = Flags.SF | Flags.ZF | Flags.AF | Flags.PF | Flags.CF;

  private FlagOperations() {}

  static void execute(Core c, Instruction i) {
    switch (i.operation()) {
      case PUSHF -> c.push(c.eflags() & ~Flags.RF, i.operandBytes);
      case POPF -> {
        int value = c.pop(i.operandBytes);
        int writable = Flags.USER_WRITABLE & Core.mask(i.operandBytes);
        c.setEflags((c.eflags() & ~(writable | Flags.RF)) | (value & writable));
      }
      case LAHF -> c.setRegister(Cpu.EAX, 8, 1, (c.arithmeticFlags() & LOW_BYTE) | Flags.ALWAYS);
      case SAHF -> {
        int overflow = c.overflow() ? Flags.OF : 0;
        c.setArithmeticFlags((c.r[Cpu.EAX] >>> 8 & LOW_BYTE) | overflow);
      }
      case CLC -> c.setCarry(false);
      case STC -> c.setCarry(true);
      case CMC -> c.setCarry(!c.carry());
      case CLD -> c.setDirection(false);
      case STD -> c.setDirection(true);
      case SALC -> c.setRegister(Cpu.EAX, 0, 1, c.carry() ? 0xff : 0);
      default -> throw new IllegalStateException(i.form.toString());
    }
  }
}

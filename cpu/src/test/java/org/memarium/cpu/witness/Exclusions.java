package org.memarium.cpu.witness;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.Flags;
import org.memarium.cpu.InstructionForm;
import org.memarium.cpu.InstructionSet;
import org.memarium.cpu.Operand;
import org.memarium.cpu.Operation;

/** What is not compared with the host, and why. This is the whole list. */
final class Exclusions {
  /** A form to begin with, until a real one is chosen. */
  static final InstructionForm ANY_FORM = InstructionSet.all().getFirst();

  private static final int SYSTEM_CALL = 0xcd80;
  private static final int SYSENTER = 0x0f34;
  private static final int SYSCALL = 0x0f05;

  /** The manual gives no bits, each processor model has its own last ones. */
  private static final Set<String> TRANSCENDENTAL =
      Set.of("fsin", "fcos", "fsincos", "fptan", "fpatan", "f2xm1", "fyl2x", "fyl2xp1");

  /** With UMIP, Linux emulates these in its #GP handler: what a program sees is not hardware. */
  private static final Set<String> EMULATED_BY_LINUX =
      Set.of("sgdt", "sidt", "sldt", "str", "smsw");

  /** The prefix bytes. */
  static final Set<Integer> PREFIXES =
      Set.of(0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3);

  /** The largest relative error of RCPPS and RSQRTPS. */
  private static final double ESTIMATE_ERROR = 1.5 / 4096;

  private static final int STACK_FAULT = 12;
  private static final int GENERAL_PROTECTION = 13;

  /** Far enough from the end of the address space for the largest operand to reach it. */
  private static final int LAST_BYTES = 0xffff_ff00;

  private Exclusions() {}

  /** Whether a form cannot be compared at all. */
  static boolean isExcluded(InstructionForm form) {
    // Ours describes the processor that it is, and counts instructions.
    return form.operation() == Operation.CPUID
        || form.operation() == Operation.RDTSC
        || EMULATED_BY_LINUX.contains(form.mnemonic());
  }

  /** Whether results are compared up to the last bits of their significands. */
  static boolean isTranscendental(InstructionForm form) {
    return form.x87() != null && TRANSCENDENTAL.contains(form.mnemonic());
  }

  /**
   * Which bits of the address of a page fault count. A processor may read an operand of several
   * parts in any order, and so meet another byte of the missing page first.
   */
  static int faultAddressMask(InstructionForm form) {
    boolean manyParts =
        switch (form.operation()) {
          case RET_FAR, IRET, JMP_FAR, CALL_FAR, LOAD_FAR_POINTER, BOUND, POPA -> true;
          default -> form.x87() != null && form.x87().operand().bytes(false) > 10;
        };
    return manyParts ? ~0xfff : ~0;
  }

  /**
   * Whether any fault is as good as any other: returns to another segment check the selector, the
   * descriptor and the stack in an order of the processor's own, CMPS its two operands, FXSAVE and
   * FXRSTOR the parts of their image.
   */
  static boolean checksInAnyOrder(InstructionForm form) {
    return switch (form.operation()) {
      case RET_FAR, IRET, CMPS, FXSAVE, FXRSTOR -> true;
      default -> false;
    };
  }

  /**
   * Whether all elements of a register are as near to each other as two results of RCPPS or RSQRTPS
   * may be, for which the manual promises a relative error and no bits.
   */
  static boolean areEstimates(byte[] hosts, byte[] ours, int register) {
    ByteBuffer host = ByteBuffer.wrap(hosts).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer mine = ByteBuffer.wrap(ours).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 16 * register; at < 16 * register + 16; at += 4) {
      float x = host.getFloat(at);
      float y = mine.getFloat(at);
      // What is just below the range becomes 0, what is just inside does not.
      boolean edge = Math.abs(x) <= Float.MIN_NORMAL && Math.abs(y) <= Float.MIN_NORMAL;
      boolean near = edge || Math.abs((double) x - y) <= 2 * ESTIMATE_ERROR * Math.abs(x);
      if (host.getInt(at) != mine.getInt(at) && !near) {
        return false;
      }
    }
    return true;
  }

  /** Whether ModRM may make it an operand in memory. */
  static boolean mayBeInMemory(Operand operand) {
    return switch (operand.place()) {
      case RM, MEMORY, MM_RM, XMM_RM -> true;
      default -> false;
    };
  }

  /**
   * Whether a word of memory may differ: of FXSAVE's image the pointers to the last x87
   * instruction, which AMD's processors leave out unless an exception is pending, the bits that
   * MXCSR has, and what is not used.
   */
  static boolean isUnknownMemory(InstructionForm form, TestCase test, int address) {
    int offset = address - test.target;
    return form.operation() == Operation.FXSAVE
        && ((offset >= 4 && offset < 24) || offset == 28 || offset >= 288);
  }

  /** Flags that no manual defines after this case. */
  static int undefinedFlags(InstructionForm form, TestCase test) {
    int undefined = form.flagsUndefined();
    int count = shiftCount(form, test);
    switch (form.operation()) {
      case ROL, ROR, RCL, RCR, SHL, SHR, SAR, SHLD, SHRD -> {
        if (count == 0) {
          return 0;
        }
        undefined |= count == 1 ? 0 : Flags.OF;
      }
      default -> {}
    }
    boolean plainShift = form.operation() == Operation.SHL || form.operation() == Operation.SHR;
    return undefined | (plainShift && count >= 8 ? Flags.CF : 0);
  }

  /**
   * Whether both died of an access across the end of the address space, where a processor finds
   * either that the limit of the segment is passed (#GP, #SS) or that there is no page.
   */
  static boolean crossesTheEnd(Outcome host, Outcome ours) {
    return (isLimitFault(host) && isFaultAtTheEnd(ours))
        || (isLimitFault(ours) && isFaultAtTheEnd(host));
  }

  private static boolean isLimitFault(Outcome outcome) {
    return (outcome.trap == GENERAL_PROTECTION || outcome.trap == STACK_FAULT)
        && outcome.error == 0;
  }

  private static boolean isFaultAtTheEnd(Outcome outcome) {
    return outcome.trap == Outcome.PAGE_FAULT
        && Integer.compareUnsigned(outcome.cr2, LAST_BYTES) >= 0;
  }

  /** Whether ours missed a page where the host has the witness's own, at 0x5a5a0000. */
  static boolean meetsTheWitness(Outcome ours) {
    return ours.trap == Outcome.PAGE_FAULT
        && Integer.compareUnsigned(ours.cr2 - 0x5a5a_0000, 0x20_0000) < 0;
  }

  /**
   * Whether memory below the stack pointer may differ after a fault: these push several values, and
   * the host has written the first ones when a later one faults. Nobody may look there.
   */
  static boolean pushesMany(InstructionForm form) {
    return switch (form.operation()) {
      case ENTER, PUSHA, CALL_FAR -> true;
      default -> false;
    };
  }

  /** Whether the host has loaded the first registers when a later one faults: POPA. */
  static boolean popsMany(InstructionForm form) {
    return form.operation() == Operation.POPA;
  }

  /** Whether the manual leaves the result itself undefined. */
  static boolean isUndefined(InstructionForm form, TestCase test) {
    // A double shift of 16 bits by more than 16.
    boolean doubleShift = form.operation() == Operation.SHLD || form.operation() == Operation.SHRD;
    return doubleShift && hasPrefix(test.code, 0x66) && shiftCount(form, test) > 16;
  }

  private static int shiftCount(InstructionForm form, TestCase test) {
    if (form.operands().contains(Operand.ONE)) {
      return 1;
    }
    boolean byCl = form.operands().contains(Operand.CL);
    return (byCl ? test.registers[Cpu.ECX] : test.code[test.code.length - 1]) & 31;
  }

  /**
   * Whether the host is known to depart from the manuals.
   *
   * <ul>
   *   <li>INT1 (F1) in a virtual machine comes back with EIP at the instruction, not behind it.
   *   <li>On AMD's Zen a REP prefix decides which of LOOPE and LOOPNE an instruction is.
   *   <li>A load of SS holds off a single step by one instruction; ours does not, because nothing
   *       single-steps through such loads.
   *   <li>LOCK before MOV to or from CR0 means CR8 on AMD, and so is no #UD but #GP.
   *   <li>REP before BSF and BSR means TZCNT and LZCNT where the host has them.
   *   <li>LOCK before VERW and VERR in memory raises no #UD on AMD's Zen.
   * </ul>
   */
  static boolean isQuirk(InstructionForm form, TestCase test) {
    boolean lock = hasPrefix(test.code, 0xf0);
    boolean rep = hasPrefix(test.code, 0xf2) || hasPrefix(test.code, 0xf3);
    return switch (form.operation()) {
      case INT1 -> true;
      case LOOPE, LOOPNE, BSF, BSR -> rep;
      case VERR, VERW -> lock;
      case MOV_TO_SEGMENT, POP_SEGMENT -> (test.eflags & Flags.TF) != 0;
      case PRIVILEGED -> lock && form.mnemonic().equals("mov");
      default -> false;
    };
  }

  private static boolean hasPrefix(byte[] code, int wanted) {
    for (byte each : code) {
      int prefix = each & 0xff;
      if (prefix == wanted) {
        return true;
      }
      if (!PREFIXES.contains(prefix)) {
        return false;
      }
    }
    return false;
  }

  /**
   * Whether bytes must not run on the host: somewhere among them is a system call, or a far
   * transfer to 64-bit code, where everything after means something else.
   */
  static boolean isDangerous(byte[] code) {
    for (int i = 0; i + 1 < code.length; i++) {
      int pair = (code[i] & 0xff) << 8 | (code[i + 1] & 0xff);
      if (pair == SYSTEM_CALL || pair == SYSENTER || pair == SYSCALL) {
        return true;
      }
    }
    return false;
  }
}

package org.memarium.cpu.witness;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.Flags;
import org.memarium.cpu.InstructionForm;
import org.memarium.cpu.Operation;

/** Decides whether two outcomes of a case are the same, and says what differs. */
final class Judge {
  private static final String[] REGISTERS = {
    "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"
  };
  private static final String[] SEGMENTS = {"es", "cs", "ss", "ds", "fs", "gs"};

  /** RF is the kernel's: exceptions push it set, traps clear. */
  private static final int VISIBLE_FLAGS =
      Flags.ARITHMETIC | Flags.DF | Flags.TF | Flags.NT | Flags.AC | Flags.ID;

  private static final int ERROR_SUMMARY = 0x80;

  /** How far apart transcendental results may be. */
  private static final int LAST_BITS = 2;

  private Judge() {}

  /**
   * All differences, one line each; empty if there is none.
   *
   * @param form for what it leaves undefined
   */
  static List<String> differences(InstructionForm form, TestCase test, Outcome host, Outcome ours) {
    int undefined = host.eip == test.codeAddress ? 0 : Exclusions.undefinedFlags(form, test);
    return differences(form, test, host, ours, undefined);
  }

  /** The same with other undefined flags than those of the form. */
  static List<String> differences(
      InstructionForm form, TestCase test, Outcome host, Outcome ours, int undefinedFlags) {
    List<String> all = new ArrayList<>();
    if (Exclusions.crossesTheEnd(host, ours)
        || Exclusions.meetsTheWitness(ours)
        || Exclusions.isUndefined(form, test)
        || Exclusions.isQuirk(form, test)) {
      return all;
    }
    boolean bothFaulted = host.eip == test.codeAddress && ours.eip == test.codeAddress;
    int addressMask = Exclusions.faultAddressMask(form);
    boolean ran = host.trap == Outcome.INT3 && ours.trap == Outcome.INT3;
    if (!ran && !(bothFaulted && Exclusions.checksInAnyOrder(form))) {
      compare(all, "ended by", end(host, addressMask), end(ours, addressMask));
    }
    if (host.trap == Outcome.ENDLESS && ours.trap == Outcome.ENDLESS) {
      return all;
    }
    compareRegisters(all, form, test, host, ours, undefinedFlags);
    compareFpu(all, host.fpu, ours.fpu, Exclusions.isTranscendental(form));
    compareSimd(all, form, host, ours);
    int ignoredBelow = bothFaulted && Exclusions.pushesMany(form) ? test.registers[Cpu.ESP] : 0;
    if (!host.changes.equals(ours.changes)) {
      compare(
          all,
          "memory",
          changes(form, test, host, ignoredBelow),
          changes(form, test, ours, ignoredBelow));
    }
    return all;
  }

  private static void compareRegisters(
      List<String> all,
      InstructionForm form,
      TestCase test,
      Outcome host,
      Outcome ours,
      int undefinedFlags) {
    boolean bothFaulted = host.eip == test.codeAddress && ours.eip == test.codeAddress;
    for (int i = 0; i < 8; i++) {
      if (bothFaulted && i != Cpu.ESP && Exclusions.popsMany(form)) {
        continue;
      }
      compare(all, REGISTERS[i], host.registers[i], ours.registers[i], 8);
    }
    compare(all, "eip", host.eip, ours.eip, 8);
    int flags = VISIBLE_FLAGS & ~undefinedFlags;
    if (((host.eflags ^ ours.eflags) & flags) != 0) {
      compare(
          all, "eflags", Outcome.flags(host.eflags & flags), Outcome.flags(ours.eflags & flags));
    }
    for (int i = 0; i < 6; i++) {
      compare(all, SEGMENTS[i], host.segments[i], ours.segments[i], 4);
    }
  }

  /** Flags in which outcomes differ although both ran to the end. */
  static int differentFlags(Outcome host, Outcome ours) {
    return host.trap == Outcome.INT3 && ours.trap == Outcome.INT3
        ? (host.eflags ^ ours.eflags) & Flags.ARITHMETIC
        : 0;
  }

  private static void compareSimd(
      List<String> all, InstructionForm form, Outcome host, Outcome ours) {
    compare(all, "mxcsr", host.mxcsr, ours.mxcsr, 4);
    boolean loose = form.operation() == Operation.FLOAT_ESTIMATE;
    for (int i = 0; i < 8; i++) {
      String hosts = Outcome.xmm(host.xmm, i);
      String mine = Outcome.xmm(ours.xmm, i);
      if (!hosts.equals(mine) && !(loose && Exclusions.areEstimates(host.xmm, ours.xmm, i))) {
        compare(all, "xmm" + i, hosts, mine);
      }
    }
  }

  private static void compareFpu(
      List<String> all, byte[] hostImage, byte[] oursImage, boolean loose) {
    ByteBuffer host = ByteBuffer.wrap(hostImage).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer ours = ByteBuffer.wrap(oursImage).order(ByteOrder.LITTLE_ENDIAN);
    compareShort(all, "control word", host, ours, 0, 0xffff);
    // C1 and PE tell which way the last bit was rounded.
    compareShort(all, "status word", host, ours, 4, loose ? 0xfddf : 0xffff);
    compareShort(all, "tag word", host, ours, 8, 0xffff);
    if ((host.getShort(4) & ERROR_SUMMARY) != 0) {
      // Without a pending exception processors may leave the pointers out of the saved state.
      compare(all, "x87 ip", host.getInt(12), ours.getInt(12), 8);
      compareShort(all, "x87 opcode", host, ours, 18, 0x7ff);
      compare(all, "x87 data", host.getInt(20), ours.getInt(20), 8);
    }
    for (int i = 0; i < 8; i++) {
      int at = 28 + 10 * i;
      if (!isClose(host, ours, at, loose ? LAST_BITS : 0)) {
        compare(all, "st" + i, register(host, at), register(ours, at));
      }
    }
  }

  /** Whether two registers of the same sign are so many numbers apart at most. */
  private static boolean isClose(ByteBuffer host, ByteBuffer ours, int at, int numbers) {
    int exponents = host.getShort(at + 8) - ours.getShort(at + 8);
    long hosts = host.getLong(at);
    long mine = ours.getLong(at);
    if (exponents == 0) {
      return Math.abs(hosts - mine) <= numbers;
    }
    // The smallest significand of one binade follows the largest of the one below.
    long upper = exponents > 0 ? hosts : mine;
    long lower = exponents > 0 ? mine : hosts;
    long aboveTheSmallest = upper - Long.MIN_VALUE;
    long belowTheLargest = -1 - lower;
    return Math.abs(exponents) == 1
        && Long.compareUnsigned(aboveTheSmallest, numbers) < 0
        && Long.compareUnsigned(belowTheLargest, numbers) < 0;
  }

  private static void compareShort(
      List<String> all, String name, ByteBuffer host, ByteBuffer ours, int at, int mask) {
    compare(all, name, host.getShort(at) & mask, ours.getShort(at) & mask, 4);
  }

  private static String register(ByteBuffer image, int at) {
    return "%04x %016x".formatted(image.getShort(at + 8) & 0xffff, image.getLong(at));
  }

  private static String end(Outcome outcome, int addressMask) {
    return switch (outcome.trap) {
      case Outcome.ENDLESS -> "nothing, it is endless";
      case Outcome.SYSTEM_CALL -> "a system call";
      case Outcome.PAGE_FAULT ->
          "#PF at %08x, error code %x".formatted(outcome.cr2 & addressMask, outcome.error & 0x1f);
      case 19 -> "#XM";
      case 10, 11, 12, 13, 17 -> name(outcome.trap) + ", error code %x".formatted(outcome.error);
      default -> name(outcome.trap);
    };
  }

  private static String name(int vector) {
    String[] names = {
      "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9", "#TS", "#NP", "#SS",
      "#GP", "#PF", "15", "#MF", "#AC"
    };
    return vector >= 0 && vector < names.length ? names[vector] : "vector " + vector;
  }

  private static String changes(
      InstructionForm form, TestCase test, Outcome outcome, int ignoredBelow) {
    StringBuilder text = new StringBuilder();
    outcome.changes.forEach((address, word) -> {
      if (Integer.compareUnsigned(address, ignoredBelow) >= 0
          && !Exclusions.isUnknownMemory(form, test, address)) {
        text.append("[%08x]=%08x ".formatted(address, word));
      }
    });
    return text.isEmpty() ? "unchanged" : text.toString().strip();
  }

  private static void compare(List<String> all, String what, String host, String ours) {
    if (!host.equals(ours)) {
      all.add("%-12s host %s, ours %s".formatted(what, host, ours));
    }
  }

  private static void compare(List<String> all, String what, int host, int ours, int digits) {
    if (host != ours) {
      String format = "%0" + digits + "x";
      compare(all, what, format.formatted(host), format.formatted(ours));
    }
  }
}

package org.memarium.cpu;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.SegmentDescriptor;
import org.memarium.hardware.Segmentation;

/** Segment registers and descriptors, identification, the clock, and what user mode may not do. */
final class Segments {
  /** In the upper half of a descriptor: what LAR shows. */
  private static final int ACCESS_RIGHTS = 0x00ff_ff00;

  /** System types that LAR knows: TSS, LDT, call and task gates; one bit for each. */
  private static final int LAR_TYPES = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 9 | 0x1800;

  /** System types that have a limit: TSS and LDT. */
  private static final int LSL_TYPES = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 9 | 1 << 11;

  private Segments() {}

  static void execute(Core c, Instruction i) {
    switch (i.operation()) {
      case MOV_FROM_SEGMENT -> {
        int selector = c.segmentation.selector(i.b);
        if (i.destinationInMemory) {
          c.mmu.writeShort(c.linear(i, 2, true), selector);
        } else {
          c.setRegister(i.a, 0, i.size, selector);
        }
      }
      case MOV_TO_SEGMENT -> c.loadSegment(i.a, c.source(i));
      case PUSH_SEGMENT -> c.push(c.segmentation.selector(i.a), i.operandBytes);
      case POP_SEGMENT -> {
        c.loadSegment(i.a, c.read(c.stack(0, i.operandBytes, false), i.operandBytes) & 0xffff);
        c.moveStack(i.operandBytes);
      }
      case LOAD_FAR_POINTER -> {
        c.readFarPointer(i);
        c.loadSegment(farPointerSegment(i.form.opcode()), c.farSelector);
        c.setRegister(i.a, 0, i.operandBytes, c.farOffset);
      }
      case LAR -> {
        SegmentDescriptor descriptor = visible(c, c.source(i), LAR_TYPES);
        if (descriptor != null) {
          c.setRegister(i.a, 0, i.size, (int) (descriptor.encode() >>> 32) & ACCESS_RIGHTS);
        }
        setZero(c, descriptor != null);
      }
      case LSL -> {
        SegmentDescriptor descriptor = visible(c, c.source(i), LSL_TYPES);
        if (descriptor != null) {
          c.setRegister(i.a, 0, i.size, (int) descriptor.limit());
        }
        setZero(c, descriptor != null);
      }
      case VERR -> {
        SegmentDescriptor descriptor = visible(c, c.destination(i), 0);
        setZero(c, descriptor != null && descriptor.isReadable());
      }
      case VERW -> {
        SegmentDescriptor descriptor = visible(c, c.destination(i), 0);
        setZero(c, descriptor != null && descriptor.isWritable());
      }
      case ARPL -> {
        int selector = c.destination(i);
        int privilege = c.register(i.b, 0, 2) & 3;
        boolean lower = (selector & 3) < privilege;
        if (lower) {
          c.setDestination(i, (selector & ~3) | privilege);
        }
        setZero(c, lower);
      }
      case CPUID -> Identification.execute(c);
      case RDTSC -> {
        long clock = c.instructions + i.ordinal;
        c.r[Cpu.EAX] = (int) clock;
        c.r[Cpu.EDX] = (int) (clock >>> 32);
      }
      case PRIVILEGED -> throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION);
      default -> throw new IllegalStateException(i.form.toString());
    }
  }

  private static int farPointerSegment(int opcode) {
    return switch (opcode) {
      case 0xC4 -> Segmentation.ES;
      case 0xC5 -> Segmentation.DS;
      case 0xB2 -> Segmentation.SS;
      case 0xB4 -> Segmentation.FS;
      default -> Segmentation.GS;
    };
  }

  /**
   * The descriptor of a selector, or null where the program's privilege does not reach it.
   *
   * @param systemTypes which system descriptors count; one bit for each type
   */
  private static @Nullable SegmentDescriptor visible(Core c, int selector, int systemTypes) {
    if ((selector & ~3 & 0xffff) == 0) {
      return null;
    }
    SegmentDescriptor descriptor = c.segmentation.find(selector);
    if (descriptor == null) {
      return null;
    }
    if (!descriptor.codeOrData() && (systemTypes >>> descriptor.type() & 1) == 0) {
      return null;
    }
    boolean reachable =
        descriptor.isConforming()
            || Math.max(c.segmentation.privilege(), selector & 3) <= descriptor.privilege();
    return reachable ? descriptor : null;
  }

  private static void setZero(Core c, boolean zero) {
    int flags = c.arithmeticFlags();
    c.setArithmeticFlags(zero ? flags | Flags.ZF : flags & ~Flags.ZF);
  }
}

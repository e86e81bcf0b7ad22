package org.memarium.cpu;

import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.SegmentDescriptor;
import org.memarium.hardware.Segmentation;

/**
 * Transfers of control that the loop of {@link Interpreter} does not do itself: loops, far forms,
 * interrupts, and all near forms with 16 bits or segments that are not flat. Each leaves EIP where
 * execution goes on.
 */
final class Control {
  /** #TS: the one task that a user program could return to does not exist. */
  private static final int INVALID_TSS = 10;

  private Control() {}

  static void execute(Core c, Instruction i) {
    int size = i.operandBytes;
    switch (i.operation()) {
      case JCC -> branch(c, i, c.condition(i.form.condition()));
      case JMP -> jump(c, isRelative(i) ? i.immediate : c.destination(i));
      case CALL -> {
        int target = checked(c, isRelative(i) ? i.immediate : c.destination(i));
        c.push(i.endEip(), size);
        c.eip = target;
      }
      case RET -> {
        int target = checked(c, c.read(c.stack(0, size, false), size));
        c.moveStack(size + i.immediate);
        c.eip = target;
      }
      case LOOP -> loop(c, i, true);
      case LOOPE -> loop(c, i, c.zero());
      case LOOPNE -> loop(c, i, !c.zero());
      case JCXZ -> branch(c, i, (c.r[Cpu.ECX] & Core.addressMask(i)) == 0);
      case JMP_FAR -> jumpFar(c, i);
      case CALL_FAR -> callFar(c, i);
      case RET_FAR -> returnFar(c, i);
      case IRET -> returnFromInterrupt(c, i);
      case INT -> interrupt(c, i, i.immediate);
      case INT3 -> interrupt(c, i, ProcessorException.BREAKPOINT);
      case INTO -> {
        if (c.overflow()) {
          interrupt(c, i, ProcessorException.OVERFLOW);
        } else {
          c.eip = i.endEip();
        }
      }
      case INT1 -> {
        c.eip = i.endEip();
        c.trap = ProcessorException.debugTrap();
      }
      case BOUND -> {
        bound(c, i);
        c.eip = i.endEip();
      }
      default -> throw new IllegalStateException(i.form.toString());
    }
  }

  private static boolean isRelative(Instruction i) {
    return i.form.operands().getFirst().place() == Operand.Place.RELATIVE;
  }

  private static void branch(Core c, Instruction i, boolean taken) {
    if (taken) {
      jump(c, i.immediate);
    } else {
      c.eip = i.endEip();
    }
  }

  private static void loop(Core c, Instruction i, boolean condition) {
    int mask = Core.addressMask(i);
    int count = (c.r[Cpu.ECX] - 1) & mask;
    boolean taken = count != 0 && condition;
    if (taken) {
      checked(c, i.immediate);
    }
    c.r[Cpu.ECX] = (c.r[Cpu.ECX] & ~mask) | count;
    c.eip = taken ? i.immediate : i.endEip();
  }

  private static void jump(Core c, int target) {
    c.eip = checked(c, target);
  }

  private static int checked(Core c, int target) {
    checkLimit(c.segmentation.descriptor(Segmentation.CS), target);
    return target;
  }

  private static void checkLimit(SegmentDescriptor code, int target) {
    if (!code.contains(target & 0xffff_ffffL, 1)) {
      throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION);
    }
  }

  private static void jumpFar(Core c, Instruction i) {
    readFarPointer(c, i);
    checkLimit(c.segmentation.checkCode(c.farSelector), c.farOffset);
    c.loadCode(c.farSelector);
    c.eip = c.farOffset;
  }

  private static void callFar(Core c, Instruction i) {
    int size = i.operandBytes;
    readFarPointer(c, i);
    checkLimit(c.segmentation.checkCode(c.farSelector), c.farOffset);
    c.mmu.probeWrite(c.stack(-size, size, true), size);
    c.write(c.stack(-2 * size, size, true), size, i.endEip());
    c.write(c.stack(-size, size, true), size, c.segmentation.selector(Segmentation.CS));
    c.moveStack(-2 * size);
    c.loadCode(c.farSelector);
    c.eip = c.farOffset;
  }

  private static void returnFar(Core c, Instruction i) {
    int size = i.operandBytes;
    int offset = c.read(c.stack(0, size, false), size);
    int selector = c.read(c.stack(size, size, false), size) & 0xffff;
    checkReturn(c, selector, offset);
    c.moveStack(2 * size + i.immediate);
    c.loadCode(selector);
    c.eip = offset;
  }

  private static void returnFromInterrupt(Core c, Instruction i) {
    if ((c.otherFlags() & Flags.NT) != 0) {
      throw ProcessorException.of(INVALID_TSS);
    }
    int size = i.operandBytes;
    int offset = c.read(c.stack(0, size, false), size);
    int selector = c.read(c.stack(size, size, false), size) & 0xffff;
    int flags = c.read(c.stack(2 * size, size, false), size);
    checkReturn(c, selector, offset);
    c.moveStack(3 * size);
    int writable = (Flags.USER_WRITABLE | Flags.RF) & Core.mask(size);
    c.setEflags((c.eflags() & ~writable) | (flags & writable));
    c.loadCode(selector);
    c.eip = offset;
  }

  private static void checkReturn(Core c, int selector, int offset) {
    if ((selector & ~3) != 0 && (selector & 3) < c.segmentation.privilege()) {
      throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION, selector & ~3);
    }
    checkLimit(c.segmentation.checkCode(selector), offset);
  }

  private static void readFarPointer(Core c, Instruction i) {
    if (i.inMemory()) {
      c.readFarPointer(i);
    } else {
      c.farOffset = i.immediate;
      c.farSelector = i.immediate2;
    }
  }

  private static void interrupt(Core c, Instruction i, int vector) {
    c.eip = i.endEip();
    c.interruptVector = vector;
    c.interrupted = true;
  }

  private static void bound(Core c, Instruction i) {
    int size = i.operandBytes;
    long linear = c.linear(i, 2 * size, false);
    c.mmu.probeRead(linear, 2 * size);
    int lower = Core.signExtend(c.read(linear, size), size);
    int upper = Core.signExtend(c.read((linear + size) & 0xffff_ffffL, size), size);
    int value = Core.signExtend(c.register(i.a, 0, size), size);
    if (value < lower || value > upper) {
      throw ProcessorException.of(ProcessorException.BOUND_RANGE);
    }
  }
}

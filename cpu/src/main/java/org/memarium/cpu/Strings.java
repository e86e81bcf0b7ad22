package org.memarium.cpu;

import org.memarium.hardware.Mmu;
import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.Ram;
import org.memarium.hardware.Segmentation;

/**
 * String instructions, alone and repeated.
 *
 * <p>After each round ESI, EDI and ECX stand where the processor would have them, so that a fault
 * in the middle leaves a state from which the instruction goes on. MOVS and STOS over flat segments
 * upwards move whole pieces of pages at once.
 */
final class Strings {
  /** Below this many bytes the set-up of a whole piece costs more than it saves. */
  private static final int PIECE = 32;

  private static final int REPNE = 0xF2;

  private Strings() {}

  static void execute(Core c, Instruction i) {
    boolean repeated = i.repeat != 0;
    boolean compares = i.operation() == Operation.CMPS || i.operation() == Operation.SCAS;
    int mask = Core.addressMask(i);
    int step = (c.otherFlags() & Flags.DF) != 0 ? -i.size : i.size;
    if (!repeated) {
      round(c, i, mask, step);
      return;
    }
    boolean pieces =
        step > 0
            && i.addressBytes == 4
            && c.segmentation.isFlat()
            && !c.singleStep()
            && i.segment == Instruction.FLAT
            && (i.operation() == Operation.MOVS || i.operation() == Operation.STOS);
    while ((c.r[Cpu.ECX] & mask) != 0) {
      if (pieces && movePiece(c, i)) {
        continue;
      }
      round(c, i, mask, step);
      advance(c, Cpu.ECX, -1, mask);
      if (compares && c.zero() == (i.repeat == REPNE)) {
        return;
      }
      if (c.singleStep() && (c.r[Cpu.ECX] & mask) != 0) {
        // A trap comes after each round, and finds EIP at the instruction.
        throw ProcessorException.singleStep();
      }
    }
  }

  private static void round(Core c, Instruction i, int mask, int step) {
    int size = i.size;
    switch (i.operation()) {
      case MOVS -> {
        int value = c.read(source(c, i, mask), size);
        c.write(destination(c, mask, size, true), size, value);
        advance(c, Cpu.ESI, step, mask);
        advance(c, Cpu.EDI, step, mask);
      }
      case CMPS -> {
        int left = c.read(source(c, i, mask), size);
        int right = c.read(destination(c, mask, size, false), size);
        c.subtract(left, right, 0, size);
        advance(c, Cpu.ESI, step, mask);
        advance(c, Cpu.EDI, step, mask);
      }
      case STOS -> {
        c.write(destination(c, mask, size, true), size, c.r[Cpu.EAX]);
        advance(c, Cpu.EDI, step, mask);
      }
      case LODS -> {
        c.setRegister(Cpu.EAX, 0, size, c.read(source(c, i, mask), size));
        advance(c, Cpu.ESI, step, mask);
      }
      case SCAS -> {
        int right = c.read(destination(c, mask, size, false), size);
        c.subtract(c.register(Cpu.EAX, 0, size), right, 0, size);
        advance(c, Cpu.EDI, step, mask);
      }
      default -> throw new IllegalStateException(i.form.toString());
    }
  }

  private static long source(Core c, Instruction i, int mask) {
    return c.linear(i.segment, c.r[Cpu.ESI] & mask, i.size, false);
  }

  private static long destination(Core c, int mask, int size, boolean write) {
    int segment = c.segmentation.isFlat() ? Instruction.FLAT : Segmentation.ES;
    return c.linear(segment, c.r[Cpu.EDI] & mask, size, write);
  }

  private static void advance(Core c, int register, int step, int mask) {
    c.r[register] = (c.r[register] & ~mask) | ((c.r[register] + step) & mask);
  }

  /**
   * Moves or stores as much as lies in one page on each side.
   *
   * @return false if one round should be done instead: little is left, an element crosses a page,
   *     or source and destination overlap so that bytes just written would be read
   */
  private static boolean movePiece(Core c, Instruction i) {
    Mmu mmu = c.mmu;
    Ram ram = mmu.ram();
    long to = c.r[Cpu.EDI] & 0xffff_ffffL;
    long bytes =
        Math.min((c.r[Cpu.ECX] & 0xffff_ffffL) * i.size, Ram.PAGE_SIZE - (to & Ram.PAGE_SIZE - 1));
    if (i.operation() == Operation.STOS) {
      bytes -= bytes & i.size - 1;
      if (bytes < PIECE) {
        return false;
      }
      fill(c, mmu.physicalForWrite(to), (int) bytes, i.size);
    } else {
      long from = c.r[Cpu.ESI] & 0xffff_ffffL;
      bytes = Math.min(bytes, Ram.PAGE_SIZE - (from & Ram.PAGE_SIZE - 1));
      bytes -= bytes & i.size - 1;
      if (bytes < PIECE) {
        return false;
      }
      long physicalFrom;
      long physicalTo;
      do {
        physicalFrom = mmu.physicalForRead(from);
        physicalTo = mmu.physicalForWrite(to);
        // Making the destination writable may have given the source's page another frame.
      } while (mmu.physicalForRead(from) != physicalFrom);
      if (physicalTo > physicalFrom && physicalTo < physicalFrom + bytes) {
        return false;
      }
      ram.copy(physicalFrom, physicalTo, bytes);
      c.r[Cpu.ESI] += (int) bytes;
    }
    c.r[Cpu.EDI] += (int) bytes;
    c.r[Cpu.ECX] -= (int) bytes / i.size;
    return true;
  }

  private static void fill(Core c, long physical, int bytes, int size) {
    Ram ram = c.mmu.ram();
    int value = c.r[Cpu.EAX];
    byte low = (byte) value;
    boolean uniform =
        size == 1
            || (size == 2 && (short) value == (short) ((low & 0xff) * 0x101))
            || value == (low & 0xff) * 0x0101_0101;
    if (uniform) {
      ram.fill(physical, bytes, low);
      return;
    }
    c.mmu.noticeWrite(physical, bytes);
    for (int at = 0; at < bytes; at += size) {
      if (size == 4) {
        ram.putInt(physical + at, value);
      } else {
        ram.putShort(physical + at, (short) value);
      }
    }
  }
}

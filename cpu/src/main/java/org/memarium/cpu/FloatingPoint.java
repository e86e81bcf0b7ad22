package org.memarium.cpu;

import org.memarium.cpu.x87.Fpu;
import org.memarium.cpu.x87.X87Form;
import org.memarium.cpu.x87.X87Form.Operand;
import org.memarium.hardware.Segmentation;

/** Brings operands to the {@link Fpu} and results back. */
final class FloatingPoint {
  private static final int FIRST_OPCODE = 0xD8;

  private FloatingPoint() {}

  static void execute(Core c, Instruction i) {
    X87Form form = i.form.x87();
    if (form == null) {
      c.fpu.checkPending(); // FWAIT
      return;
    }
    if (form.waiting()) {
      c.fpu.checkPending();
    }
    Fpu fpu = c.fpu;
    switch (form.effect()) {
      case REGISTER -> {
        setPointers(c, i, form);
        fpu.register(form.opcode(), i.modRm);
      }
      case REGISTER_AND_FLAGS -> {
        setPointers(c, i, form);
        fpu.register(form.opcode(), i.modRm);
        int flags = fpu.comparisonFlags();
        if (flags >= 0) {
          c.setArithmeticFlags(flags);
        }
      }
      case CONDITIONAL_MOVE -> {
        setPointers(c, i, form);
        fpu.conditionalMove(i.modRm, condition(c, form.opcode(), i.modRm));
      }
      case STATUS_TO_AX -> c.setRegister(Cpu.EAX, 0, 2, fpu.statusWord());
      case LOAD -> load(c, i, form);
      case STORE -> store(c, i, form);
      case LOAD_IMAGE -> loadImage(c, i, form);
      case STORE_IMAGE -> storeImage(c, i, form);
    }
  }

  private static void setPointers(Core c, Instruction i, X87Form form) {
    if (!form.setsPointers()) {
      return;
    }
    int cs = c.segmentation.selector(Segmentation.CS);
    c.fpu.setInstruction(cs, i.eip, form.opcode(), i.modRm);
    if (i.destinationInMemory) {
      int segment = i.segment == Instruction.FLAT ? flatSegment(i) : i.segment;
      c.fpu.setData(c.segmentation.selector(segment), c.offset(i));
    }
  }

  /** FLAT hides which one it was; SS and DS hold the same selector wherever all are flat. */
  private static int flatSegment(Instruction i) {
    return i.base == Cpu.ESP || i.base == Cpu.EBP ? Segmentation.SS : Segmentation.DS;
  }

  /** DA holds FCMOVB, E, BE, U; DB their opposites. */
  private static boolean condition(Core c, int opcode, int modRm) {
    boolean holds =
        switch (modRm >> 3 & 3) {
          case 0 -> c.carry();
          case 1 -> c.zero();
          case 2 -> c.carry() || c.zero();
          default -> c.parity();
        };
    return holds == (opcode == FIRST_OPCODE + 2);
  }

  private static void load(Core c, Instruction i, X87Form form) {
    int bytes = form.operand().bytes(i.operandBytes == 2);
    long linear = c.linear(i, bytes, false);
    long low;
    int high = 0;
    switch (bytes) {
      case 2 -> low = c.mmu.readShort(linear);
      case 4 -> low = c.mmu.readInt(linear);
      case 8 -> low = c.mmu.readLong(linear);
      default -> {
        c.mmu.probeRead(linear, bytes);
        low = c.mmu.readLong(linear);
        high = c.mmu.readShort((linear + 8) & 0xffff_ffffL);
      }
    }
    setPointers(c, i, form);
    c.fpu.load(form.memoryForm(), low, high);
  }

  private static void store(Core c, Instruction i, X87Form form) {
    int bytes = form.operand().bytes(i.operandBytes == 2);
    long linear = c.linear(i, bytes, true);
    c.mmu.probeWrite(linear, bytes);
    setPointers(c, i, form);
    if (!c.fpu.store(form.memoryForm())) {
      return;
    }
    long low = c.fpu.storedLow();
    switch (bytes) {
      case 2 -> c.mmu.writeShort(linear, (int) low);
      case 4 -> c.mmu.writeInt(linear, (int) low);
      case 8 -> c.mmu.writeLong(linear, low);
      default -> {
        c.mmu.writeLong(linear, low);
        c.mmu.writeShort((linear + 8) & 0xffff_ffffL, c.fpu.storedHigh());
      }
    }
  }

  private static void loadImage(Core c, Instruction i, X87Form form) {
    boolean small = i.operandBytes == 2;
    int bytes = form.operand().bytes(small);
    long linear = c.linear(i, bytes, false);
    c.mmu.probeRead(linear, bytes);
    for (int at = 0; at < bytes; at++) {
      c.fpuImage[at] = (byte) c.mmu.readByte((linear + at) & 0xffff_ffffL);
    }
    if (form.operand() == Operand.STATE) {
      c.fpu.restore(c.fpuImage, small);
    } else {
      c.fpu.loadEnvironment(c.fpuImage, small);
    }
  }

  private static void storeImage(Core c, Instruction i, X87Form form) {
    boolean small = i.operandBytes == 2;
    int bytes = form.operand().bytes(small);
    long linear = c.linear(i, bytes, true);
    c.mmu.probeWrite(linear, bytes);
    if (form.operand() == Operand.STATE) {
      c.fpu.save(c.fpuImage, small);
    } else {
      c.fpu.storeEnvironment(c.fpuImage, small);
    }
    for (int at = 0; at < bytes; at++) {
      c.mmu.writeByte((linear + at) & 0xffff_ffffL, c.fpuImage[at]);
    }
  }
}

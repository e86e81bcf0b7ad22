package org.memarium.cpu;

/** Moves, exchanges, conditional moves, and the stack. */
final class Moves {
  private Moves() {}

  static void execute(Core c, Instruction i) {
    switch (i.operation()) {
      case MOV -> c.setDestination(i, c.source(i));
      case MOVZX -> c.setRegister(i.a, 0, i.size, c.source(i));
      case MOVSX -> c.setRegister(i.a, 0, i.size, Core.signExtend(c.source(i), i.sourceSize));
      case XCHG -> {
        int before = c.modify(i);
        c.finish(i, c.register(i.b, i.bShift, i.size));
        c.setRegister(i.b, i.bShift, i.size, before);
      }
      case LEA -> c.setRegister(i.a, 0, i.size, c.offset(i));
      case CMOVCC -> {
        // Memory is read, and may fault, whether or not the condition holds.
        int source = c.source(i);
        if (c.condition(i.immediate)) {
          c.setRegister(i.a, 0, i.size, source);
        }
      }
      case SETCC -> c.setDestination(i, c.condition(i.immediate) ? 1 : 0);
      case XLAT -> {
        int offset = (c.r[Cpu.EBX] + (c.r[Cpu.EAX] & 0xff)) & Core.addressMask(i);
        c.setRegister(Cpu.EAX, 0, 1, c.mmu.readByte(c.linear(i.segment, offset, 1, false)));
      }
      case PUSH -> c.push(i.sourceIsImmediate ? i.immediate : c.destination(i), i.operandBytes);
      case POP -> pop(c, i);
      case PUSHA -> pushAll(c, i.operandBytes);
      case POPA -> popAll(c, i.operandBytes);
      case ENTER -> enter(c, i);
      case LEAVE -> {
        int frame = c.r[Cpu.EBP];
        int before = c.read(c.atStack(frame, i.operandBytes, false), i.operandBytes);
        c.setStackPointer(frame + i.operandBytes);
        c.setRegister(Cpu.EBP, 0, i.operandBytes, before);
      }
      case NOP -> {}
      default -> throw new IllegalStateException(i.form.toString());
    }
  }

  private static void pop(Core c, Instruction i) {
    int size = i.operandBytes;
    if (!i.destinationInMemory) {
      int value = c.pop(size);
      c.setRegister(i.a, 0, size, value);
      return;
    }
    int value = c.read(c.stack(0, size, false), size);
    int stackPointer = c.r[Cpu.ESP];
    // An address built on ESP sees it after the pop.
    c.moveStack(size);
    int offset = c.offset(i);
    c.r[Cpu.ESP] = stackPointer;
    c.write(c.linear(i.segment, offset, size, true), size, value);
    c.moveStack(size);
  }

  private static void pushAll(Core c, int size) {
    for (int register = Cpu.EAX; register <= Cpu.EDI; register++) {
      c.mmu.probeWrite(c.stack(-size * (register + 1), size, true), size);
    }
    for (int register = Cpu.EAX; register <= Cpu.EDI; register++) {
      c.write(c.stack(-size * (register + 1), size, true), size, c.r[register]);
    }
    c.moveStack(-8 * size);
  }

  private static void popAll(Core c, int size) {
    for (int register = Cpu.EDI; register >= Cpu.EAX; register--) {
      c.mmu.probeRead(c.stack(size * (Cpu.EDI - register), size, false), size);
    }
    for (int register = Cpu.EDI; register >= Cpu.EAX; register--) {
      if (register != Cpu.ESP) {
        int value = c.read(c.stack(size * (Cpu.EDI - register), size, false), size);
        c.setRegister(register, 0, size, value);
      }
    }
    c.moveStack(8 * size);
  }

  /** ENTER copies {@code level} - 1 frame pointers of the enclosing procedures, then its own. */
  private static void enter(Core c, Instruction i) {
    int size = i.operandBytes;
    int level = i.immediate2 & 31;
    int words = level == 0 ? 1 : level + 1;
    for (int word = 1; word <= words; word++) {
      if (word > 1 && word < words) {
        c.mmu.probeRead(c.atStack(c.r[Cpu.EBP] - size * (word - 1), size, false), size);
      }
      c.mmu.probeWrite(c.stack(-size * word, size, true), size);
    }
    // The processor tries a write at the final stack pointer, too.
    c.mmu.probeWrite(c.stack(-size * words - i.immediate, size, true), size);
    int frame = c.r[Cpu.ESP] - size;
    c.write(c.stack(-size, size, true), size, c.r[Cpu.EBP]);
    for (int word = 2; word < words; word++) {
      int value = c.read(c.atStack(c.r[Cpu.EBP] - size * (word - 1), size, false), size);
      c.write(c.stack(-size * word, size, true), size, value);
    }
    if (level > 0) {
      c.write(c.stack(-size * words, size, true), size, frame);
    }
    c.setRegister(Cpu.EBP, 0, size, frame);
    c.moveStack(-size * words - i.immediate);
  }
}

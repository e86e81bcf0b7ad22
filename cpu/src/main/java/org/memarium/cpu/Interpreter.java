package org.memarium.cpu;

import org.memarium.hardware.Mmu;
import org.memarium.hardware.ProcessorException;

/**
 * The loop that executes blocks: one switch over {@link Op}.
 *
 * <p>Hot instructions are done here; the others go to the class of their group. Every case does all
 * its faultable accesses before it changes a register or a flag, so that an exception needs nothing
 * undone: EIP and the count of instructions follow from the block and the position in it.
 *
 * <p>HotSpot compiles no method of more than 8000 bytecodes, so {@link #execute} must stay below.
 */
final class Interpreter {
  private static final long LOW_32 = 0xffff_ffffL;

  private final Core core;
  private final BlockCache cache;

  /** The block that the last {@link #execute} left by a branch with a fixed target, or NONE. */
  private Block linkFrom = Block.NONE;

  /** Transfers from block to block that needed no translation, not yet reported to the MMU. */
  private long fetchHits;

  Interpreter(Core core) {
    this.core = core;
    this.cache = new BlockCache(core);
  }

  /** {@link Cpu#run}. */
  Exit run(long maxInstructions) {
    Core c = core;
    long room = Long.MAX_VALUE - c.instructions;
    long end = c.instructions + Math.min(Math.max(maxInstructions, 0), room);
    c.exception = null;
    c.noticeSegments();
    linkFrom = Block.NONE;
    try {
      for (; ; ) {
        if (c.stopRequested()) {
          c.clearStop();
          return Exit.STOPPED;
        }
        if (c.instructions >= end) {
          return Exit.BUDGET;
        }
        runBlocks(end);
        if (c.exception != null) {
          return Exit.EXCEPTION;
        }
        if (c.interrupted) {
          c.interrupted = false;
          return Exit.INTERRUPT;
        }
      }
    } finally {
      c.mmu.countFetchHits(fetchHits);
      fetchHits = 0;
    }
  }

  /** Finds the block at EIP and executes from there for as long as blocks lead on. */
  private void runBlocks(long end) {
    Core c = core;
    long allowed = c.singleStep() ? 1 : end - c.instructions;
    try {
      Block block = allowed >= BlockCache.MAX_INSTRUCTIONS ? found(c.eip) : null;
      if (block != null) {
        execute(block, end);
      } else {
        runShort((int) Math.min(allowed, BlockCache.MAX_INSTRUCTIONS));
      }
    } catch (ProcessorException fault) {
      c.exception = fault; // of the fetch; EIP is where it was
      return;
    }
    if (c.trap != null && c.exception == null) {
      c.exception = c.trap;
      c.trap = null;
    }
  }

  private Block found(int eip) {
    Block from = linkFrom;
    linkFrom = Block.NONE;
    Block block = cache.find(eip);
    if (from.generation != Block.NEVER) {
      if (eip == from.endEip) {
        from.next = block;
      } else {
        from.taken = block;
      }
    }
    return block;
  }

  /** Near the end of the budget, or in single steps: a block of just so many instructions. */
  private void runShort(int max) {
    Core c = core;
    boolean singleStep = c.singleStep();
    linkFrom = Block.NONE;
    Block block = cache.findShort(c.eip, max);
    try {
      execute(block, c.instructions + block.count);
    } finally {
      cache.drop(block);
      linkFrom = Block.NONE;
    }
    if (singleStep && c.exception == null && !c.interrupted && c.trap == null) {
      c.trap = ProcessorException.of(ProcessorException.DEBUG);
    }
  }

  /**
   * Executes a block and those that follow it, while their translations hold and at most until
   * {@code end} instructions have been executed. Afterwards EIP and the count are exact; an
   * exception is in {@link Core#exception}.
   */
  private void execute(Block first, long end) {
    Core c = core;
    int[] r = c.r;
    Mmu mmu = c.mmu;
    Block block = first;
    Instruction[] code = block.code;
    int n = 0;
    try {
      for (; ; ) {
        Block successor;
        int target;
        int value;
        long linear;
        body:
        for (; ; n++) {
          Instruction i = code[n];
          switch (i.op) {
            case Op.MOV_RR:
              r[i.a] = r[i.b];
              break;
            case Op.MOV_RI:
              r[i.a] = i.immediate;
              break;
            case Op.MOV_RM:
              r[i.a] = mmu.readInt(at(r, i));
              break;
            case Op.MOV_MR:
              mmu.writeInt(at(r, i), r[i.b]);
              break;
            case Op.MOV_MI:
              mmu.writeInt(at(r, i), i.immediate);
              break;
            case Op.MOV_RS:
              r[i.a] = mmu.readInt(c.linear(i, 4, false));
              break;
            case Op.ADD_RR:
              r[i.a] = c.add(r[i.a], r[i.b]);
              break;
            case Op.ADD_RI:
              r[i.a] = c.add(r[i.a], i.immediate);
              break;
            case Op.ADD_RM:
              r[i.a] = c.add(r[i.a], mmu.readInt(at(r, i)));
              break;
            case Op.ADD_MR:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.add(mmu.readInt(linear), r[i.b]));
              break;
            case Op.ADD_MI:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.add(mmu.readInt(linear), i.immediate));
              break;
            case Op.SUB_RR:
              r[i.a] = c.subtract(r[i.a], r[i.b]);
              break;
            case Op.SUB_RI:
              r[i.a] = c.subtract(r[i.a], i.immediate);
              break;
            case Op.SUB_RM:
              r[i.a] = c.subtract(r[i.a], mmu.readInt(at(r, i)));
              break;
            case Op.SUB_MR:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.subtract(mmu.readInt(linear), r[i.b]));
              break;
            case Op.SUB_MI:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.subtract(mmu.readInt(linear), i.immediate));
              break;
            case Op.AND_RR:
              r[i.a] = c.logic(r[i.a] & r[i.b]);
              break;
            case Op.AND_RI:
              r[i.a] = c.logic(r[i.a] & i.immediate);
              break;
            case Op.AND_RM:
              r[i.a] = c.logic(r[i.a] & mmu.readInt(at(r, i)));
              break;
            case Op.AND_MR:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.logic(mmu.readInt(linear) & r[i.b]));
              break;
            case Op.AND_MI:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.logic(mmu.readInt(linear) & i.immediate));
              break;
            case Op.OR_RR:
              r[i.a] = c.logic(r[i.a] | r[i.b]);
              break;
            case Op.OR_RI:
              r[i.a] = c.logic(r[i.a] | i.immediate);
              break;
            case Op.OR_RM:
              r[i.a] = c.logic(r[i.a] | mmu.readInt(at(r, i)));
              break;
            case Op.OR_MR:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.logic(mmu.readInt(linear) | r[i.b]));
              break;
            case Op.OR_MI:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.logic(mmu.readInt(linear) | i.immediate));
              break;
            case Op.XOR_RR:
              r[i.a] = c.logic(r[i.a] ^ r[i.b]);
              break;
            case Op.XOR_RI:
              r[i.a] = c.logic(r[i.a] ^ i.immediate);
              break;
            case Op.XOR_RM:
              r[i.a] = c.logic(r[i.a] ^ mmu.readInt(at(r, i)));
              break;
            case Op.XOR_MR:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.logic(mmu.readInt(linear) ^ r[i.b]));
              break;
            case Op.XOR_MI:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.logic(mmu.readInt(linear) ^ i.immediate));
              break;
            case Op.CMP_RR:
              c.subtract(r[i.a], r[i.b]);
              break;
            case Op.CMP_RI:
              c.subtract(r[i.a], i.immediate);
              break;
            case Op.CMP_RM:
              c.subtract(r[i.a], mmu.readInt(at(r, i)));
              break;
            case Op.CMP_MR:
              c.subtract(mmu.readInt(at(r, i)), r[i.b]);
              break;
            case Op.CMP_MI:
              c.subtract(mmu.readInt(at(r, i)), i.immediate);
              break;
            case Op.TEST_RR:
              c.logic(r[i.a] & r[i.b]);
              break;
            case Op.TEST_RI:
              c.logic(r[i.a] & i.immediate);
              break;
            case Op.TEST_MR:
              c.logic(mmu.readInt(at(r, i)) & r[i.b]);
              break;
            case Op.TEST_MI:
              c.logic(mmu.readInt(at(r, i)) & i.immediate);
              break;
            case Op.ADC_RR:
              r[i.a] = c.add(r[i.a], r[i.b], c.carries >>> 31, 4);
              break;
            case Op.ADC_RI:
              r[i.a] = c.add(r[i.a], i.immediate, c.carries >>> 31, 4);
              break;
            case Op.ADC_RM:
              r[i.a] = c.add(r[i.a], mmu.readInt(at(r, i)), c.carries >>> 31, 4);
              break;
            case Op.SBB_RR:
              r[i.a] = c.subtract(r[i.a], r[i.b], c.carries >>> 31, 4);
              break;
            case Op.SBB_RI:
              r[i.a] = c.subtract(r[i.a], i.immediate, c.carries >>> 31, 4);
              break;
            case Op.SBB_RM:
              r[i.a] = c.subtract(r[i.a], mmu.readInt(at(r, i)), c.carries >>> 31, 4);
              break;
            case Op.INC_R:
              r[i.a] = c.increment(r[i.a]);
              break;
            case Op.DEC_R:
              r[i.a] = c.decrement(r[i.a]);
              break;
            case Op.INC_M:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.increment(mmu.readInt(linear)));
              break;
            case Op.DEC_M:
              linear = at(r, i);
              mmu.probeWrite(linear, 4);
              mmu.writeInt(linear, c.decrement(mmu.readInt(linear)));
              break;
            case Op.NEG_R:
              r[i.a] = c.subtract(0, r[i.a]);
              break;
            case Op.NOT_R:
              r[i.a] = ~r[i.a];
              break;
            case Op.SHL_RI:
              r[i.a] = Shifts.shiftLeft(c, r[i.a], i.immediate & 31, 4);
              break;
            case Op.SHR_RI:
              r[i.a] = Shifts.shiftRight(c, r[i.a], i.immediate & 31, 4);
              break;
            case Op.SAR_RI:
              r[i.a] = Shifts.shiftArithmeticRight(c, r[i.a], i.immediate & 31, 4);
              break;
            case Op.ROL_RI:
              r[i.a] = Shifts.rotateLeft(c, r[i.a], i.immediate & 31, 32);
              break;
            case Op.ROR_RI:
              r[i.a] = Shifts.rotateRight(c, r[i.a], i.immediate & 31, 32);
              break;
            case Op.IMUL_RR:
              r[i.a] = Multiplication.multiplyLow(c, r[i.a], r[i.b]);
              break;
            case Op.IMUL_RM:
              r[i.a] = Multiplication.multiplyLow(c, r[i.a], mmu.readInt(at(r, i)));
              break;
            case Op.IMUL_RRI:
              r[i.a] = Multiplication.multiplyLow(c, r[i.b], i.immediate);
              break;
            case Op.MUL_R:
              Multiplication.multiplyUnsigned(c, r[i.a]);
              break;
            case Op.CDQ:
              r[Cpu.EDX] = r[Cpu.EAX] >> 31;
              break;
            case Op.LEA:
              r[i.a] = (int) at(r, i);
              break;
            case Op.XCHG_RR:
              value = r[i.a];
              r[i.a] = r[i.b];
              r[i.b] = value;
              break;
            case Op.BSWAP_R:
              r[i.a] = Integer.reverseBytes(r[i.a]);
              break;
            case Op.CMOV_RR:
              if (c.condition(i.immediate)) {
                r[i.a] = r[i.b];
              }
              break;
            case Op.CMOV_RM:
              value = mmu.readInt(at(r, i));
              if (c.condition(i.immediate)) {
                r[i.a] = value;
              }
              break;
            case Op.MOV8_RR:
              setByte(r, i, r[i.b] >>> i.bShift);
              break;
            case Op.MOV8_RI:
              setByte(r, i, i.immediate);
              break;
            case Op.MOV8_RM:
              setByte(r, i, mmu.readByte(at(r, i)));
              break;
            case Op.MOV8_MR:
              mmu.writeByte(at(r, i), r[i.b] >>> i.bShift);
              break;
            case Op.MOV8_MI:
              mmu.writeByte(at(r, i), i.immediate);
              break;
            case Op.CMP8_RR:
              c.subtract(r[i.a] >>> i.aShift & 0xff, r[i.b] >>> i.bShift & 0xff, 0, 1);
              break;
            case Op.CMP8_RI:
              c.subtract(r[i.a] >>> i.aShift & 0xff, i.immediate, 0, 1);
              break;
            case Op.CMP8_RM:
              c.subtract(r[i.a] >>> i.aShift & 0xff, mmu.readByte(at(r, i)), 0, 1);
              break;
            case Op.CMP8_MR:
              c.subtract(mmu.readByte(at(r, i)), r[i.b] >>> i.bShift & 0xff, 0, 1);
              break;
            case Op.CMP8_MI:
              c.subtract(mmu.readByte(at(r, i)), i.immediate, 0, 1);
              break;
            case Op.TEST8_RR:
              c.logic((byte) (r[i.a] >>> i.aShift & r[i.b] >>> i.bShift));
              break;
            case Op.TEST8_RI:
              c.logic((byte) (r[i.a] >>> i.aShift & i.immediate));
              break;
            case Op.TEST8_MI:
              c.logic((byte) (mmu.readByte(at(r, i)) & i.immediate));
              break;
            case Op.MOV16_MR:
              mmu.writeShort(at(r, i), r[i.b]);
              break;
            case Op.MOV16_MI:
              mmu.writeShort(at(r, i), i.immediate);
              break;
            case Op.MOVZX8_R:
              r[i.a] = r[i.b] >>> i.bShift & 0xff;
              break;
            case Op.MOVZX8_M:
              r[i.a] = mmu.readByte(at(r, i));
              break;
            case Op.MOVZX16_R:
              r[i.a] = r[i.b] & 0xffff;
              break;
            case Op.MOVZX16_M:
              r[i.a] = mmu.readShort(at(r, i));
              break;
            case Op.MOVSX8_R:
              r[i.a] = (byte) (r[i.b] >>> i.bShift);
              break;
            case Op.MOVSX8_M:
              r[i.a] = (byte) mmu.readByte(at(r, i));
              break;
            case Op.MOVSX16_R:
              r[i.a] = (short) r[i.b];
              break;
            case Op.MOVSX16_M:
              r[i.a] = (short) mmu.readShort(at(r, i));
              break;
            case Op.SETCC_R:
              setByte(r, i, c.condition(i.immediate) ? 1 : 0);
              break;
            case Op.NOP:
              break;
            case Op.PUSH_R:
              mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, r[i.a]);
              r[Cpu.ESP] -= 4;
              break;
            case Op.PUSH_I:
              mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, i.immediate);
              r[Cpu.ESP] -= 4;
              break;
            case Op.PUSH_M:
              value = mmu.readInt(at(r, i));
              mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, value);
              r[Cpu.ESP] -= 4;
              break;
            case Op.POP_R:
              value = mmu.readInt(r[Cpu.ESP] & LOW_32);
              r[Cpu.ESP] += 4;
              r[i.a] = value;
              break;
            case Op.LEAVE:
              value = mmu.readInt(r[Cpu.EBP] & LOW_32);
              r[Cpu.ESP] = r[Cpu.EBP] + 4;
              r[Cpu.EBP] = value;
              break;
            case Op.ARITHMETIC:
              Arithmetic.execute(c, i);
              break;
            case Op.SHIFT:
              Shifts.execute(c, i);
              break;
            case Op.BIT:
              Bits.execute(c, i);
              break;
            case Op.MULTIPLY:
              Multiplication.execute(c, i);
              break;
            case Op.MOVE:
              Moves.execute(c, i);
              break;
            case Op.FLAGS:
              FlagOperations.execute(c, i);
              if (n + 1 == code.length) {
                target = i.next();
                successor = Block.NONE;
                break body;
              }
              break;
            case Op.STRING:
              Strings.execute(c, i);
              break;
            case Op.SEGMENT:
              Segments.execute(c, i);
              if (n + 1 == code.length) {
                target = i.next();
                successor = Block.NONE;
                break body;
              }
              break;
            case Op.X87:
              FloatingPoint.execute(c, i);
              break;
            case Op.CONTROL:
              Control.execute(c, i);
              target = c.eip;
              if (c.interrupted || c.trap != null) {
                c.instructions += block.count;
                return;
              }
              successor = cache.jump(target);
              break body;
            case Op.INVALID:
              throw ProcessorException.of(
                  i.operation() == Operation.TOO_LONG
                      ? ProcessorException.GENERAL_PROTECTION
                      : ProcessorException.INVALID_OPCODE);
            case Op.END:
              target = block.endEip;
              successor = block.next;
              break body;
            case Op.RESYNC:
              // The rest of this block was overwritten: what stands there now must be decoded.
              c.instructions += n;
              c.eip = i.eip;
              linkFrom = Block.NONE;
              return;
            case Op.JO:
              if (c.overflow()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JNO:
              if (!c.overflow()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JB:
              if (c.carry()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JAE:
              if (!c.carry()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JE:
              if (c.zero()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JNE:
              if (!c.zero()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JBE:
              if (c.carry() || c.zero()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JA:
              if (!(c.carry() || c.zero())) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JS:
              if (c.sign()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JNS:
              if (!c.sign()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JP:
              if (c.parity()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JNP:
              if (!c.parity()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JL:
              if (c.less()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JGE:
              if (!c.less()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JLE:
              if (c.zero() || c.less()) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JG:
              if (!(c.zero() || c.less())) {
                target = i.immediate;
                successor = block.taken;
              } else {
                target = block.endEip;
                successor = block.next;
              }
              break body;
            case Op.JMP:
              target = i.immediate;
              successor = block.taken;
              break body;
            case Op.CALL:
              mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, block.endEip);
              r[Cpu.ESP] -= 4;
              target = i.immediate;
              successor = block.taken;
              break body;
            case Op.CALL_R:
              value = r[i.a];
              mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, block.endEip);
              r[Cpu.ESP] -= 4;
              target = value;
              successor = cache.jump(value);
              break body;
            case Op.CALL_M:
              value = mmu.readInt(at(r, i));
              mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, block.endEip);
              r[Cpu.ESP] -= 4;
              target = value;
              successor = cache.jump(value);
              break body;
            case Op.JMP_R:
              target = r[i.a];
              successor = cache.jump(target);
              break body;
            case Op.JMP_M:
              target = mmu.readInt(at(r, i));
              successor = cache.jump(target);
              break body;
            case Op.RET:
              target = mmu.readInt(r[Cpu.ESP] & LOW_32);
              r[Cpu.ESP] += 4;
              successor = cache.jump(target);
              break body;
            case Op.RET_I:
              target = mmu.readInt(r[Cpu.ESP] & LOW_32);
              r[Cpu.ESP] += 4 + i.immediate;
              successor = cache.jump(target);
              break body;
            default:
              throw new IllegalStateException("no such op: " + i.op);
          }
        }
        c.instructions += block.count;
        if (successor.generation == cache.generation()
            && c.instructions + successor.count <= end
            && !c.stopRequested()) {
          fetchHits++;
          block = successor;
          code = block.code;
          n = 0;
        } else {
          c.eip = target;
          linkFrom = hasFixedTarget(code[n].op) ? block : Block.NONE;
          return;
        }
      }
    } catch (ProcessorException fault) {
      c.instructions += n;
      c.eip = code[n].eip;
      c.exception = fault;
    }
  }

  private static boolean hasFixedTarget(int op) {
    return op == Op.END || (op >= Op.JO && op <= Op.CALL);
  }

  /** Linear address of the memory operand in a flat segment. */
  private static long at(int[] r, Instruction i) {
    return r[i.base] + (r[i.index] << i.scale) + i.displacement & LOW_32;
  }

  /** Sets the byte register that is the destination. */
  private static void setByte(int[] r, Instruction i, int value) {
    int shift = i.aShift;
    r[i.a] = (r[i.a] & ~(0xff << shift)) | (value & 0xff) << shift;
  }
}

package org.memarium.cpu;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.ProcessorException;

/**
 * The loop that executes blocks: one switch over {@link Op}.
 *
 * <p>Hot instructions are done here; the others go to the class of their group. Every case does all
 * its faultable accesses before it changes a register or a flag, so that an exception needs nothing
 * undone: EIP and the count of instructions follow from the instruction.
 *
 * <p>Two things keep the compiled loop short. Little is alive from one round to the next, the state
 * and the instruction, so that both stay in registers. And HotSpot compiles no method of more than
 * 8000 bytecodes, so {@link #execute} stays below.
 */
final class Interpreter {
  private static final long LOW_32 = 0xffff_ffffL;

  private final Core core;
  private final BlockCache cache;

  /** The branch with a fixed target by which the last {@link #execute} was left, or null. */
  private @Nullable Instruction linkFrom;

  Interpreter(Core core) {
    this.core = core;
    this.cache = new BlockCache(core);
    core.setCache(cache);
  }

  /** What was decoded at an EIP is to be decoded again. */
  void forget(int eip) {
    cache.dropAt(eip);
  }

  /** {@link Cpu#run}. */
  Exit run(long maxInstructions) {
    Core c = core;
    long room = Long.MAX_VALUE - c.instructions;
    long end = c.instructions + Math.min(Math.max(maxInstructions, 0), room);
    c.exception = null;
    c.noticeSegments();
    linkFrom = null;
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
      c.mmu.countFetchHits(c.fetchHits);
      c.fetchHits = 0;
    }
  }

  /** Finds the block at EIP and executes from there for as long as blocks lead on. */
  private void runBlocks(long end) {
    Core c = core;
    long allowed = c.singleStep() ? 1 : end - c.instructions;
    Instruction from = linkFrom;
    linkFrom = null;
    try {
      if (allowed >= BlockCache.MAX_INSTRUCTIONS) {
        Instruction first = cache.find(c.eip).first();
        if (from != null) {
          link(from, first);
        }
        c.chainEnd = end - BlockCache.MAX_INSTRUCTIONS;
        linkFrom = execute(first);
      } else {
        runShort((int) allowed);
      }
    } catch (ProcessorException fault) {
      c.exception = fault; // of the fetch: EIP is where it was
      return;
    }
    if (c.trap != null && c.exception == null) {
      c.exception = c.trap;
      c.trap = null;
    }
  }

  private static void link(Instruction from, Instruction to) {
    if (from.op == Op.RESYNC) {
      return;
    }
    if (to.eip == from.endEip()) {
      from.next = to;
    }
    if (to.eip == from.immediate && from.op != Op.END) {
      from.taken = to;
    }
  }

  /** Near the end of the budget, or in single steps: a block of just so many instructions. */
  private void runShort(int max) {
    Core c = core;
    boolean singleStep = c.singleStep();
    Block block = cache.findShort(c.eip, max);
    c.chainEnd = Long.MIN_VALUE;
    try {
      execute(block.first());
    } finally {
      cache.drop(block);
    }
    if (singleStep && c.exception == null && !c.interrupted && c.trap == null) {
      c.trap = ProcessorException.singleStep();
    }
  }

  /**
   * Executes a block and those that follow it, while their translations hold and until the end of
   * the budget is near. Afterwards EIP and the count are exact; an exception is in {@link
   * Core#exception}.
   *
   * @return the last instruction if control left by its fixed target, so that it may be linked to
   *     what stands there; otherwise null
   */
  private @Nullable Instruction execute(Instruction first) {
    Core c = core;
    Instruction i = first;
    try {
      for (; ; ) {
        Instruction to;
        body:
        for (; ; i = i.next) {
          int[] r = c.r;
          int value;
          long linear;
          switch (i.op) {
            case Op.MOV_RR:
              r[i.a] = r[i.b];
              break;
            case Op.MOV_RI:
              r[i.a] = i.immediate;
              break;
            case Op.MOV_RM:
              r[i.a] = c.mmu.readInt(at(r, i));
              break;
            case Op.MOV_MR:
              c.mmu.writeInt(at(r, i), r[i.b]);
              break;
            case Op.MOV_MI:
              c.mmu.writeInt(at(r, i), i.immediate);
              break;
            case Op.MOV_RS:
              r[i.a] = c.mmu.readInt(c.linear(i, 4, false));
              break;
            case Op.ADD_RR:
              r[i.a] = c.add(r[i.a], r[i.b]);
              break;
            case Op.ADD_RI:
              r[i.a] = c.add(r[i.a], i.immediate);
              break;
            case Op.ADD_RM:
              r[i.a] = c.add(r[i.a], c.mmu.readInt(at(r, i)));
              break;
            case Op.ADD_MR:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.add(c.mmu.readInt(linear), r[i.b]));
              break;
            case Op.ADD_MI:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.add(c.mmu.readInt(linear), i.immediate));
              break;
            case Op.SUB_RR:
              r[i.a] = c.subtract(r[i.a], r[i.b]);
              break;
            case Op.SUB_RI:
              r[i.a] = c.subtract(r[i.a], i.immediate);
              break;
            case Op.SUB_RM:
              r[i.a] = c.subtract(r[i.a], c.mmu.readInt(at(r, i)));
              break;
            case Op.SUB_MR:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.subtract(c.mmu.readInt(linear), r[i.b]));
              break;
            case Op.SUB_MI:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.subtract(c.mmu.readInt(linear), i.immediate));
              break;
            case Op.AND_RR:
              r[i.a] = c.logic(r[i.a] & r[i.b]);
              break;
            case Op.AND_RI:
              r[i.a] = c.logic(r[i.a] & i.immediate);
              break;
            case Op.AND_RM:
              r[i.a] = c.logic(r[i.a] & c.mmu.readInt(at(r, i)));
              break;
            case Op.AND_MR:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.logic(c.mmu.readInt(linear) & r[i.b]));
              break;
            case Op.AND_MI:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.logic(c.mmu.readInt(linear) & i.immediate));
              break;
            case Op.OR_RR:
              r[i.a] = c.logic(r[i.a] | r[i.b]);
              break;
            case Op.OR_RI:
              r[i.a] = c.logic(r[i.a] | i.immediate);
              break;
            case Op.OR_RM:
              r[i.a] = c.logic(r[i.a] | c.mmu.readInt(at(r, i)));
              break;
            case Op.OR_MR:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.logic(c.mmu.readInt(linear) | r[i.b]));
              break;
            case Op.OR_MI:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.logic(c.mmu.readInt(linear) | i.immediate));
              break;
            case Op.XOR_RR:
              r[i.a] = c.logic(r[i.a] ^ r[i.b]);
              break;
            case Op.XOR_RI:
              r[i.a] = c.logic(r[i.a] ^ i.immediate);
              break;
            case Op.XOR_RM:
              r[i.a] = c.logic(r[i.a] ^ c.mmu.readInt(at(r, i)));
              break;
            case Op.XOR_MR:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.logic(c.mmu.readInt(linear) ^ r[i.b]));
              break;
            case Op.XOR_MI:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.logic(c.mmu.readInt(linear) ^ i.immediate));
              break;
            case Op.CMP_RR:
              c.subtract(r[i.a], r[i.b]);
              break;
            case Op.CMP_RI:
              c.subtract(r[i.a], i.immediate);
              break;
            case Op.CMP_RM:
              c.subtract(r[i.a], c.mmu.readInt(at(r, i)));
              break;
            case Op.CMP_MR:
              c.subtract(c.mmu.readInt(at(r, i)), r[i.b]);
              break;
            case Op.CMP_MI:
              c.subtract(c.mmu.readInt(at(r, i)), i.immediate);
              break;
            case Op.TEST_RR:
              c.logic(r[i.a] & r[i.b]);
              break;
            case Op.TEST_RI:
              c.logic(r[i.a] & i.immediate);
              break;
            case Op.TEST_MR:
              c.logic(c.mmu.readInt(at(r, i)) & r[i.b]);
              break;
            case Op.TEST_MI:
              c.logic(c.mmu.readInt(at(r, i)) & i.immediate);
              break;
            case Op.ADC_RR:
              r[i.a] = c.add(r[i.a], r[i.b], c.carries >>> 31, 4);
              break;
            case Op.ADC_RI:
              r[i.a] = c.add(r[i.a], i.immediate, c.carries >>> 31, 4);
              break;
            case Op.ADC_RM:
              r[i.a] = c.add(r[i.a], c.mmu.readInt(at(r, i)), c.carries >>> 31, 4);
              break;
            case Op.SBB_RR:
              r[i.a] = c.subtract(r[i.a], r[i.b], c.carries >>> 31, 4);
              break;
            case Op.SBB_RI:
              r[i.a] = c.subtract(r[i.a], i.immediate, c.carries >>> 31, 4);
              break;
            case Op.SBB_RM:
              r[i.a] = c.subtract(r[i.a], c.mmu.readInt(at(r, i)), c.carries >>> 31, 4);
              break;
            case Op.INC_R:
              r[i.a] = c.increment(r[i.a]);
              break;
            case Op.DEC_R:
              r[i.a] = c.decrement(r[i.a]);
              break;
            case Op.INC_M:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.increment(c.mmu.readInt(linear)));
              break;
            case Op.DEC_M:
              linear = at(r, i);
              c.mmu.probeWrite(linear, 4);
              c.mmu.writeInt(linear, c.decrement(c.mmu.readInt(linear)));
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
              r[i.a] = Multiplication.multiplyLow(c, r[i.a], c.mmu.readInt(at(r, i)));
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
              value = c.mmu.readInt(at(r, i));
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
              setByte(r, i, c.mmu.readByte(at(r, i)));
              break;
            case Op.MOV8_MR:
              c.mmu.writeByte(at(r, i), r[i.b] >>> i.bShift);
              break;
            case Op.MOV8_MI:
              c.mmu.writeByte(at(r, i), i.immediate);
              break;
            case Op.CMP8_RR:
              c.subtract(r[i.a] >>> i.aShift & 0xff, r[i.b] >>> i.bShift & 0xff, 0, 1);
              break;
            case Op.CMP8_RI:
              c.subtract(r[i.a] >>> i.aShift & 0xff, i.immediate, 0, 1);
              break;
            case Op.CMP8_RM:
              c.subtract(r[i.a] >>> i.aShift & 0xff, c.mmu.readByte(at(r, i)), 0, 1);
              break;
            case Op.CMP8_MR:
              c.subtract(c.mmu.readByte(at(r, i)), r[i.b] >>> i.bShift & 0xff, 0, 1);
              break;
            case Op.CMP8_MI:
              c.subtract(c.mmu.readByte(at(r, i)), i.immediate, 0, 1);
              break;
            case Op.TEST8_RR:
              c.logic((byte) (r[i.a] >>> i.aShift & r[i.b] >>> i.bShift));
              break;
            case Op.TEST8_RI:
              c.logic((byte) (r[i.a] >>> i.aShift & i.immediate));
              break;
            case Op.TEST8_MI:
              c.logic((byte) (c.mmu.readByte(at(r, i)) & i.immediate));
              break;
            case Op.MOV16_MR:
              c.mmu.writeShort(at(r, i), r[i.b]);
              break;
            case Op.MOV16_MI:
              c.mmu.writeShort(at(r, i), i.immediate);
              break;
            case Op.MOVZX8_R:
              r[i.a] = r[i.b] >>> i.bShift & 0xff;
              break;
            case Op.MOVZX8_M:
              r[i.a] = c.mmu.readByte(at(r, i));
              break;
            case Op.MOVZX16_R:
              r[i.a] = r[i.b] & 0xffff;
              break;
            case Op.MOVZX16_M:
              r[i.a] = c.mmu.readShort(at(r, i));
              break;
            case Op.MOVSX8_R:
              r[i.a] = (byte) (r[i.b] >>> i.bShift);
              break;
            case Op.MOVSX8_M:
              r[i.a] = (byte) c.mmu.readByte(at(r, i));
              break;
            case Op.MOVSX16_R:
              r[i.a] = (short) r[i.b];
              break;
            case Op.MOVSX16_M:
              r[i.a] = (short) c.mmu.readShort(at(r, i));
              break;
            case Op.SETCC_R:
              setByte(r, i, c.condition(i.immediate) ? 1 : 0);
              break;
            case Op.NOP:
              break;
            case Op.PUSH_R:
              c.mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, r[i.a]);
              r[Cpu.ESP] -= 4;
              break;
            case Op.PUSH_I:
              c.mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, i.immediate);
              r[Cpu.ESP] -= 4;
              break;
            case Op.PUSH_M:
              value = c.mmu.readInt(at(r, i));
              c.mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, value);
              r[Cpu.ESP] -= 4;
              break;
            case Op.POP_R:
              value = c.mmu.readInt(r[Cpu.ESP] & LOW_32);
              r[Cpu.ESP] += 4;
              r[i.a] = value;
              break;
            case Op.LEAVE:
              value = c.mmu.readInt(r[Cpu.EBP] & LOW_32);
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
              if (i.last) {
                c.eip = i.endEip();
                to = Instruction.UNKNOWN_NEXT;
                break body;
              }
              break;
            case Op.STRING:
              Strings.execute(c, i);
              break;
            case Op.SEGMENT:
              Segments.execute(c, i);
              if (i.last) {
                c.eip = i.endEip();
                to = Instruction.UNKNOWN_NEXT;
                break body;
              }
              break;
            case Op.X87:
              FloatingPoint.execute(c, i);
              break;
            case Op.SIMD_MOVE:
              SimdMoves.execute(c, i);
              break;
            case Op.SIMD_INTEGER:
              SimdIntegers.execute(c, i);
              break;
            case Op.SIMD_FLOAT:
              SimdFloats.execute(c, i);
              break;
            case Op.SIMD_CONVERT:
              SimdConversions.execute(c, i);
              break;
            case Op.SIMD_STATE:
              SimdState.execute(c, i);
              break;
            case Op.CONTROL:
              Control.execute(c, i);
              if (c.interrupted || c.trap != null) {
                c.instructions += i.countAfter;
                return null;
              }
              to = c.jump(c.eip);
              break body;
            case Op.INVALID:
              throw ProcessorException.of(
                  i.operation() == Operation.TOO_LONG
                      ? ProcessorException.GENERAL_PROTECTION
                      : ProcessorException.INVALID_OPCODE);
            case Op.WATCH:
              c.eip = i.eip;
              c.watches.reached(i.eip);
              break;
            case Op.END:
              to = i.next;
              break body;
            case Op.RESYNC:
              // The rest of this block was overwritten: what stands there now must be decoded.
              c.instructions += i.ordinal;
              c.eip = i.eip;
              return null;
            case Op.JO:
              to = c.overflow() ? i.taken : i.next;
              break body;
            case Op.JNO:
              to = !c.overflow() ? i.taken : i.next;
              break body;
            case Op.JB:
              to = c.carry() ? i.taken : i.next;
              break body;
            case Op.JAE:
              to = !c.carry() ? i.taken : i.next;
              break body;
            case Op.JE:
              to = c.zero() ? i.taken : i.next;
              break body;
            case Op.JNE:
              to = !c.zero() ? i.taken : i.next;
              break body;
            case Op.JBE:
              to = c.carry() || c.zero() ? i.taken : i.next;
              break body;
            case Op.JA:
              to = !(c.carry() || c.zero()) ? i.taken : i.next;
              break body;
            case Op.JS:
              to = c.sign() ? i.taken : i.next;
              break body;
            case Op.JNS:
              to = !c.sign() ? i.taken : i.next;
              break body;
            case Op.JP:
              to = c.parity() ? i.taken : i.next;
              break body;
            case Op.JNP:
              to = !c.parity() ? i.taken : i.next;
              break body;
            case Op.JL:
              to = c.less() ? i.taken : i.next;
              break body;
            case Op.JGE:
              to = !c.less() ? i.taken : i.next;
              break body;
            case Op.JLE:
              to = c.zero() || c.less() ? i.taken : i.next;
              break body;
            case Op.JG:
              to = !(c.zero() || c.less()) ? i.taken : i.next;
              break body;
            case Op.JMP:
              to = i.taken;
              break body;
            case Op.CALL:
              c.mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, i.endEip());
              r[Cpu.ESP] -= 4;
              c.eip = i.immediate;
              to = i.taken;
              break body;
            case Op.CALL_R:
              value = r[i.a];
              c.mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, i.endEip());
              r[Cpu.ESP] -= 4;
              c.eip = value;
              to = c.jump(value);
              break body;
            case Op.CALL_M:
              value = c.mmu.readInt(at(r, i));
              c.mmu.writeInt(r[Cpu.ESP] - 4 & LOW_32, i.endEip());
              r[Cpu.ESP] -= 4;
              c.eip = value;
              to = c.jump(value);
              break body;
            case Op.JMP_R:
              c.eip = r[i.a];
              to = c.jump(c.eip);
              break body;
            case Op.JMP_M:
              c.eip = c.mmu.readInt(at(r, i));
              to = c.jump(c.eip);
              break body;
            case Op.RET:
              c.eip = c.mmu.readInt(r[Cpu.ESP] & LOW_32);
              r[Cpu.ESP] += 4;
              to = c.jump(c.eip);
              break body;
            case Op.RET_I:
              c.eip = c.mmu.readInt(r[Cpu.ESP] & LOW_32);
              r[Cpu.ESP] += 4 + i.immediate;
              to = c.jump(c.eip);
              break body;
            default:
              throw new IllegalStateException("no such op: " + i.op);
          }
        }
        c.instructions += i.countAfter;
        if (to.generation == c.generation() && c.instructions <= c.chainEnd && !c.stopRequested()) {
          c.fetchHits++;
          i = to;
        } else {
          return leave(c, i, to);
        }
      }
    } catch (ProcessorException fault) {
      c.instructions += i.ordinal;
      c.eip = i.eip;
      c.exception = fault;
      return null;
    }
  }

  private static @Nullable Instruction leave(Core c, Instruction i, Instruction to) {
    if (i.op == Op.END) {
      c.eip = i.eip;
      return i;
    }
    if (i.op >= Op.JO && i.op <= Op.CALL) {
      c.eip = to == i.taken ? i.immediate : i.endEip();
      return i;
    }
    return null;
  }

  /** Linear address of the memory operand in a flat segment. */
  private static long at(int[] r, Instruction i) {
    return (r[i.base] + (r[i.index] << i.scale) + i.displacement) & LOW_32;
  }

  /** Sets the byte register that is the destination. */
  private static void setByte(int[] r, Instruction i, int value) {
    int shift = i.aShift;
    r[i.a] = (r[i.a] & ~(0xff << shift)) | (value & 0xff) << shift;
  }
}

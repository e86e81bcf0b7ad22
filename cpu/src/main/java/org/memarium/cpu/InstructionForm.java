package org.memarium.cpu;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.x87.X87Form;

/**
 * One form of one instruction: a line of the opcode map.
 *
 * @param operation what it does
 * @param mnemonic Intel's, lower case; two names as {@code cbw|cwde} are those for an operand size
 *     of 16 and of 32 bits
 * @param model the first processor that has it
 * @param prefix a prefix byte that belongs to the opcode: 66, F2 or F3; {@link #NO_PREFIX} if there
 *     must be none of them; 0 if they do not choose among forms
 * @param twoByte whether 0F precedes the opcode
 * @param opcode the opcode byte; the lowest one if {@code count} is more than 1
 * @param count 8 if the low three bits of the opcode name a register, otherwise 1
 * @param modRm what follows the opcode
 * @param digit the reg field that ModRM must have, or -1
 * @param fixedModRm the whole byte that ModRM must be, or -1; for x87 register forms the lowest one
 * @param operands destination first
 * @param lockable whether LOCK is allowed if the first operand is in memory
 * @param flagsRead mask of the flags that it depends on
 * @param flagsWritten mask of the flags that get a defined value
 * @param flagsUndefined mask of the flags that no manual defines afterwards
 * @param x87 for {@link Operation#X87}, what the floating-point unit knows of it
 */
public record InstructionForm(
    Operation operation,
    String mnemonic,
    CpuModel model,
    int prefix,
    boolean twoByte,
    int opcode,
    int count,
    ModRm modRm,
    int digit,
    int fixedModRm,
    List<Operand> operands,
    boolean lockable,
    int flagsRead,
    int flagsWritten,
    int flagsUndefined,
    @Nullable X87Form x87) {

  /** As {@link #prefix}: none of 66, F2 and F3 may be there. */
  public static final int NO_PREFIX = 1;

  /** What must follow the opcode. */
  public enum ModRm {
    /** No ModRM byte. */
    NONE,
    /** A ModRM byte that names a register or memory. */
    ANY,
    /** A ModRM byte that names memory. */
    MEMORY,
    /** A ModRM byte that names a register. */
    REGISTER
  }

  /** The name for an operand size of 2 or 4 bytes. */
  public String mnemonic(int operandBytes) {
    int bar = mnemonic.indexOf('|');
    if (bar < 0) {
      return mnemonic;
    }
    return operandBytes == 2 ? mnemonic.substring(0, bar) : mnemonic.substring(bar + 1);
  }

  /** The condition code of Jcc, SETcc and CMOVcc: the low four bits of the opcode. */
  public int condition() {
    return opcode & 15;
  }

  /**
   * The prefix that chooses among forms of one opcode, as {@link #prefix} has it: F2 and F3 go
   * before 66.
   *
   * @param repeatPrefix F2 or F3, the last one given, or 0
   * @param operandPrefix whether 66 was given
   */
  public static int choosingPrefix(int repeatPrefix, boolean operandPrefix) {
    return repeatPrefix != 0 ? repeatPrefix : operandPrefix ? 0x66 : NO_PREFIX;
  }

  /**
   * Whether this form is the one meant.
   *
   * @param choosingPrefix what {@link #choosingPrefix(int, boolean)} says
   * @param nextByte the byte after the opcode, looked at only where the form has a ModRM byte
   */
  boolean matches(int choosingPrefix, int nextByte) {
    if (prefix != 0 && prefix != choosingPrefix) {
      return false;
    }
    return switch (modRm) {
      case NONE -> true;
      case ANY -> digitMatches(nextByte);
      case MEMORY -> nextByte < 0xC0 && digitMatches(nextByte);
      case REGISTER -> nextByte >= 0xC0 && digitMatches(nextByte);
    };
  }

  private boolean digitMatches(int modRmByte) {
    if (fixedModRm >= 0) {
      int count = x87 == null ? 1 : x87.count();
      return modRmByte >= fixedModRm && modRmByte < fixedModRm + count;
    }
    return digit < 0 || digit == (modRmByte >> 3 & 7);
  }
}

package org.memarium.cpu;

/**
 * EFLAGS (Intel SDM vol. 1, 3.4.3).
 *
 * <pre>
 *   21  20  19  18  17  16  15  14  13 12  11  10   9   8   7   6   5   4   3   2   1   0
 *  +---+---+---+---+---+---+---+---+------+---+---+---+---+---+---+---+---+---+---+---+---+
 *  |ID |VIP|VIF|AC |VM |RF | 0 |NT | IOPL |OF |DF |IF |TF |SF |ZF | 0 |AF | 0 |PF | 1 |CF |
 *  +---+---+---+---+---+---+---+---+------+---+---+---+---+---+---+---+---+---+---+---+---+
 * </pre>
 */
public final class Flags {
  /** Carry. */
  public static final int CF = 1;

  /** Parity of the low byte, even. */
  public static final int PF = 1 << 2;

  /** Carry out of bit 3. */
  public static final int AF = 1 << 4;

  /** Zero. */
  public static final int ZF = 1 << 6;

  /** Sign. */
  public static final int SF = 1 << 7;

  /** Trap: single step. */
  public static final int TF = 1 << 8;

  /** Interrupts enabled. */
  public static final int IF = 1 << 9;

  /** Direction of string instructions: down. */
  public static final int DF = 1 << 10;

  /** Signed overflow. */
  public static final int OF = 1 << 11;

  /** I/O privilege level, two bits. */
  public static final int IOPL = 3 << 12;

  /** Nested task. */
  public static final int NT = 1 << 14;

  /** Resume: no debug exception for the next instruction. */
  public static final int RF = 1 << 16;

  /** Alignment check. */
  public static final int AC = 1 << 18;

  /** CPUID exists if a program can change it. */
  public static final int ID = 1 << 21;

  /** Bit 1, which is always set. */
  public static final int ALWAYS = 1 << 1;

  /** The six flags that arithmetic sets. */
  public static final int ARITHMETIC = OF | SF | ZF | AF | PF | CF;

  /** What POPF and IRET may change in user mode with IOPL 0. */
  public static final int USER_WRITABLE = ARITHMETIC | DF | TF | NT | AC | ID;

  private Flags() {}
}

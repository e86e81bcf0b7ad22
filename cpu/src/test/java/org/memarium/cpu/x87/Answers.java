package org.memarium.cpu.x87;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Compares and shows answers of host-fpu.c. */
final class Answers {
  private static final int STATUS_HIGH = 5;
  private static final int REGISTERS = 28;
  private static final int C1 = 0x02;

  private Answers() {}

  /** Whether two answers to a request are the same, as far as the host can tell. */
  private static boolean same(byte[] request, byte[] expected, byte[] actual, X87Form form) {
    if (expected[HostFpu.CODE] == 1) {
      // SIGFPE came: the state is the signal handler's.
      return actual[HostFpu.CODE] == 1;
    }
    byte[] patched = actual.clone();
    forgiveLostPointers(expected, patched, 0, 4);
    if (form.effect() == X87Form.Effect.STORE_IMAGE) {
      forgiveLostPointers(expected, patched, HostFpu.MEMORY, request[HostFpu.CODE] == 0x66 ? 2 : 4);
    }
    return Arrays.equals(expected, patched);
  }

  /**
   * A context switch of the host's kernel loses the pointers of a program in 32 bits, at any time:
   * it leaves zeros, which no request asks for. They then prove nothing.
   */
  private static void forgiveLostPointers(byte[] expected, byte[] actual, int image, int stride) {
    if (expected[image + 4 * stride] == 0 || expected[image + 6 * stride] == 0) {
      int from = image + 3 * stride;
      System.arraycopy(expected, from, actual, from, 4 * stride);
    }
  }

  /** How two answers compare that may differ in how a result was rounded. */
  enum Likeness {
    SAME,
    /** Only C1 differs: both were rounded to the same number, from either side of it. */
    SAME_BUT_C1,
    /** The last bit of a number differs, and maybe C1. */
    SAME_BUT_LAST_BIT,
    DIFFERENT
  }

  /** How alike two answers are. */
  static Likeness compare(byte[] request, byte[] expected, byte[] actual, X87Form form) {
    if (same(request, expected, actual, form)) {
      return Likeness.SAME;
    }
    byte[] patched = actual.clone();
    patched[STATUS_HIGH] = (byte) ((patched[STATUS_HIGH] & ~C1) | (expected[STATUS_HIGH] & C1));
    if (same(request, expected, patched, form)) {
      return Likeness.SAME_BUT_C1;
    }
    ByteBuffer theirs = ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer ours = ByteBuffer.wrap(patched).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = REGISTERS; at < HostFpu.MEMORY; at += 10) {
      long low = theirs.getLong(at);
      short high = theirs.getShort(at + 8);
      if (isNeighbour(ours.getLong(at), ours.getShort(at + 8), low, high)) {
        ours.putLong(at, low).putShort(at + 8, high);
      }
    }
    return same(request, expected, patched, form) ? Likeness.SAME_BUT_LAST_BIT : Likeness.DIFFERENT;
  }

  private static boolean isNeighbour(long am, short ase, long bm, short bse) {
    return ase == bse
        ? Math.abs(am - bm) <= 1
        : Math.abs(ase - bse) == 1
            && (am == -1L || am == 1L << 63)
            && (bm == -1L || bm == 1L << 63);
  }

  /** A request and both answers, in three lines. */
  static String describe(byte[] request, byte[] expected, byte[] actual) {
    return "from   %s%nhost   %s%nours   %s%n"
        .formatted(describe(request), describe(expected), describe(actual));
  }

  private static String describe(byte[] record) {
    ByteBuffer b = ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN);
    StringBuilder text = new StringBuilder();
    text.append(
        "cw=%04x sw=%04x tw=%04x fip=%08x fcs=%08x fdp=%08x fds=%08x"
            .formatted(
                b.getShort(0),
                b.getShort(4),
                b.getShort(8),
                b.getInt(12),
                b.getInt(16),
                b.getInt(20),
                b.getInt(24)));
    for (int i = 0; i < 8; i++) {
      text.append(" %04x.%016x".formatted(b.getShort(36 + 10 * i), b.getLong(28 + 10 * i)));
    }
    text.append(" memory ");
    for (int i = 0; i < 28; i++) {
      text.append("%02x".formatted(b.get(HostFpu.MEMORY + i)));
    }
    text.append(
        " code=%08x eflags=%03x eax=%08x"
            .formatted(
                b.getInt(HostFpu.CODE), b.getInt(HostFpu.EFLAGS) & 0x8D5, b.getInt(HostFpu.EAX)));
    return text.toString();
  }
}

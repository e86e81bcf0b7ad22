package org.memarium.cpu.witness;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SortedMap;
import java.util.TreeMap;

/** Everything that can be seen after a case. */
final class Outcome {
  /** In {@link #trap}: it did not end. */
  static final int ENDLESS = -1;

  /** In {@link #trap}: a system call, which nobody answers here. */
  static final int SYSTEM_CALL = -2;

  static final int INT3 = 3;
  static final int PAGE_FAULT = 14;

  final int[] registers = new int[8];
  int eip;
  int eflags;

  /** ES, CS, SS, DS, FS, GS. */
  final int[] segments = new int[6];

  /** Vector of the exception or interrupt that ended it. */
  int trap;

  int error;

  /** Where {@link #trap} is a page fault. */
  int cr2;

  /** As FNSAVE writes it. */
  byte[] fpu = new byte[TestCase.FPU_BYTES];

  int mxcsr;

  /** XMM0 to XMM7. */
  byte[] xmm = new byte[TestCase.XMM_BYTES];

  /** Words of memory that changed: address and new value. */
  final SortedMap<Integer, Integer> changes = new TreeMap<>();

  /** Reads {@code struct test_result} of witness.c. */
  static Outcome readFrom(ByteBuffer from) {
    Outcome outcome = new Outcome();
    for (int i = 0; i < 8; i++) {
      outcome.registers[i] = from.getInt();
    }
    outcome.eip = from.getInt();
    outcome.eflags = from.getInt();
    for (int i = 0; i < 6; i++) {
      outcome.segments[i] = from.getInt();
    }
    int signal = from.getInt();
    outcome.trap = from.getInt();
    outcome.error = from.getInt();
    outcome.cr2 = from.getInt();
    from.getInt();
    if (signal == 26) {
      outcome.trap = ENDLESS;
    } else if (signal == 31) {
      outcome.trap = SYSTEM_CALL;
    }
    from.get(outcome.fpu);
    outcome.mxcsr = from.getInt();
    from.get(outcome.xmm);
    int changes = from.getInt();
    for (int i = 0; i < changes; i++) {
      int address = from.getInt();
      outcome.changes.put(address, from.getInt());
    }
    return outcome;
  }

  /** A register of SSE, the highest word first. */
  static String xmm(byte[] registers, int number) {
    ByteBuffer words = ByteBuffer.wrap(registers).order(ByteOrder.LITTLE_ENDIAN);
    int at = 16 * number;
    return "%08x_%08x_%08x_%08x"
        .formatted(
            words.getInt(at + 12), words.getInt(at + 8), words.getInt(at + 4), words.getInt(at));
  }

  static String flags(int eflags) {
    String names = "CPAZSTIDON";
    int[] bits = {0, 2, 4, 6, 7, 8, 9, 10, 11, 14};
    StringBuilder text = new StringBuilder("%06x ".formatted(eflags & 0xff_ffff));
    for (int i = bits.length - 1; i >= 0; i--) {
      text.append((eflags >>> bits[i] & 1) != 0 ? names.charAt(i) : '-');
    }
    return text.toString();
  }

  static String fpu(byte[] image) {
    ByteBuffer words = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    StringBuilder text =
        new StringBuilder(
            "cw %04x sw %04x tag %04x ip %08x op %03x data %08x"
                .formatted(
                    words.getShort(0) & 0xffff,
                    words.getShort(4) & 0xffff,
                    words.getShort(8) & 0xffff,
                    words.getInt(12),
                    words.getShort(18) & 0x7ff,
                    words.getInt(20)));
    for (int i = 0; i < 8; i++) {
      text.append(
          "%n           st%d %04x %016x"
              .formatted(i, words.getShort(28 + 10 * i + 8) & 0xffff, words.getLong(28 + 10 * i)));
    }
    return text.toString();
  }
}

package org.memarium.cpu.witness;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.memarium.cpu.Disassembler;

/**
 * One instruction and all that it starts from. The memory that it sees:
 *
 * <pre>
 *   0x10000000   two pages, executable and writable, full of int3; then nothing
 *   0x20000000   two pages, writable
 *   0x20002000   one page, read-only
 *   0x20003000   nothing
 *   0x20004000   one page, writable; then nothing
 * </pre>
 *
 * <p>Selectors: 0x23 flat code, 0x2b flat data, 0x63 the data pages with their exact limit, 0x6b
 * the data pages but for the first 4 KiB, expand-down, 0x73 the first 1 MiB.
 */
final class TestCase {
  static final int CODE = 0x1000_0000;
  static final int CODE_BYTES = 0x2000;
  static final int DATA = 0x2000_0000;
  static final int DATA_BYTES = 0x5000;
  static final int READ_ONLY = 0x2000_2000;
  static final int HOLE = 0x2000_3000;
  static final int AFTER_HOLE = 0x2000_4000;

  /** Selector of a segment of exactly the data pages. */
  static final int TLS_DATA = 0x63;

  /** Selector of an expand-down segment. */
  static final int TLS_EXPAND_DOWN = 0x6b;

  static final int EXPAND_DOWN_BASE = DATA + 0x800;
  static final int EXPAND_DOWN_LIMIT = 0x7ff;

  /** Selector of a segment from 0. */
  static final int TLS_LOW = 0x73;

  static final int LOW_LIMIT = 0xf_ffff;

  static final int USER_CODE = 0x23;
  static final int USER_DATA = 0x2b;

  static final int FPU_BYTES = 108;
  static final int XMM_BYTES = 128;
  static final int INITIAL_MXCSR = 0x1f80;
  static final int MAX_CODE = 128;

  private static final int[] INITIAL_FPU = {
    0xffff_037f, 0xffff_0000, 0xffff_ffff, 0, 0, 0, 0xffff_0000
  };

  /** What changes memory before the instruction runs. */
  @SuppressWarnings("ArrayRecordComponent") // Nobody changes or compares them.
  record Patch(int address, byte[] bytes) {}

  /** What made it, for reports. */
  String origin = "";

  /** Address of the operand in memory, if the generator chose one. */
  int target;

  byte[] code = {};
  int codeAddress = CODE + 0x800;
  final int[] registers = new int[8];
  int eflags = 0x202;
  int es = USER_DATA;
  int ds = USER_DATA;
  int fs = TLS_DATA;
  int gs = TLS_EXPAND_DOWN;

  /** As FNSAVE writes it. */
  byte[] fpu = initialFpu();

  int mxcsr = INITIAL_MXCSR;

  /** XMM0 to XMM7. */
  byte[] xmm = new byte[XMM_BYTES];

  List<Patch> patches = new ArrayList<>();

  static byte[] initialFpu() {
    ByteBuffer image = ByteBuffer.allocate(FPU_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int word : INITIAL_FPU) {
      image.putInt(word);
    }
    return image.array();
  }

  /** What byte {@code i} of the data pages holds before any patch. */
  static byte pattern(int i) {
    return (byte) (i * 37 + (i >> 8) * 11 + 5);
  }

  static boolean isWritableData(int address) {
    int offset = address - DATA;
    return offset >= 0 && offset < DATA_BYTES && (address < READ_ONLY || address >= AFTER_HOLE);
  }

  /** Adds a patch, or as much of it as lies in writable data pages. */
  void patch(int address, byte... bytes) {
    int from = 0;
    while (from < bytes.length) {
      int to = from;
      while (to < bytes.length && isWritableData(address + to)) {
        to++;
      }
      if (to > from) {
        byte[] piece = new byte[to - from];
        System.arraycopy(bytes, from, piece, 0, piece.length);
        patches.add(new Patch(address + from, piece));
      }
      from = to + 1;
    }
  }

  TestCase copy() {
    TestCase copy = new TestCase();
    copy.origin = origin;
    copy.target = target;
    copy.code = code.clone();
    copy.codeAddress = codeAddress;
    System.arraycopy(registers, 0, copy.registers, 0, 8);
    copy.eflags = eflags;
    copy.es = es;
    copy.ds = ds;
    copy.fs = fs;
    copy.gs = gs;
    copy.fpu = fpu.clone();
    copy.mxcsr = mxcsr;
    copy.xmm = xmm.clone();
    copy.patches = new ArrayList<>(patches);
    return copy;
  }

  /** As {@code struct test_case} of witness.c. */
  void writeTo(ByteBuffer to) {
    to.putInt(codeAddress).putInt(code.length);
    to.put(code);
    to.position(to.position() + MAX_CODE - code.length);
    for (int register : registers) {
      to.putInt(register);
    }
    to.putInt(codeAddress).putInt(eflags);
    to.putInt(es).putInt(ds).putInt(fs).putInt(gs);
    to.put(fpu);
    to.putInt(mxcsr);
    to.put(xmm);
    to.putInt(patches.size());
    for (Patch patch : patches) {
      to.putInt(patch.address()).putInt(patch.bytes().length);
      to.put(patch.bytes());
      while ((to.position() & 3) != 0) {
        to.put((byte) 0);
      }
    }
  }

  @Override
  public String toString() {
    HexFormat hex = HexFormat.ofDelimiter(" ");
    StringBuilder text = new StringBuilder();
    text.append("  code   %08x: %s%n".formatted(codeAddress, hex.formatHex(code)));
    Disassembler disassembler = new Disassembler(true);
    Disassembler.Line line = null;
    for (int at = 0; at < code.length; at += line.bytes()) {
      line = disassembler.disassemble(code, at, codeAddress + at);
      if (line == null) {
        break;
      }
      text.append("         %s%n".formatted(line.text()));
    }
    String[] names = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    text.append("  from  ");
    for (int i = 0; i < 8; i++) {
      text.append(" %s %08x".formatted(names[i], registers[i]));
    }
    text.append(
        "%n         eflags %s  es %02x ds %02x fs %02x gs %02x%n"
            .formatted(Outcome.flags(eflags), es, ds, fs, gs));
    if (!Arrays.equals(fpu, initialFpu())) {
      text.append("         fpu %s%n".formatted(Outcome.fpu(fpu)));
    }
    if (mxcsr != INITIAL_MXCSR || !Arrays.equals(xmm, new byte[XMM_BYTES])) {
      text.append("         mxcsr %04x%n".formatted(mxcsr));
      for (int i = 0; i < 8; i++) {
        text.append("         xmm%d %s%n".formatted(i, Outcome.xmm(xmm, i)));
      }
    }
    for (Patch patch : patches) {
      text.append(
          "         [%08x] = %s%n".formatted(patch.address(), hex.formatHex(patch.bytes())));
    }
    return text.toString();
  }
}

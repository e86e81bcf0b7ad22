package org.memarium.kernel.exec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * The bytes of {@code linux-gate.so.1}: the shared object that the kernel maps into each program
 * ({@code arch/x86/entry/vdso}).
 *
 * <p>Ours holds what a program needs the kernel for: the way into it, and the two ends of a signal
 * handler. The clocks of Linux's own are not there, and so libraries make system calls for the
 * time.
 *
 * <pre>
 *   0    ELF header, two program headers
 *   80   .hash      one bucket; the chain runs through all symbols
 *   a0   .dynsym    null, __kernel_vsyscall, __kernel_sigreturn, __kernel_rt_sigreturn
 *   e0   .dynstr
 *   160  .gnu.version, .gnu.version_d     base, LINUX_2.5
 *   1b0  .dynamic
 *   400  .text
 * </pre>
 */
final class VdsoImage {
  /** {@code __kernel_vsyscall}: where {@code AT_SYSINFO} points. */
  static final int VSYSCALL_OFFSET = 0x400;

  /** {@code __kernel_sigreturn}: where a handler without SA_SIGINFO returns to. */
  static final int SIGRETURN_OFFSET = 0x420;

  /** {@code __kernel_rt_sigreturn}: where a handler with SA_SIGINFO returns to. */
  static final int RT_SIGRETURN_OFFSET = 0x440;

  private static final int HASH = 0x80;
  private static final int SYMBOLS = 0xa0;
  private static final int STRINGS = 0xe0;
  private static final int VERSIONS = 0x160;
  private static final int VERSION_DEFINITIONS = 0x168;
  private static final int DYNAMIC = 0x1b0;
  private static final int END = 0x460;

  private static final String SONAME = "linux-gate.so.1";
  private static final String VERSION = "LINUX_2.5";

  /**
   * A function.
   *
   * @param code its bytes, in hexadecimal
   */
  private record Symbol(String name, int offset, String code) {
    byte[] bytes() {
      return HexFormat.of().parseHex(code);
    }
  }

  /**
   * The code: {@code int $0x80; ret}, {@code pop %eax; mov $119,%eax; int $0x80} and {@code mov
   * $173,%eax; int $0x80}. Unwinders know the frames of signals by the bytes of the latter two.
   */
  private static final List<Symbol> CODE =
      List.of(
          new Symbol("__kernel_vsyscall", VSYSCALL_OFFSET, "cd80c3"),
          new Symbol("__kernel_sigreturn", SIGRETURN_OFFSET, "58b877000000cd80"),
          new Symbol("__kernel_rt_sigreturn", RT_SIGRETURN_OFFSET, "b8ad000000cd80"));

  private final ByteBuffer image;
  private final StringBuilder strings = new StringBuilder("\0");

  private VdsoImage(int bytes) {
    image = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Builds the image.
   *
   * @param bytes its size: whole pages; zeroes follow what is in it
   */
  static byte[] build(int bytes) {
    VdsoImage vdso = new VdsoImage(bytes);
    vdso.headers();
    vdso.symbols();
    int soname = vdso.string(SONAME);
    vdso.versions(soname);
    byte[] text = vdso.strings.toString().getBytes(StandardCharsets.US_ASCII);
    vdso.image.put(STRINGS, text);
    vdso.dynamic(soname, text.length);
    for (Symbol symbol : CODE) {
      vdso.image.put(symbol.offset, symbol.bytes());
    }
    return vdso.image.array();
  }

  private int string(String text) {
    int offset = strings.length();
    strings.append(text).append('\0');
    return offset;
  }

  private void headers() {
    image.put(0, new byte[] {0x7f, 'E', 'L', 'F', 1, 1, 1});
    image.position(16);
    shorts(ElfFile.ET_DYN, 3);
    // version, entry, phoff, shoff, flags
    ints(1, VSYSCALL_OFFSET, ElfFile.HEADER_BYTES, 0, 0);
    shorts(ElfFile.HEADER_BYTES, ElfSegment.BYTES, 2, 0, 0, 0);
    ints(ElfSegment.LOAD, 0, 0, 0, END, END, ElfSegment.READ | ElfSegment.EXECUTE, 4096);
    int dynamicBytes = 10 * 8;
    ints(2, DYNAMIC, DYNAMIC, DYNAMIC, dynamicBytes, dynamicBytes, ElfSegment.READ, 4);
  }

  private void symbols() {
    image.position(HASH);
    // One bucket, so no hash needs computing: each symbol's chain entry names the next.
    ints(1, CODE.size() + 1, 1, 0);
    for (int symbol = 1; symbol <= CODE.size(); symbol++) {
      image.putInt(symbol == CODE.size() ? 0 : symbol + 1);
    }
    image.position(SYMBOLS + 16);
    for (Symbol symbol : CODE) {
      ints(string(symbol.name), symbol.offset, symbol.bytes().length);
      // STB_GLOBAL and STT_FUNC; any section index but 0 says that it is defined
      image.put((byte) 0x12).put((byte) 0).putShort((short) 1);
    }
  }

  private void versions(int soname) {
    image.position(VERSIONS);
    shorts(0, 2, 2, 2);
    image.position(VERSION_DEFINITIONS);
    definition(1, 1, SONAME, soname, 28);
    definition(0, 2, VERSION, string(VERSION), 0);
  }

  /** {@code Elf32_Verdef} with its one {@code Elf32_Verdaux}. */
  private void definition(int flags, int index, String name, int nameOffset, int next) {
    shorts(1, flags, index, 1);
    ints(elfHash(name), 20, next, nameOffset, 0);
  }

  private void dynamic(int soname, int stringBytes) {
    image.position(DYNAMIC);
    // DT_SONAME, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT
    ints(14, soname, 4, HASH, 5, STRINGS, 6, SYMBOLS, 10, stringBytes, 11, 16);
    // DT_VERDEF, DT_VERDEFNUM, DT_VERSYM, DT_NULL
    ints(0x6ffffffc, VERSION_DEFINITIONS, 0x6ffffffd, 2, 0x6ffffff0, VERSIONS, 0, 0);
  }

  private void ints(int... values) {
    Arrays.stream(values).forEach(image::putInt);
  }

  private void shorts(int... values) {
    Arrays.stream(values).forEach(value -> image.putShort((short) value));
  }

  /** The hash of the System V ABI. */
  private static int elfHash(String name) {
    int hash = 0;
    for (int i = 0; i < name.length(); i++) {
      hash = (hash << 4) + name.charAt(i);
      int high = hash & 0xf000_0000;
      hash = (hash ^ high >>> 24) & ~high;
    }
    return hash;
  }
}

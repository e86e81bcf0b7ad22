package org.memarium.kernel.exec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.error.ExecException;
import org.memarium.mm.Errno;

/**
 * The headers of a 32-bit ELF file: what the kernel reads before it maps anything.
 *
 * <pre>
 *   0      4       5      6         16     18        20        24      28      32
 *  +------+-------+------+---------+------+---------+---------+-------+-------+--
 *  | \x7fELF | class | data | version | type | machine | version | entry | phoff |
 *  +------+-------+------+---------+------+---------+---------+-------+-------+--
 *     36      40       42          44      46         48     50         52
 *   --+-------+--------+-----------+-------+----------+------+----------+
 *     | flags | ehsize | phentsize | phnum | shentsize| shnum| shstrndx |
 *   --+-------+--------+-----------+-------+----------+------+----------+
 * </pre>
 *
 * <p>The checks and their errors are those of {@code load_elf_binary} and {@code load_elf_phdrs} in
 * Linux 6.18; like Linux, it looks neither at the class nor at the byte order once the machine
 * fits, nor at the section headers.
 *
 * @param name for messages
 * @param type {@link #ET_EXEC} or {@link #ET_DYN}
 * @param entry as linked; 32 bits, unsigned
 * @param headersOffset {@code e_phoff}; 32 bits, unsigned
 * @param segments the program headers, in order
 */
record ElfFile(String name, int type, long entry, long headersOffset, List<ElfSegment> segments) {
  /** A program for fixed addresses. */
  static final int ET_EXEC = 2;

  /** A program or library for any address. */
  static final int ET_DYN = 3;

  /** {@code sizeof(Elf32_Ehdr)}. */
  static final int HEADER_BYTES = 52;

  private static final int EM_386 = 3;
  private static final int EM_486 = 6;
  private static final int MAX_HEADERS_BYTES = 65536;
  private static final int PATH_MAX = 4096;

  /** Where the bytes come from. */
  @FunctionalInterface
  interface Source {
    /**
     * Fills {@code buffer} from a position of the file on.
     *
     * @return how many bytes there were, or {@code -errno}
     */
    long read(byte[] buffer, long position);
  }

  /** What to answer where a file is no program, and what to call it. */
  private record Refusal(String name, int errno) {
    ExecException because(String reason) {
      return new ExecException(errno, name + ": " + reason);
    }
  }

  /**
   * Reads the headers of a program.
   *
   * @throws ExecException with ENOEXEC, and what is wrong in one line
   */
  static ElfFile readProgram(String name, Source source) {
    byte[] header = new byte[HEADER_BYTES];
    long got = source.read(header, 0);
    if (got < 0) {
      throw new ExecException((int) -got, name + ": cannot be read: " + Errno.name(got));
    }
    return parse(new Refusal(name, Errno.ENOEXEC), header, (int) got, source);
  }

  /**
   * Reads the headers of an interpreter.
   *
   * @throws ExecException with EIO if it is shorter than a header, otherwise ELIBBAD
   */
  static ElfFile readInterpreter(String name, Source source) {
    byte[] header = new byte[HEADER_BYTES];
    long got = source.read(header, 0);
    if (got != HEADER_BYTES) {
      throw new ExecException(
          got < 0 ? (int) -got : Errno.EIO,
          name + ": the program's interpreter is too short for an ELF header");
    }
    return parse(new Refusal(name, Errno.ELIBBAD), header, HEADER_BYTES, source);
  }

  private static ElfFile parse(Refusal refusal, byte[] bytes, int length, Source source) {
    if (length == 0) {
      throw refusal.because("not a program: the file is empty");
    }
    ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (header.getInt(0) != 0x464c457f) {
      throw refusal.because("not a program: neither an ELF header nor #!");
    }
    int type = header.getShort(16) & 0xffff;
    int machine = header.getShort(18) & 0xffff;
    if (machine != EM_386 && machine != EM_486) {
      throw refusal.because("not a 32-bit x86 program: " + otherMachine(bytes, machine));
    }
    if (type != ET_EXEC && type != ET_DYN) {
      throw refusal.because("not a program: " + otherType(type));
    }
    if (length < HEADER_BYTES) {
      throw refusal.because(
          "not a program: truncated after %d of %d header bytes".formatted(length, HEADER_BYTES));
    }
    int entryBytes = header.getShort(42) & 0xffff;
    int count = header.getShort(44) & 0xffff;
    if (entryBytes != ElfSegment.BYTES) {
      throw refusal.because(
          "damaged: program headers of %d bytes, not %d".formatted(entryBytes, ElfSegment.BYTES));
    }
    int tableBytes = count * ElfSegment.BYTES;
    if (count == 0 || tableBytes > MAX_HEADERS_BYTES) {
      throw refusal.because("damaged: %d program headers".formatted(count));
    }
    long offset = header.getInt(28) & 0xffff_ffffL;
    byte[] table = new byte[tableBytes];
    if (source.read(table, offset) != tableBytes) {
      throw refusal.because(
          "truncated: the program headers at 0x%x are not in the file".formatted(offset));
    }
    return new ElfFile(
        refusal.name, type, header.getInt(24) & 0xffff_ffffL, offset, segments(table));
  }

  private static List<ElfSegment> segments(byte[] table) {
    ByteBuffer raw = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
    List<ElfSegment> segments = new ArrayList<>();
    for (int at = 0; at < table.length; at += ElfSegment.BYTES) {
      segments.add(
          new ElfSegment(
              raw.getInt(at),
              raw.getInt(at + 4) & 0xffff_ffffL,
              raw.getInt(at + 8) & 0xffff_ffffL,
              raw.getInt(at + 16) & 0xffff_ffffL,
              raw.getInt(at + 20) & 0xffff_ffffL,
              raw.getInt(at + 24),
              raw.getInt(at + 28) & 0xffff_ffffL));
    }
    return List.copyOf(segments);
  }

  private static String otherMachine(byte[] header, int machine) {
    if (header[4] == 2) {
      return "ELF class 64";
    }
    return header[5] == 2 ? "big-endian ELF" : "ELF machine " + machine;
  }

  private static String otherType(int type) {
    return switch (type) {
      case 1 -> "an object file that is not linked";
      case 4 -> "a core dump";
      default -> "ELF type " + type;
    };
  }

  /**
   * The path in the first PT_INTERP, or empty if there is none.
   *
   * @throws ExecException ENOEXEC, or EIO where the file ends before it
   */
  String interpreter(Source source) {
    for (ElfSegment segment : segments) {
      if (segment.type() == ElfSegment.INTERP) {
        if (segment.fileBytes() > PATH_MAX || segment.fileBytes() < 2) {
          throw new ExecException(
              Errno.ENOEXEC,
              "%s: damaged: an interpreter path of %d bytes".formatted(name, segment.fileBytes()));
        }
        byte[] path = new byte[(int) segment.fileBytes()];
        if (source.read(path, segment.offset()) != path.length) {
          throw new ExecException(
              Errno.EIO, name + ": truncated: the interpreter's path is not in the file");
        }
        if (path[path.length - 1] != 0) {
          throw new ExecException(
              Errno.ENOEXEC, name + ": damaged: the interpreter's path does not end");
        }
        int end = 0;
        while (path[end] != 0) {
          end++;
        }
        return new String(path, 0, end, StandardCharsets.ISO_8859_1);
      }
    }
    return "";
  }

  /** The last PT_GNU_STACK, or null: {@code EXSTACK_DEFAULT}. */
  @Nullable ElfSegment gnuStack() {
    ElfSegment found = null;
    for (ElfSegment segment : segments) {
      if (segment.type() == ElfSegment.GNU_STACK) {
        found = segment;
      }
    }
    return found;
  }

  /**
   * {@code total_mapping_size}: bytes from the first page of the lowest PT_LOAD to the end of the
   * highest; 0 if there is none.
   */
  long totalBytes() {
    long low = Long.MAX_VALUE;
    long high = 0;
    for (ElfSegment segment : segments) {
      if (segment.isLoad()) {
        low = Math.min(low, segment.address() & -(long) Ram.PAGE_SIZE);
        high = Math.max(high, segment.address() + segment.memoryBytes());
      }
    }
    return low == Long.MAX_VALUE ? 0 : high - low;
  }

  /** {@code maximum_alignment}: the largest proper alignment of any PT_LOAD, at least a page. */
  long maximumAlignment() {
    long alignment = 0;
    for (ElfSegment segment : segments) {
      // Anything but a power of two is skipped, as the ELF specification asks.
      if (segment.isLoad() && Long.bitCount(segment.alignment()) == 1) {
        alignment = Math.max(alignment, segment.alignment());
      }
    }
    return (alignment + Ram.PAGE_SIZE - 1) & -(long) Ram.PAGE_SIZE;
  }
}

package org.memarium.app.shell;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Disassembler;
import org.memarium.kernel.LinearMemory;

/** Bytes: looking at them as gdb does, and changing them. */
final class MemoryCommands {
  private static final int MAX_COUNT = 64 << 10;
  private static final int MAX_STRING = 4096;
  private static final int MAX_INSTRUCTION = 15;

  private final Session session;
  private final LinearMemory memory;

  MemoryCommands(Session session) {
    this.session = session;
    this.memory = session.machine().linearMemory();
  }

  void addTo(Registry registry) {
    registry.add(
        "x",
        "ADDRESS",
        Topic.MEMORY,
        "looks at memory: x/COUNT FORMAT SIZE, such as x/16xw, x/8xb, x/s, x/4i",
        this::examine);
    registry.add(
        "poke",
        "ADDRESS VALUE [b|h|w|g]",
        Topic.MEMORY,
        "writes a number of 1, 2, 4 or 8 bytes; without a size, 4",
        this::poke);
    registry.add(
        "write", "ADDRESS TEXT", Topic.MEMORY, "writes text, and a 0 behind it", this::write);
  }

  /** What stands behind the slash: {@code 16xw}. */
  private record Format(int count, char form, int bytes) {
    static Format of(String text) {
      int at = 0;
      while (at < text.length() && Character.isDigit(text.charAt(at))) {
        at++;
      }
      int count = at == 0 ? 1 : at > 6 ? MAX_COUNT + 1 : Integer.parseInt(text.substring(0, at));
      char form = 'x';
      int bytes = 0;
      for (char c : text.substring(at).toCharArray()) {
        if ("xduotcsia".indexOf(c) >= 0) {
          form = c;
        } else if ("bhwg".indexOf(c) >= 0) {
          bytes = 1 << "bhwg".indexOf(c);
        } else {
          throw new ShellError(
              "there is no format '%c'; there are x d u o t c s i a, and sizes b h w g"
                  .formatted(c));
        }
      }
      if (count < 1 || count > MAX_COUNT) {
        throw new ShellError("COUNT is from 1 to %,d".formatted(MAX_COUNT));
      }
      return new Format(count, form, bytes != 0 ? bytes : form == 'c' ? 1 : 4);
    }
  }

  private @Nullable Long examine(Arguments arguments) {
    Format format = Format.of(arguments.suffix());
    long address = arguments.address(0);
    switch (format.form) {
      case 's' -> strings(address, format.count);
      case 'i' -> instructions(address, format.count);
      default -> numbers(address, format);
    }
    return null;
  }

  private void numbers(long start, Format format) {
    int perLine = Math.max(1, format.form == 't' ? 4 / format.bytes : 16 / format.bytes);
    if (format.form == 'c') {
      perLine = 16;
    }
    long mask = session.addressMask();
    for (int done = 0; done < format.count; done += perLine) {
      int inLine = Math.min(perLine, format.count - done);
      long address = (start + (long) done * format.bytes) & mask;
      byte[] bytes = memory.peek(address, inLine * format.bytes);
      StringBuilder line = new StringBuilder(session.address(address)).append(": ");
      for (int i = 0; i < inLine; i++) {
        line.append(' ').append(number(value(bytes, i * format.bytes, format.bytes), format));
      }
      session.out().line(line.toString());
    }
  }

  private static long value(byte[] bytes, int from, int count) {
    byte[] wide = Arrays.copyOf(Arrays.copyOfRange(bytes, from, from + count), Long.BYTES);
    return ByteBuffer.wrap(wide).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  /** One number, as wide as the widest of its kind. */
  private static String number(long value, Format format) {
    int bits = 8 * format.bytes;
    long signed = value << (64 - bits) >> (64 - bits);
    int decimals = Long.toUnsignedString(-1L >>> (64 - bits)).length();
    return switch (format.form) {
      case 'd' -> ("%" + (decimals + 1) + "d").formatted(signed);
      case 'u' -> ("%" + decimals + "s").formatted(Long.toUnsignedString(value));
      case 'o' -> padded(Long.toOctalString(value), (bits + 2) / 3);
      case 't' -> padded(Long.toBinaryString(value), bits);
      case 'c' -> "%4s".formatted(character((int) value & 0xff));
      default -> "0x" + padded(Long.toHexString(value), 2 * format.bytes);
    };
  }

  private static String padded(String digits, int width) {
    return "0".repeat(Math.max(0, width - digits.length())) + digits;
  }

  private static String character(int c) {
    return c >= ' ' && c < 0x7f ? "'%c'".formatted(c) : "\\%03o".formatted(c);
  }

  private void strings(long start, int count) {
    long address = start;
    for (int i = 0; i < count; i++) {
      StringBuilder text = new StringBuilder();
      boolean ended = false;
      long at = address;
      while (!ended && text.length() < MAX_STRING) {
        int c = memory.peek(at++, 1)[0] & 0xff;
        ended = c == 0;
        if (!ended) {
          text.append(
              c >= ' ' && c < 0x7f && c != '"' && c != '\\'
                  ? String.valueOf((char) c)
                  : escaped(c));
        }
      }
      session.out().format("%s:  \"%s\"%s", session.address(address), text, ended ? "" : "...");
      address = at;
    }
  }

  private static String escaped(int c) {
    return switch (c) {
      case '\n' -> "\\n";
      case '\t' -> "\\t";
      case '"', '\\' -> "\\" + (char) c;
      default -> "\\%03o".formatted(c);
    };
  }

  private void instructions(long start, int count) {
    Disassembler disassembler = new Disassembler(true);
    long address = start;
    for (int i = 0; i < count; i++) {
      Disassembler.Line line = null;
      // The last instruction of a page may be shorter than the longest there is.
      for (int bytes = 1; line == null && bytes <= MAX_INSTRUCTION; bytes++) {
        line = disassembler.disassemble(memory.peek(address, bytes), 0, (int) address);
      }
      if (line == null) {
        throw new ShellError("no instruction at " + session.address(address));
      }
      StringBuilder raw = new StringBuilder();
      for (byte b : memory.peek(address, line.bytes())) {
        raw.append("%02x ".formatted(b));
      }
      session.out().format("%s:  %-24s %s", session.address(address), raw, line.text());
      address += line.bytes();
    }
  }

  private @Nullable Long poke(Arguments arguments) {
    int bytes = 4;
    if (arguments.has(2)) {
      int size = arguments.word(2).length() == 1 ? "bhwg".indexOf(arguments.word(2)) : -1;
      if (size < 0) {
        throw new ShellError("sizes are b, h, w and g, not " + arguments.word(2));
      }
      bytes = 1 << size;
    }
    long value = arguments.value(1, bytes);
    byte[] all =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    memory.write(arguments.address(0), Arrays.copyOf(all, bytes));
    return null;
  }

  private @Nullable Long write(Arguments arguments) {
    byte[] text = arguments.word(1).getBytes(StandardCharsets.UTF_8);
    memory.write(arguments.address(0), Arrays.copyOf(text, text.length + 1));
    return null;
  }
}

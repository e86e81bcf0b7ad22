package org.memarium.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.memarium.cpu.Cpu;
import org.memarium.kernel.syscall.SystemCallNames;

/**
 * A program that makes the system calls that a test wants: {@code again: int $0x80; jmp again}, of
 * whose registers the test is the author.
 *
 * <pre>
 *   0x08048000  headers and code, written by nobody
 *   0x08049000  {@link #DATA}: 64 KiB to read and write
 * </pre>
 */
final class SystemCallDriver {
  /** Memory that the program may read and write. */
  static final int DATA = 0x0804_9000;

  static final int DATA_BYTES = 0x1_0000;

  /** A signal handler that does nothing: {@code ret}. */
  static final int HANDLER = 0x0804_8084;

  /** Where the program stands when it has made a call. */
  static final int AFTER_CALL = 0x0804_8082;

  private static final int ENTRY = 0x0804_8080;
  private static final byte[] CODE = {
    (byte) 0xcd, (byte) 0x80, (byte) 0xeb, (byte) 0xfc, (byte) 0xc3
  };

  private static final int[] ARGUMENTS = {Cpu.EBX, Cpu.ECX, Cpu.EDX, Cpu.ESI, Cpu.EDI, Cpu.EBP};

  private final Machine machine;

  /** Gives the machine the program, which then stands before its first call. */
  SystemCallDriver(Machine machine, Path program) {
    this.machine = machine;
    machine.exec(program.toString(), List.of("driver"), List.of());
    // A handler's way back is the kernel's own call, and not the test's.
    machine.stopBeforeCalls(number -> machine.cpu().eip() == AFTER_CALL);
    advance();
  }

  /** Writes the program into a folder. */
  static Path write(Path folder) {
    ByteBuffer elf = ByteBuffer.allocate(0x1000).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(0, new byte[] {0x7f, 'E', 'L', 'F', 1, 1, 1});
    elf.putShort(16, (short) 2).putShort(18, (short) 3).putInt(20, 1);
    elf.putInt(24, ENTRY).putInt(28, 52);
    elf.putShort(40, (short) 52).putShort(42, (short) 32).putShort(44, (short) 2);
    int[][] headers = {
      {1, 0, 0x0804_8000, 0x0804_8000, 0x1000, 0x1000, 5, 0x1000},
      {1, 0, DATA, DATA, 0, DATA_BYTES, 6, 0x1000}
    };
    for (int i = 0; i < headers.length; i++) {
      for (int word = 0; word < headers[i].length; word++) {
        elf.putInt(52 + 32 * i + 4 * word, headers[i][word]);
      }
    }
    elf.put(ENTRY - 0x0804_8000, CODE);
    Path file = folder.resolve("driver");
    try {
      Files.write(file, elf.array());
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }

  /** Runs to the next call; false if the program has ended. */
  private boolean advance() {
    return !machine.run(Long.MAX_VALUE);
  }

  Machine machine() {
    return machine;
  }

  /**
   * Makes a call.
   *
   * @param arguments at most six; those that are not given are 0
   * @return what EAX holds afterwards
   * @throws IllegalStateException if the call ended the program
   */
  int call(String name, int... arguments) {
    return call(SystemCallNames.number(name), arguments);
  }

  /** Makes a call by its number. */
  int call(int number, int... arguments) {
    if (!make(number, arguments)) {
      throw new IllegalStateException(
          "call %d (%s) ended the program: status %d, %s"
              .formatted(
                  number, SystemCallNames.name(number), machine.exitStatus(), machine.deathLine()));
    }
    return machine.cpu().register(Cpu.EAX);
  }

  /** Makes a call that may end the program; false if it did. */
  boolean make(int number, int... arguments) {
    Cpu cpu = machine.cpu();
    cpu.setRegister(Cpu.EAX, number);
    for (int i = 0; i < ARGUMENTS.length; i++) {
      cpu.setRegister(ARGUMENTS[i], i < arguments.length ? arguments[i] : 0);
    }
    return advance();
  }

  /** Puts a string with its NUL into the program's memory, and answers where. */
  int string(int address, String text) {
    byte[] bytes = (text + "\0").getBytes(StandardCharsets.ISO_8859_1);
    machine.linearMemory().write(Integer.toUnsignedLong(address), bytes);
    return address;
  }

  /** Puts words into the program's memory, and answers where. */
  int words(int address, int... words) {
    for (int i = 0; i < words.length; i++) {
      machine.linearMemory().writeInt(Integer.toUnsignedLong(address) + 4L * i, words[i]);
    }
    return address;
  }

  /** A word of the program's memory. */
  int word(int address) {
    return machine.linearMemory().readInt(Integer.toUnsignedLong(address));
  }
}

package org.memarium.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.memarium.cpu.Cpu;
import org.memarium.kernel.syscall.SystemCallNames;

/**
 * The program of {@link JavaProgram}, before whose every call the machine stops: the test fills the
 * registers, and looks at whatever comes of it, the program's end too.
 */
final class SystemCallDriver {
  /** Memory that the program may read and write. */
  static final int DATA = JavaProgram.DATA;

  static final int DATA_BYTES = JavaProgram.DATA_BYTES;

  /** A signal handler that does nothing. */
  static final int HANDLER = JavaProgram.HANDLER;

  /** Where the program stands when it has made a call. */
  static final int AFTER_CALL = JavaProgram.AFTER_CALL;

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
    Path file = folder.resolve("driver");
    try {
      Files.write(file, JavaProgram.elf());
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

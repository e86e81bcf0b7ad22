package org.memarium.kernel;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.error.ExecException;
import org.memarium.mm.Errno;

/** What is no program that can run here is refused with Linux's error and one line. */
final class ElfRefusalTest {
  private static final int CODE_OFFSET = 0x80;

  /** mov $1,%eax; mov $42,%ebx; int $0x80: exit(42). */
  private static final byte[] EXIT_42 = {
    (byte) 0xb8, 1, 0, 0, 0, (byte) 0xbb, 42, 0, 0, 0, (byte) 0xcd, (byte) 0x80
  };

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  /** The least program: one segment with headers and code, one with data and bss. */
  private static byte[] program() {
    byte[] bytes = new byte[0x1100];
    ByteBuffer elf = view(bytes);
    elf.put(0, new byte[] {0x7f, 'E', 'L', 'F', 1, 1, 1});
    elf.putShort(16, (short) 2).putShort(18, (short) 3).putInt(20, 1);
    elf.putInt(24, 0x0804_8000 + CODE_OFFSET).putInt(28, 52);
    elf.putShort(40, (short) 52).putShort(42, (short) 32).putShort(44, (short) 2);
    header(elf, 0, 0, 0x0804_8000, 0x100, 0x100, 5);
    header(elf, 1, 0x1000, 0x0804_9000, 0x100, 0x3000, 6);
    elf.put(CODE_OFFSET, EXIT_42);
    return bytes;
  }

  private static ByteBuffer view(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void header(
      ByteBuffer elf, int index, int offset, int address, int fileBytes, int bytes, int flags) {
    int at = 52 + 32 * index;
    elf.putInt(at, 1).putInt(at + 4, offset).putInt(at + 8, address).putInt(at + 12, address);
    elf.putInt(at + 16, fileBytes).putInt(at + 20, bytes).putInt(at + 24, flags);
    elf.putInt(at + 28, 4096);
  }

  private Path write(String name, byte[] bytes) throws IOException {
    Path file = folder.resolve(name);
    Files.write(file, bytes);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  private ExecException refusal(String path) {
    Machine machine = machines.boot(config -> {});
    ExecException refused =
        assertThrows(ExecException.class, () -> machine.exec(path, List.of(path), List.of()));
    String line = String.valueOf(refused.getMessage());
    assertTrue(line.startsWith(path) && line.lines().count() == 1, line);
    return refused;
  }

  private void refuses(int errno, String words, Consumer<ByteBuffer> damage) throws IOException {
    byte[] elf = program();
    damage.accept(view(elf));
    Path file = write("program", elf);
    ExecException refused = refusal(file.toString());
    assertEquals(
        Errno.name(errno) + " 126", Errno.name(refused.errno()) + " " + refused.exitStatus());
    assertTrue(String.valueOf(refused.getMessage()).contains(words), refused.getMessage());
  }

  @Test
  void theLeastProgramRuns() throws IOException {
    Path file = write("program", program());
    assertEquals(42, machines.run(config -> {}, file.toString()).status());
  }

  @Test
  void headersThatAreNotOursAreRefused() throws IOException {
    refuses(
        Errno.ENOEXEC,
        "not a 32-bit x86 program: ELF class 64",
        elf -> elf.put(4, (byte) 2).putShort(18, (short) 62));
    refuses(Errno.ENOEXEC, "ELF machine 40", elf -> elf.putShort(18, (short) 40));
    refuses(Errno.ENOEXEC, "big-endian", elf -> elf.put(5, (byte) 2).putShort(18, (short) 0x300));
    refuses(Errno.ENOEXEC, "an object file that is not linked", elf -> elf.putShort(16, (short) 1));
    refuses(Errno.ENOEXEC, "a core dump", elf -> elf.putShort(16, (short) 4));
    refuses(Errno.ENOEXEC, "neither an ELF header nor #!", elf -> elf.put(1, (byte) 'e'));
    refuses(Errno.ENOEXEC, "program headers of 56 bytes", elf -> elf.putShort(42, (short) 56));
    refuses(Errno.ENOEXEC, "0 program headers", elf -> elf.putShort(44, (short) 0));
    refuses(Errno.ENOEXEC, "65535 program headers", elf -> elf.putShort(44, (short) -1));
    refuses(Errno.ENOEXEC, "not in the file", elf -> elf.putInt(28, 0x7fff_ffff));
  }

  @Test
  void segmentsThatCannotBeAreRefused() throws IOException {
    refuses(Errno.EINVAL, "0x8048000", elf -> header(elf, 0, 0, 0x0804_8000, 0x100, 0x80, 5));
    refuses(
        Errno.EINVAL,
        "segment at 0x8048010",
        elf -> header(elf, 0, 0, 0x0804_8010, 0x100, 0x100, 5));
    refuses(
        Errno.ENOMEM,
        "segment at 0xf0000000",
        elf -> header(elf, 0, 0, 0xf000_0000, 0x100, 0x100, 5));
    refuses(
        Errno.ENOMEM,
        "segment at 0x8049000",
        elf -> header(elf, 1, 0x1000, 0x0804_9000, 0x100, 0xf800_0000, 6));
    refuses(Errno.EINVAL, "entry point 0xfffffff0", elf -> elf.putInt(24, 0xffff_fff0));
  }

  @Test
  void interpretersThatAreNotThereAreRefused() throws IOException {
    Consumer<ByteBuffer> interpreter =
        elf -> {
          elf.putInt(52 + 32, 3).putInt(52 + 32 + 4, 0x1000).putInt(52 + 32 + 16, 8);
          elf.put(0x1000, new byte[] {'/', 'n', 'o', 'n', 'e', '/', 'x', 0});
        };
    byte[] elf = program();
    interpreter.accept(view(elf));
    ExecException refused = refusal(write("program", elf).toString());
    assertEquals(Errno.ENOENT, refused.errno());
    assertTrue(String.valueOf(refused.getMessage()).contains("its loader /none/x"));
    refuses(
        Errno.ENOEXEC, "path does not end", interpreter.andThen(e -> e.put(0x1007, (byte) 'y')));
    refuses(
        Errno.ENOEXEC,
        "interpreter path of 1 bytes",
        interpreter.andThen(e -> e.putInt(52 + 32 + 16, 1)));
    refuses(Errno.EIO, "truncated", interpreter.andThen(e -> e.putInt(52 + 32 + 4, 0x5000)));
  }

  @Test
  void filesThatAreNoProgramsAreRefused() throws IOException {
    assertEquals(Errno.ENOENT, refusal(folder.resolve("absent").toString()).errno());
    assertEquals(127, refusal(folder.resolve("absent").toString()).exitStatus());
    assertEquals(Errno.EACCES, refusal(folder.toString()).errno());
    Path plain = write("plain", program());
    Files.setPosixFilePermissions(plain, PosixFilePermissions.fromString("rw-r--r--"));
    assertEquals(Errno.EACCES, refusal(plain.toString()).errno());
    assertEquals(Errno.ENOEXEC, refusal(write("empty", new byte[0]).toString()).errno());
    byte[] half = Arrays.copyOf(program(), 40);
    assertEquals(Errno.ENOEXEC, refusal(write("half", half).toString()).errno());
    ExecException script =
        refusal(write("script", "#! /none/sh -e\n".getBytes(US_ASCII)).toString());
    assertEquals(Errno.ENOENT, script.errno());
    assertTrue(String.valueOf(script.getMessage()).contains("its interpreter /none/sh"));
    assertEquals(
        Errno.ENOEXEC, refusal(write("none", "#!  \n".getBytes(US_ASCII)).toString()).errno());
    assertEquals(Errno.ELOOP, refusal(loop()).errno());
  }

  private String loop() throws IOException {
    Path loop = folder.resolve("loop");
    return write("loop", ("#!" + loop + "\n").getBytes(US_ASCII)).toString();
  }

  @Test
  void aScriptRunsItsInterpreter() throws IOException {
    Path program = write("program", program());
    Path script = write("script", ("#!" + program + " -x\n").getBytes(US_ASCII));
    assertEquals(42, machines.run(config -> {}, script.toString()).status());
  }

  @Test
  void argumentsBeyondAQuarterOfTheStackAreTooLong() throws IOException {
    Path file = write("program", program());
    Machine machine = machines.boot(config -> {});
    List<String> one = List.of("x".repeat(131_072));
    List<String> many = Collections.nCopies(70_000, "0123456789012345678901234567890");
    for (List<String> arguments : List.of(one, many)) {
      ExecException refused =
          assertThrows(
              ExecException.class, () -> machine.exec(file.toString(), arguments, List.of()));
      assertEquals(Errno.E2BIG, refused.errno());
    }
  }

  /** Whatever a file holds, it runs or is refused; and a machine survives both. */
  @Test
  void damagedProgramsAreRunOrRefused() throws IOException {
    long seed = 20_260_101;
    SplittableRandom random = new SplittableRandom(seed);
    Machine machine = machines.boot(config -> {});
    for (int round = 0; round < 400; round++) {
      byte[] bytes = program();
      ByteBuffer elf = view(bytes);
      int changes = 1 + random.nextInt(4);
      for (int i = 0; i < changes; i++) {
        int at = random.nextInt(52 + 2 * 32);
        switch (random.nextInt(3)) {
          case 0 -> elf.put(at, (byte) random.nextInt());
          case 1 -> elf.putInt(at & ~3, random.nextInt());
          default -> elf.putInt(at & ~3, -random.nextInt(8192));
        }
      }
      Path file = write("fuzz", Arrays.copyOf(bytes, random.nextInt(0x1100)));
      try {
        machine.exec(file.toString(), List.of("fuzz"), List.of());
      } catch (ExecException refused) {
        assertTrue(String.valueOf(refused.getMessage()).startsWith(file.toString()));
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", round " + round, e);
      }
    }
  }
}

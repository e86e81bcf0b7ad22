package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.PageTableFormat;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.syscall.SystemCallNames;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;

/**
 * Pointers into the kernel half, in every argument of every system call, and in all words of what
 * its arguments point to: none is read through, and none is written through.
 */
final class KernelPointerTest {
  /** These end the program, wait for ever, or make another that waits: not for this test. */
  private static final Set<String> NOT_HERE =
      Set.of(
          "exit",
          "exit_group",
          "pause",
          "sigsuspend",
          "rt_sigsuspend",
          "sigreturn",
          "rt_sigreturn",
          "fork",
          "vfork",
          "clone",
          "clone3",
          "execve",
          "execveat",
          "kill",
          "tkill",
          "tgkill");

  /** What stands in the kernel's memory: a path, for whoever would read one there. */
  private static final String CANARY = "/there-through-a-kernel-pointer";

  private static final int CANARY_BYTES = 256;
  private static final int VECTOR = SystemCallDriver.DATA + 0x1000;
  private static final int STRUCTURE = SystemCallDriver.DATA + 0x2000;
  private static final int TIME = SystemCallDriver.DATA + 0x3000;
  private static final int BUFFER = SystemCallDriver.DATA + 0x4000;
  private static final int BYTES = 64;
  private static final int O_CREAT_RDWR = 0102;
  private static final int UNMAPPED = 0x2000_0000;

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private Machine boot(PageTableFormat format) throws IOException {
    SystemCallDriver.write(folder);
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    return machines.boot(config ->
        config
            .pageTableFormat(format)
            .root(folder)
            .user(1000, 1000)
            .workingDirectory("/")
            .standardOutput(Channels.newChannel(out))
            .standardError(Channels.newChannel(out)));
  }

  /** Where the canaries sit: in a slab, in the area for vmalloc, in a page of low memory. */
  private static List<Long> plant(Machine machine) {
    List<Long> canaries = new ArrayList<>();
    for (long address :
        new long[] {
          machine.kmalloc().kmalloc(CANARY_BYTES, Gfp.GFP_KERNEL),
          machine.vmalloc().vmalloc(CANARY_BYTES),
          machine.pages().getZeroedPage(Gfp.GFP_KERNEL)
        }) {
      assertNotEquals(0, address);
      machine.linearMemory().write(address, canary());
      canaries.add(address);
    }
    return canaries;
  }

  private static byte[] canary() {
    return Arrays.copyOf(CANARY.getBytes(StandardCharsets.US_ASCII), CANARY_BYTES);
  }

  private static int defaultValue(char kind, int fixed, SystemCallDriver driver) {
    return switch (kind) {
      case '=' -> fixed;
      case 'f' -> 3;
      case 'F' -> -100;
      case 'p' -> driver.string(SystemCallDriver.DATA, "/empty");
      case 'b' -> BUFFER;
      case 'n' -> BYTES;
      case 'v' -> driver.words(VECTOR, BUFFER, BYTES, BUFFER, BYTES);
      case 'c', 'i' -> 1;
      case 's', 'e' -> STRUCTURE;
      case 't' -> TIME;
      case 'a' -> UNMAPPED;
      case 'l' -> 4096;
      case 'k' -> 0x5401;
      case 'm' -> 0644;
      default -> 0;
    };
  }

  private static int[] defaults(FuzzArguments.Shape shape, SystemCallDriver driver) {
    int[] arguments = new int[6];
    for (int i = 0; i < shape.kinds().length(); i++) {
      arguments[i] = defaultValue(shape.kinds().charAt(i), shape.fixed().get(i), driver);
    }
    return arguments;
  }

  /** A new program, with descriptor 3 on a file that has something in it. */
  private static SystemCallDriver driver(Machine machine) {
    if (machine.running() != null) {
      machine.interrupt(Signal.SIGKILL);
      assertTrue(machine.run(Long.MAX_VALUE));
    }
    SystemCallDriver driver = new SystemCallDriver(machine, Path.of("/driver"));
    driver.string(SystemCallDriver.DATA, "/empty");
    assertEquals(3, driver.call("open", SystemCallDriver.DATA, O_CREAT_RDWR, 0666));
    assertEquals(BYTES, driver.call("pwrite64", 3, BUFFER, BYTES, 0, 0));
    return driver;
  }

  private void check(Machine machine, List<Long> canaries, String call) {
    for (long canary : canaries) {
      byte[] now = machine.linearMemory().peek(canary, CANARY_BYTES);
      assertArrayEquals(canary(), now, call + " wrote to the kernel's memory");
    }
    assertFalse(out.toString(StandardCharsets.ISO_8859_1).contains(CANARY), call + " read it");
    out.reset();
    if (machine.running() != null) {
      byte[] data = machine.linearMemory().peek(BUFFER, BYTES * 4);
      String text = new String(data, StandardCharsets.ISO_8859_1);
      assertFalse(text.contains(CANARY), call + " brought it to the program");
    }
    boolean used = machine.files().list("/").contains(CANARY.substring(1));
    assertFalse(used, call + " used the path");
  }

  private static List<FuzzArguments.Shape> shapes() {
    return FuzzArguments.shapes().stream()
        .filter(shape -> !NOT_HERE.contains(SystemCallNames.name(shape.number())))
        .toList();
  }

  private void everyArgumentOfEveryCall(PageTableFormat format) throws IOException {
    Machine machine = boot(format);
    List<Long> canaries = plant(machine);
    List<String> notRefused = new ArrayList<>();
    try (Waker _ = new Waker(machine)) {
      for (FuzzArguments.Shape shape : shapes()) {
        SystemCallDriver driver = driver(machine);
        for (int position = 0; position < 6; position++) {
          for (long canary : canaries) {
            int[] arguments = defaults(shape, driver);
            arguments[position] = (int) canary;
            String call =
                "%s, argument %d: 0x%x"
                    .formatted(SystemCallNames.name(shape.number()), position + 1, canary);
            boolean alive = driver.make(shape.number(), arguments);
            check(machine, canaries, call);
            int result = machine.cpu().register(Cpu.EAX);
            if (!alive) {
              driver = driver(machine);
            } else if (isRead(shape, position) && !Errno.isError(result) && result != 0) {
              notRefused.add(call + " = " + result);
            }
          }
        }
      }
    }
    assertEquals(List.of(), notRefused);
  }

  /** Whether the call has to look there, if it moves a byte: a path, a buffer, a vector. */
  private static boolean isRead(FuzzArguments.Shape shape, int position) {
    return position < shape.kinds().length() && "pbv".indexOf(shape.kinds().charAt(position)) >= 0;
  }

  @Test
  void noCallFollowsAnArgumentIntoTheKernel() throws IOException {
    everyArgumentOfEveryCall(PageTableFormat.TWO_LEVEL);
  }

  @Test
  void noCallFollowsAnArgumentIntoTheKernelWithPae() throws IOException {
    everyArgumentOfEveryCall(PageTableFormat.PAE);
  }

  @Test
  void noCallFollowsAPointerInAStructureIntoTheKernel() throws IOException {
    Machine machine = boot(PageTableFormat.TWO_LEVEL);
    List<Long> canaries = plant(machine);
    try (Waker _ = new Waker(machine)) {
      for (FuzzArguments.Shape shape : shapes()) {
        for (long canary : canaries) {
          SystemCallDriver driver = driver(machine);
          int[] arguments = defaults(shape, driver);
          int[] words = new int[0x800];
          Arrays.fill(words, (int) canary);
          // With a small number before each pointer too: a length, a family, a descriptor.
          for (int i = words.length / 2; i < words.length; i += 2) {
            words[i] = 1;
          }
          driver.words(VECTOR, words);
          assertTrue(driver.make(shape.number(), arguments) || machine.running() == null);
          check(machine, canaries, SystemCallNames.name(shape.number()) + " through a structure");
        }
      }
    }
  }
}

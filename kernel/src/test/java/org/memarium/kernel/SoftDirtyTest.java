package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.memarium.mm.space.Layout;

/** clear_refs, and what was used and written to since: soft-dirty pages and accessed bits. */
class SoftDirtyTest {
  private static final int PAGE = 4096;
  private static final int PRIVATE = 0x22;
  private static final int SHARED = 0x21;
  private static final int READ_WRITE = 3;
  private static final int READ_ONLY = 1;
  private static final int WRITE_ONLY = 1;
  private static final int SCRATCH = JavaProgram.DATA;
  private static final int PAGES = 8;

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  private JavaProgram start(Layout layout) {
    return JavaProgram.start(machines.boot(config -> config.layout(layout).checks(true)));
  }

  private static int map(JavaProgram program, int pages, int type) {
    return program.call("mmap2", 0, pages * PAGE, READ_WRITE, type, -1, 0);
  }

  private static void clear(JavaProgram program, int what) {
    program.string(SCRATCH, "/proc/self/clear_refs");
    int fd = program.call("open", SCRATCH, WRITE_ONLY, 0);
    program.string(SCRATCH, Integer.toString(what));
    assertEquals(1, program.call("write", fd, SCRATCH, 1));
    assertEquals(0, program.call("close", fd));
  }

  /** Which of the pages are soft-dirty, as pagemap tells: an {@code x} for each that is. */
  private static String dirty(JavaProgram program, int address, int pages) {
    program.string(SCRATCH, "/proc/self/pagemap");
    int fd = program.call("open", SCRATCH, 0, 0);
    int index = (int) (Integer.toUnsignedLong(address) / PAGE);
    assertEquals(pages * 8, program.call("pread64", fd, SCRATCH, pages * 8, index * 8, 0));
    program.call("close", fd);
    ByteBuffer words =
        ByteBuffer.wrap(program.read(Integer.toUnsignedLong(SCRATCH), pages * 8))
            .order(ByteOrder.LITTLE_ENDIAN);
    StringBuilder out = new StringBuilder();
    for (int page = 0; page < pages; page++) {
      out.append((words.getLong(page * 8) >>> 55 & 1) != 0 ? 'x' : '.');
    }
    return out.toString();
  }

  private static long at(int address, int page) {
    return Integer.toUnsignedLong(address) + (long) page * PAGE;
  }

  @Test
  void writesAreSeenAndReadsAreNot() {
    JavaProgram program = start(Layout.COMPAT);
    for (int type : new int[] {PRIVATE, SHARED}) {
      int area = map(program, PAGES, type);
      assertEquals("xxxxxxxx", dirty(program, area, PAGES), "whatever was mapped since counts");
      program.writeByte(at(area, 0), 1);
      program.writeByte(at(area, 1), 1);
      program.readByte(at(area, 2));
      clear(program, 4);
      assertEquals("........", dirty(program, area, PAGES));
      program.readByte(at(area, 0));
      program.writeByte(at(area, 1), 2);
      program.writeByte(at(area, 2), 2);
      program.writeByte(at(area, 3), 2);
      program.readByte(at(area, 4));
      assertEquals(".xxx....", dirty(program, area, PAGES));
      clear(program, 4);
      // The kernel's writes count, too: this reads eight zero bytes into the page.
      program.string(SCRATCH, "/dev/zero");
      int fd = program.call("open", SCRATCH, 0, 0);
      assertEquals(8, program.call("read", fd, area + 5 * PAGE, 8));
      assertEquals(".....x..", dirty(program, area, PAGES));
    }
  }

  @Test
  void protectionDoesNotHideWrites() {
    JavaProgram program = start(Layout.COMPAT);
    int area = map(program, PAGES, PRIVATE);
    program.writeByte(at(area, 0), 1);
    clear(program, 4);
    assertEquals(0, program.call("mprotect", area, PAGES * PAGE, READ_ONLY));
    assertEquals(0, program.call("mprotect", area, PAGES * PAGE, READ_WRITE));
    assertEquals("........", dirty(program, area, PAGES));
    program.writeByte(at(area, 0), 2);
    assertEquals("x.......", dirty(program, area, PAGES));
  }

  @Test
  void movedPagesAreDirtyAndForkedOnesAreAsTheyWere() {
    JavaProgram program = start(Layout.COMPAT);
    int area = map(program, PAGES, PRIVATE);
    program.writeByte(at(area, 0), 1);
    program.writeByte(at(area, 1), 1);
    clear(program, 4);
    program.writeByte(at(area, 1), 2);
    JavaProgram child = program.fork();
    assertEquals(".x......", dirty(child, area, PAGES));
    child.writeByte(at(area, 0), 3);
    assertEquals("xx......", dirty(child, area, PAGES));
    assertEquals(".x......", dirty(program, area, PAGES));
    child.exit(0);
    int place = map(program, PAGES, PRIVATE);
    assertEquals(place, program.call("mremap", area, PAGES * PAGE, PAGES * PAGE, 3, place));
    assertEquals("xx", dirty(program, place, 2));
  }

  @Test
  void areasMergeWhetherTheyAreDirtyOrNot() {
    JavaProgram program = start(Layout.COMPAT);
    int area = map(program, PAGES, PRIVATE);
    clear(program, 4);
    int below = area - PAGE;
    assertEquals(below, program.call("mmap2", below, PAGE, READ_WRITE, PRIVATE | 0x10, -1, 0));
    String maps = program.machine().proc("self/maps");
    String line = "%x-%x rwxp".formatted(at(below, 0), at(area, PAGES));
    assertTrue(maps.toLowerCase(Locale.ROOT).contains(line), maps);
    // The area that took the new one in counts as new.
    assertEquals("xxxxxxxxx", dirty(program, below, PAGES + 1));
    assertTrue(program.machine().proc("self/smaps").contains("VmFlags: rd wr ex mr mw me ac sd"));
  }

  @Test
  void thirtyTwoBitKernelsDoNotTrackWrites() {
    JavaProgram program = start(Layout.I386);
    int area = map(program, PAGES, PRIVATE);
    program.writeByte(at(area, 0), 1);
    assertEquals("........", dirty(program, area, PAGES));
    clear(program, 4);
    program.writeByte(at(area, 0), 1);
    assertEquals("........", dirty(program, area, PAGES));
    assertFalse(program.machine().proc("self/smaps").contains(" sd"));
  }

  @Test
  void accessedPagesAreForgottenAndSeenAgain() {
    JavaProgram program = start(Layout.COMPAT);
    int area = map(program, PAGES, PRIVATE);
    for (int page = 0; page < PAGES; page++) {
      program.writeByte(at(area, page), 1);
    }
    assertEquals(PAGES * 4, referenced(program, area));
    clear(program, 3);
    assertEquals(PAGES * 4, referenced(program, area), "it has no file");
    clear(program, 2);
    assertEquals(0, referenced(program, area));
    program.readByte(at(area, 3));
    program.writeByte(at(area, 5), 1);
    assertEquals(8, referenced(program, area));
    clear(program, 1);
    assertEquals(0, referenced(program, area));
  }

  /** KiB of an area that were used. */
  private static int referenced(JavaProgram program, int area) {
    String smaps = program.machine().proc("self/smaps");
    int line = smaps.indexOf("%08x-".formatted(at(area, 0)));
    int figure = smaps.indexOf("Referenced:", line) + "Referenced:".length();
    return Integer.parseInt(smaps.substring(figure, smaps.indexOf(" kB", figure)).trim());
  }

  @Test
  void theMostThatThereWasIsForgotten() {
    JavaProgram program = start(Layout.COMPAT);
    int area = map(program, PAGES, PRIVATE);
    for (int page = 0; page < PAGES; page++) {
      program.writeByte(at(area, page), 1);
    }
    program.call("munmap", area, PAGES * PAGE);
    long most = program.task().requireMm().rss().peak();
    clear(program, 5);
    assertTrue(program.task().requireMm().rss().peak() < most);
    assertEquals(program.task().requireMm().rss().total(), program.task().requireMm().rss().peak());
  }
}

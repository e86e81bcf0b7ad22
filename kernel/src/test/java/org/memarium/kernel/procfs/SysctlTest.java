package org.memarium.kernel.procfs;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.trace.VmStatItem;

/** Files below /proc/sys/vm: what is written is checked as Linux checks it, and has its effect. */
class SysctlTest {

  private static final String VM = "/proc/sys/vm/";
  private static final int EINVAL = -22;
  private static final int EACCES = -13;

  @TempDir private Path folder;
  private TestSystem system;

  @BeforeEach
  void boot() throws IOException {
    Files.write(folder.resolve("program"), new byte[0x3000]);
    system = new TestSystem(folder);
  }

  @AfterEach
  void halt() {
    system.close();
  }

  private long write(String name, String text) {
    return system.write(VM + name, text);
  }

  private String read(String name) {
    return system.read(VM + name);
  }

  @ParameterizedTest
  @CsvSource({
    "swappiness, 200, 200",
    "swappiness, 0x10, 16",
    "swappiness, 010, 8",
    "swappiness, '  7  ', 7",
    "swappiness, '7 and the rest', 7",
    "overcommit_ratio, -3, -3",
    "min_free_kbytes, 4096, 4096",
    "watermark_scale_factor, 3000, 3000",
    "mmap_min_addr, 4294967295, 4294967295",
    "percpu_pagelist_high_fraction, 8, 8",
    "dirty_background_bytes, 1, 1",
    "extfrag_threshold, 0, 0",
  })
  void numbersAreTaken(String name, String text, String value) {
    assertTrue(write(name, text) > 0);
    assertEquals(value + "\n", read(name));
  }

  @ParameterizedTest
  @CsvSource({
    "swappiness, 201",
    "swappiness, -1",
    "swappiness, banana",
    "swappiness, 7banana",
    "swappiness, 08",
    "swappiness, 0xg",
    "swappiness, ' '",
    "swappiness, -",
    "overcommit_memory, 3",
    "overcommit_ratio, 2147483648",
    "min_free_kbytes, -1",
    "watermark_scale_factor, 0",
    "watermark_scale_factor, 3001",
    "mmap_min_addr, 4294967296",
    "mmap_min_addr, -5",
    "percpu_pagelist_high_fraction, 7",
    "dirty_bytes, 8191",
    "drop_caches, 5",
    "drop_caches, 0",
    "extfrag_threshold, 1001",
    "max_map_count, 99999999999999999999999",
  })
  void whatIsNoneIsRefused(String name, String text) {
    boolean readable = !name.equals("drop_caches");
    String before = readable ? read(name) : "";
    assertEquals(EINVAL, write(name, text));
    assertEquals(before, readable ? read(name) : "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"drop_caches", "compact_memory"})
  void whatSetsSomethingOffCannotBeReadEvenByRoot(String name) {
    assertEquals(EACCES, system.calls.openat(-100, VM + name, Fcntl.O_RDONLY, 0));
    assertEquals(1, write(name, "1"));
  }

  @Test
  void whatIsWrittenBehindTheBeginningIsIgnored() {
    int fd = (int) system.calls.openat(-100, VM + "swappiness", Fcntl.O_WRONLY, 0);
    byte[] text = "10\n".getBytes(US_ASCII);
    assertEquals(3, system.calls.write(fd, text, 0, 3));
    assertEquals(3, system.calls.write(fd, "20\n".getBytes(US_ASCII), 0, 3));
    system.calls.close(fd);
    assertEquals("10\n", read("swappiness"));
  }

  @Test
  void oneLimitEndsTheOther() {
    write("overcommit_kbytes", "1000");
    assertEquals("0\n", read("overcommit_ratio"));
    assertTrue(system.read("/proc/meminfo").contains("CommitLimit:        1000 kB\n"));
    write("overcommit_ratio", "10");
    assertEquals("0\n", read("overcommit_kbytes"));
    write("dirty_bytes", "8192");
    assertEquals("0\n", read("dirty_ratio"));
    assertTrue(system.read("/proc/vmstat").contains("nr_dirty_threshold 2\n"));
    write("dirty_ratio", "20");
    assertEquals("0\n", read("dirty_bytes"));
  }

  @Test
  void theReserveOfLowMemoryIsOneNumberForEachZone() {
    assertEquals("256\t32\t0\t0\n", read("lowmem_reserve_ratio"));
    assertEquals(6, write("lowmem_reserve_ratio", "64 -1\n"));
    assertEquals("64\t0\t0\t0\n", read("lowmem_reserve_ratio"));
    // Linux's handler forgets that the numbers were none.
    assertEquals(4, write("lowmem_reserve_ratio", "none"));
    assertEquals("64\t0\t0\t0\n", read("lowmem_reserve_ratio"));
    String dma = system.read("/proc/zoneinfo");
    long normal = system.memory.allocator().zones().get(1).managedPages();
    assertTrue(dma.contains("protection: (0, %d, ".formatted(normal / 64)), dma);
  }

  @Test
  void watermarksFollowTheirSettings() {
    write("min_free_kbytes", "8192");
    int min = 0;
    for (var zone : system.memory.allocator().zones()) {
      min += zone.isPopulated() ? zone.watermarks().min() : 0;
    }
    assertEquals(2048, min, 2);
    String before = system.read("/proc/zoneinfo");
    write("watermark_scale_factor", "1000");
    assertNotEquals(before, system.read("/proc/zoneinfo"));
  }

  @Test
  void neverOvercommitKeepsTheReserves() {
    write("overcommit_memory", "2");
    assertEquals(MemoryManager.Overcommit.NEVER, system.memory.committedMemory().mode());
    long limit = system.memory.committedMemory().limitPages();
    int rw = MmapFlags.PROT_READ | MmapFlags.PROT_WRITE;
    int anonymous = MmapFlags.MAP_PRIVATE | MmapFlags.MAP_ANONYMOUS;
    // What is kept for root, who is not asking, is missing.
    assertEquals(-12, system.mm.mmap(0, (limit - 10) << 12, rw, anonymous, null, 0));
    write("admin_reserve_kbytes", "0");
    write("user_reserve_kbytes", "0");
    assertTrue(system.mm.mmap(0, (limit - 10) << 12, rw, anonymous, null, 0) > 0);
  }

  @Test
  void droppedCachesAreGone() {
    assertEquals(0x3000, system.read("/program").length());
    assertTrue(system.memory.vmStat().get(VmStatItem.NR_FILE_PAGES) > 0);
    write("drop_caches", "3\n");
    assertEquals(0, system.memory.vmStat().get(VmStatItem.NR_FILE_PAGES));
    assertTrue(system.read("/proc/vmstat").contains("\ndrop_pagecache 1\ndrop_slab 1\n"));
  }

  @Test
  void anyBytesAreANumberOrEinval() {
    long seed = 20261122;
    SplittableRandom random = new SplittableRandom(seed);
    String letters = "0123456789abcdefx- \t\n\0";
    for (int i = 0; i < 20_000; i++) {
      byte[] text = new byte[random.nextInt(12)];
      for (int k = 0; k < text.length; k++) {
        text[k] = (byte) letters.charAt(random.nextInt(letters.length()));
      }
      int[] ints = new int[2];
      long result = SysctlNumbers.parseInts(text, ints, Integer.MIN_VALUE, Integer.MAX_VALUE);
      assertTrue(result == EINVAL || (result > 0 && result <= text.length), "seed " + seed);
      long[] word = new long[1];
      result = SysctlNumbers.parseUnsigned(text, word, 0, 4);
      assertTrue(result == EINVAL || word[0] >>> 32 == 0, "seed " + seed);
    }
  }

  @Test
  void printedNumbersAreReadBack() {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 1000; i++) {
      int[] values = {random.nextInt(), random.nextInt(), random.nextInt()};
      byte[] text = SysctlNumbers.print(values[0], values[1], values[2]).getBytes(US_ASCII);
      int[] read = new int[3];
      assertEquals(
          text.length, SysctlNumbers.parseInts(text, read, Integer.MIN_VALUE, Integer.MAX_VALUE));
      assertArrayEquals(values, read);
    }
  }
}
